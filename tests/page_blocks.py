"""What a page carries in its blocks, read as its own script reads them."""

from __future__ import annotations

import json
import re
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

STYLE, SCRIPTS, DATA, SMALL, FIRST_LARGE = range(5)


def read_block(text: str) -> bytes:
    """Read one block: its length, then seven bits a letter."""
    size, _, letters = text.partition(":")
    sevens = np.array([ord(letter) & 127 for letter in letters], np.uint8)
    bits = np.unpackbits(sevens[:, None], axis=1)[:, 1:].ravel()
    raw = zlib.decompressobj(-zlib.MAX_WBITS).decompress(np.packbits(bits).tobytes())
    assert len(raw) == int(size)
    return raw


def blocks_of(page: bytes | Path) -> list[bytes]:
    """Read all blocks of a page, or of its file."""
    text = (page if isinstance(page, bytes) else page.read_bytes()).decode("utf-8")
    return [read_block(block) for block in re.search(r'id="packed">(.*?)</script>', text, re.DOTALL)[1].split("·")]


def data_of(page: bytes | Path) -> dict[str, Any]:
    """Read the JSON of a page with its messages; columns stay the places of their bytes."""
    blocks = blocks_of(page)
    data = json.loads(blocks[DATA])
    at = data["messages"]
    raw = blocks[SMALL][slice(*at)] if isinstance(at, list) else blocks[FIRST_LARGE + at]
    return data | {"messages": json.loads(raw)}


def text_of(page: bytes | Path) -> str:
    """Give all that a page says as one text of JSON."""
    return json.dumps(data_of(page), ensure_ascii=False, separators=(",", ":"))
