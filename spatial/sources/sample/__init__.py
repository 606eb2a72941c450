"""The embedded sample county: made-up, deterministic, believable; nothing is downloaded."""

from __future__ import annotations

import importlib.resources

from spatial.sources.sample.write import SAMPLE_SEED, write_sample_county

__all__ = ["SAMPLE_SEED", "sample_study", "write_sample_county"]


def sample_study() -> str:
    """
    Return the study file of the sample county.

    Returns
    -------
    str
        TOML text; its paths begin with ``sample/``.

    Examples
    --------
    >>> "synthetic = true" in sample_study()
    True
    """
    return (
        importlib.resources.files("spatial.sources.sample").joinpath("study.toml").read_text(encoding="utf-8")
    )
