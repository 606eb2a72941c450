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
    """
    A file of another project, unmodified.

    Parameters
    ----------
    path : str
        Below the assets folder.
    package, version, licence : str
        The package that it is from, its version and SPDX licence.
    sha256 : str
        Of the file.
    """

    path: str
    package: str
    version: str
    licence: str
    sha256: str


@functools.cache
def vendored_files() -> dict[str, Vendored]:
    """
    Read the manifest of vendored files.

    Returns
    -------
    dict
        By path below the assets folder.
    """
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
    """
    Give a vendored script or style sheet as it goes into a page.

    Parameters
    ----------
    path : str
        As in the manifest.

    Returns
    -------
    str
        With its licence in front, images as data URIs, without source-map line or closing tag.

    Raises
    ------
    SourceError
        Where the manifest does not know the file, or a picture that it links.
    """
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
    """
    Give one of our own scripts or style sheets.

    Parameters
    ----------
    name : str
        File name below ``assets/own``.

    Returns
    -------
    str
        Its text, without closing tag.
    """
    return _inert(_bytes(f"own/{name}").decode("utf-8"))


def _data_uri(path: str) -> str:
    if path not in vendored_files():
        raise SourceError(f"{path} is linked by a style sheet and no vendored asset; add it to the manifest")
    return f"data:image/png;base64,{base64.b64encode(_bytes(path)).decode('ascii')}"


def _inert(text: str) -> str:
    return _SCRIPT_END.sub(r"<\\/", text)


def _bytes(path: str) -> bytes:
    return files("spatial.cartography").joinpath("assets", *path.split("/")).read_bytes()
