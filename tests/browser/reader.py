"""Opens pages in tabs of the browser, and hears their faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CHANGED = """
let pages = null, data = null;
Object.defineProperty(window, "Spatial", { get: () => pages, set: (value) => {
  pages = value;
  Object.defineProperty(pages, "data", { get: () => data, set: (told) => { (CHANGE)(told); data = told; } });
} });
"""
"""Changes what a page carries, by a function of JavaScript, before its scripts read it."""
AS_IT_STANDS = """JSON.stringify([innerWidth, scrollY, document.documentElement.lang,
  [...document.querySelectorAll("input, select, textarea, details, button, [role]")].map((node) =>
    [node.value, node.checked, node.open, node.ariaPressed, node.ariaSelected, node.ariaExpanded])])"""
"""What a press, a choice or a scroll changes."""

_READY = """new Promise((ready, failed) => {
  const isReady = () => document.body && document.body.dataset.ready === "yes";
  if (isReady()) ready();
  const told = { attributes: true, childList: true, subtree: true };
  new MutationObserver(() => { if (isReady()) ready(); }).observe(document, told);
  setTimeout(() => failed(new Error("the page is not ready after 20 seconds")), 20000);
})"""
"""Told by the page: to look for it, Playwright would have each page compile its selectors, twice."""


class Reader:
    """Opens pages in tabs, and hears any request that leaves the file, any page error and any console error."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.changes: dict[object, object] = {}
        self.heard = {
            "request": lambda request: _note_request(request.url, self.faults),
            "pageerror": lambda error: self.faults.append(f"page error: {error}"),
            "console": lambda message: _note_console(message, self.faults),
        }

    def open(
        self,
        page: object,
        path: Path,
        *,
        fragment: str = "",
        width: int = 1280,
        height: int = 800,
        unfolded: bool = False,
        changed: str = "",
    ) -> object:
        """Open a file in a tab."""
        for event, hear in self.heard.items():
            page.on(event, hear)
        page.set_viewport_size({"width": width, "height": height})
        if changed:
            self.changes[page] = page.context.new_cdp_session(page)
            script = {"source": _CHANGED.replace("CHANGE", changed)}
            self.changes[page].send("Page.enable")
            self.changes[page].send("Page.addScriptToEvaluateOnNewDocument", script)
        page.goto(path.resolve().as_uri() + fragment)
        page.evaluate(_READY)
        if unfolded:
            page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
        return page

    def leave(self, page: object) -> object:
        """Empty a tab for the next page."""
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
        for event, hear in self.heard.items():
            page.remove_listener(event, hear)
        for other in set(page.context.pages) - {page}:
            other.close()
        page.emulate_media(media="null")
        if page in self.changes:
            self.changes.pop(page).detach()  # with it goes the script
        page.goto("about:blank")
        inside = page.context.new_cdp_session(page)
        inside.send("Page.resetNavigationHistory")
        inside.detach()
        return page


def _note_request(url: str, faults: list[str]) -> None:
    if not url.startswith(("file:", "data:", "blob:")):
        faults.append(f"request: {url}")


def _note_console(message: object, faults: list[str]) -> None:
    if message.type in {"error", "warning"}:
        faults.append(f"console: {message.text}")
