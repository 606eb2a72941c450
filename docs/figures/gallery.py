"""Draw the pictures of the gallery by the code that its page shows.

Run: ``python docs/figures/gallery.py PROCESSED_FOLDER``, with the run of the sample county in sample/ below it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from PIL import Image

DOCS = Path(__file__).parents[1]
BLOCK = re.compile(r"^% picture(?:: (\S+))?\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COLOURS = 48
"""Of a picture of few flat colours; a third of the bytes."""


def draw(processed: Path, out: Path) -> list[Path]:
    """Run every block of the page in turn, and keep the last figure of each that is named."""
    known: dict[str, Any] = {}
    made = []
    for name, code in BLOCK.findall((DOCS / "gallery.md").read_text(encoding="utf-8")):
        exec(code.replace('"data/processed/sample"', repr(str(processed / "sample"))), known)  # noqa: S102 - our own page
        if name:
            made.append(out / f"{name}.png")
            plt.savefig(made[-1], dpi=90)
            with Image.open(made[-1]) as picture:
                small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
            small.save(made[-1], optimize=True)
            plt.close("all")
    return made


if __name__ == "__main__":
    for file in draw(Path(sys.argv[1]), DOCS / "images"):
        print(file, file.stat().st_size)  # noqa: T201 - what was drawn
