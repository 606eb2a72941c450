"""Make a county of any size or seed, or pack the counties that the package and its tests hold."""

from __future__ import annotations

import argparse
import tempfile
import zipfile
from pathlib import Path
from typing import get_args

from tools.sample_county import SAMPLE_SEED, draw_county, write_county
from tools.sample_county.write import SampleForm

ROOT = Path(__file__).parents[2]
ARCHIVES = {400: ROOT / "spatial" / "sample", 80: ROOT / "tests" / "data" / "county_80"}
"""Folder of the packed county by its villages; an archive there is called as its form."""


def pack(files: list[Path], archive: Path) -> None:
    """Pack files, in their order and without their times, so that the same files give the same archive."""
    with zipfile.ZipFile(archive, "w") as packed:
        for file in files:
            member = zipfile.ZipInfo(file.name)  # of 1980-01-01
            member.external_attr = 0o644 << 16
            packed.writestr(member, file.read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=9)


def main() -> None:
    """Read the command line, and write or pack."""
    parser = argparse.ArgumentParser(prog="python -m tools.sample_county", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="where to write the files of one county")
    parser.add_argument("--villages", type=int, default=400, help="how many villages, from 40 to 900; 400 unless told")
    parser.add_argument("--seed", type=int, default=SAMPLE_SEED, help="where chance begins")
    parser.add_argument("--form", choices=get_args(SampleForm), default="open", help="open unless told")
    parser.add_argument("--pack", action="store_true", help="pack the counties of spatial/sample and tests/data anew")
    told = parser.parse_args()
    if told.pack == (told.folder is not None):
        parser.error("name a folder to write to, or --pack")
    if told.folder is not None:
        write_county(told.folder, draw_county(seed=told.seed, villages=told.villages), form=told.form)
        return
    for villages, kept in ARCHIVES.items():
        county = draw_county(villages=villages)
        kept.mkdir(parents=True, exist_ok=True)
        for form in get_args(SampleForm):
            with tempfile.TemporaryDirectory() as folder:
                pack(write_county(folder, county, form=form), kept / f"{form}.zip")
            print(kept / f"{form}.zip")


if __name__ == "__main__":
    main()
