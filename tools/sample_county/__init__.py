"""
The generator of the sample county: made-up, deterministic, believable; nothing is downloaded.

The package holds what it writes, packed (`spatial.sample`). ``python -m tools.sample_county`` makes another county, or
packs both kept ones anew.
"""

from tools.sample_county.county import SAMPLE_SEED, County, draw_county
from tools.sample_county.write import write_county

__all__ = ["SAMPLE_SEED", "County", "draw_county", "write_county"]
