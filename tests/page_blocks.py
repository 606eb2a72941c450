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
    codes = [[(0, 13, 60)[(code >> 7) - 2], code & 127] if code > 127 else [code] for code in map(ord, letters)]
    sevens = np.array([code for pair in codes for code in pair], np.uint8)
    bits = np.unpackbits(sevens[:, None], axis=1)[:, 1:].ravel()
    raw = zlib.decompressobj(-zlib.MAX_WBITS).decompress(np.packbits(bits).tobytes())
    assert len(raw) == int(size)
    return raw


def blocks_of(page: bytes | Path) -> list[bytes]:
    """Read all blocks of a page, or of its file."""
    text = (page if isinstance(page, bytes) else page.read_bytes()).decode("utf-8")
    return [read_block(block) for block in re.search(r'id="packed">(.*?)</script>', text, re.DOTALL)[1].split("·")]


def data_of(page: bytes | Path) -> dict[str, Any]:
    """Read the JSON of a page with its messages; columns stay the numbers of their pieces."""
    blocks = blocks_of(page)
    told = json.loads(blocks[DATA])
    words = json.loads(piece_of(blocks, told["data"]["messages"]))
    messages = {language: dict(zip(words["keys"], texts, strict=True)) for language, texts in words["texts"].items()}
    return told["data"] | {"messages": messages}


def piece_of(blocks: list[bytes], number: int) -> bytes:
    """Give the bytes of a piece by its number in the JSON."""
    if number < 0:
        return blocks[FIRST_LARGE - 1 - number]
    lengths = json.loads(blocks[DATA])["lengths"]
    start = sum(lengths[:number])
    return blocks[SMALL][start : start + lengths[number]]


def text_of(page: bytes | Path) -> str:
    """Give all that a page says as one text of JSON."""
    return json.dumps(data_of(page), ensure_ascii=False, separators=(",", ":"))
