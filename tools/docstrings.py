"""
Hold the docstrings of all public names to numpydoc's rules: ``python tools/docstrings.py`` lists what is missing.

What a user imports has full sections. A method may say its parameters and what it returns in a sentence or two.
"""

from __future__ import annotations

import inspect
import sys
import tomllib
from pathlib import Path

from numpydoc.validate import validate

ROOT = Path(__file__).parents[1]


IN_SENTENCES = {"PR01", "RT01"}
"""Sections of parameters and returns, which methods may go without."""


def public_names() -> dict[str, set[str]]:
    """List what can be imported from ``spatial`` and the methods of its classes, with the checks left out for each."""
    sys.path.insert(0, str(ROOT))
    import spatial  # noqa: PLC0415 - the package of this checkout

    names: dict[str, set[str]] = {}
    for name in spatial.__all__:
        value = getattr(spatial, name)
        if not (inspect.isclass(value) or inspect.isfunction(value)):
            continue
        path = f"{value.__module__}.{value.__qualname__}"
        if not hasattr(value, "model_fields"):  # the keys of a study describe themselves
            names[path] = set()
        if inspect.isclass(value) and value.__module__.startswith("spatial"):
            own = vars(value)
            names |= {
                f"{path}.{key}": IN_SENTENCES
                for key, item in own.items()
                if not key.startswith("_") and (inspect.isfunction(item) or isinstance(item, property))
            }
    return dict(sorted(names.items()))


def main() -> None:
    """Print every breach, and fail where there is one."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    unwanted = set(settings["tool"]["numpydoc_validation"]["checks"]) - {"all"}
    breaches = [
        f"{name}: {code} {text}"
        for name, left_out in public_names().items()
        for code, text in validate(name)["errors"]
        if code not in unwanted | left_out
    ]
    print("\n".join(breaches) or "public docstrings are complete")
    sys.exit(bool(breaches))


if __name__ == "__main__":
    main()
