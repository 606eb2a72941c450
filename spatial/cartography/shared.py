"""A folder of pages that share one file: what two pages carry is there once, and the pages are small."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from html import escape
from typing import TYPE_CHECKING

from spatial.cartography.document import BETWEEN_BLOCKS, PACKED
from spatial.store import Artifact

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SHARED_FILE = "shared.js"
_LEAST_LETTERS = 1000
"""Blocks of fewer letters stay in their pages."""
_PACKED_BLOCKS = re.compile(f"{re.escape(PACKED)}(.*?)</script>", re.DOTALL)
_ENDS_LITERAL, _ESCAPED = re.compile(r"[`\\$]"), r"\\\g<0>"
_NONCE = re.compile(r"'nonce-([^']+)'")


def share_blocks(pages: Sequence[Artifact], needs: Iterable[str]) -> list[Artifact]:
    """
    Move the blocks that several pages carry into one file beside them.

    Parameters
    ----------
    pages : sequence of Artifact
        Pages that carry all that they show.
    needs : iterable of str
        In each language, what a page says that is opened without the file.

    Returns
    -------
    list of Artifact
        The pages, and the file.
    """
    texts = {page.name: page.content.decode("utf-8") for page in pages}
    blocks = {name: _PACKED_BLOCKS.search(text)[1].split(BETWEEN_BLOCKS) for name, text in texts.items()}  # type: ignore[index]
    carried = Counter(block for own in blocks.values() for block in set(own) if len(block) >= _LEAST_LETTERS)
    names = {
        block: hashlib.sha256(block.encode("utf-8")).hexdigest()[:16] for block, count in carried.items() if count > 1
    }
    said = "".join(f"<p>{escape(text)}</p>" for text in needs)
    written = []
    for name, text in texts.items():
        if not names.keys() & set(blocks[name]):
            written.append(Artifact(name, text.encode("utf-8")))
            continue
        nonce = _NONCE.search(text)[1]  # type: ignore[index]
        left = BETWEEN_BLOCKS.join(f"@{names[block]}" if block in names else block for block in blocks[name])
        head, tail = _PACKED_BLOCKS.split(text)[::2]
        script = f'<script nonce="{nonce}" src="{SHARED_FILE}"></script>\n'
        tail = tail.replace("<noscript>", f'<div id="needs-shared" hidden>{said}</div><noscript>', 1)
        written.append(Artifact(name, f"{head}{script}{PACKED}{left}</script>{tail}".encode()))
    # Letters stand as they are in a template literal, but for those that end or interrupt it.
    entries = [f'"{name}": `{_ENDS_LITERAL.sub(_ESCAPED, block)}`,\n' for block, name in names.items()]
    shared = "".join(("window.SpatialShared = {\n", *entries, "};\n"))
    return [*written, Artifact(SHARED_FILE, shared.encode("utf-8"))]
