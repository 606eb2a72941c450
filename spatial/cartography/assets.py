"""Files that pages carry inside: vendored ones by a manifest, and our own scripts and styles."""

from __future__ import annotations

import base64
import functools
import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from spatial.errors import SourceError

__all__ = ["Vendored", "own", "vendored", "vendored_files"]

_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)
_CSS_URL = re.compile(r"url\(\s*['\"]?(?!data:|#)([^)'\"]+)['\"]?\s*\)")
_SCRIPT_END = re.compile(r"</(?=script|style)", re.IGNORECASE)


@dataclass(frozen=True)
class Vendored:
    """A file of another project, unmodified."""

    path: str  # below the assets folder
    package: str  # the package that it is from, its version and SPDX licence
    version: str
    licence: str
    sha256: str  # of the file


@functools.cache
def vendored_files() -> dict[str, Vendored]:
    """Read the manifest of vendored files."""
    manifest: dict[str, Any] = tomllib.loads(_bytes("manifest.toml").decode("utf-8"))
    return {
        file["path"]: Vendored(
            file["path"], package["name"], package["version"], package["licence"], file["sha256"]
        )
        for package in manifest["package"]
        for file in package["file"]
    }


@functools.cache
def vendored(path: str) -> str:
    """Give a vendored script or style sheet as it goes into a page."""
    known = vendored_files()
    if path not in known:
        raise SourceError(
            f"{path} is no vendored asset; add it to the manifest with version, licence and sha256"
        )
    entry = known[path]
    text = _SOURCE_MAP.sub("", _bytes(path).decode("utf-8")).strip()
    folder = path.rpartition("/")[0]
    text = _CSS_URL.sub(lambda match: f"url({_data_uri(f'{folder}/{match[1]}')})", text)
    licence = _bytes(f"{folder}/LICENSE").decode("utf-8").strip().replace("*/", "* /")
    return _inert(f"/* {entry.package} {entry.version}\n{licence}\n*/\n{text}\n")


@functools.cache
def own(name: str) -> str:
    """Give one of our own scripts or style sheets."""
    return _inert(_bytes(f"own/{name}").decode("utf-8"))


def _data_uri(path: str) -> str:
    if path not in vendored_files():
        raise SourceError(f"{path} is linked by a style sheet and no vendored asset; add it to the manifest")
    return f"data:image/png;base64,{base64.b64encode(_bytes(path)).decode('ascii')}"


def _inert(text: str) -> str:
    return _SCRIPT_END.sub(r"<\\/", text)


def _bytes(path: str) -> bytes:
    return files("spatial.cartography").joinpath("assets", *path.split("/")).read_bytes()
