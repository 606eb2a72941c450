"""The embedded sample county: made-up, deterministic, believable; nothing is downloaded."""

from __future__ import annotations

import importlib.resources

from spatial.sources.sample.write import SAMPLE_SEED, SampleForm, write_sample_county

__all__ = ["SAMPLE_SEED", "sample_study", "write_sample_county"]


def sample_study(form: SampleForm = "open") -> str:
    """
    Return the study file of the sample county.

    Parameters
    ----------
    form : {'open', 'bureau'}
        As in `write_sample_county`.

    Returns
    -------
    str
        TOML text; its paths begin with ``sample/``, or ``bureau/`` in the form of a county's bureaus.

    Examples
    --------
    >>> "synthetic = true" in sample_study()
    True
    """
    name = "study.toml" if form == "open" else "bureau/study.toml"
    return importlib.resources.files("spatial.sources.sample").joinpath(name).read_text(encoding="utf-8")
