"""Hold the docstrings of all public names to numpydoc's rules: ``python tools/docstrings.py`` lists what is missing."""

from __future__ import annotations

import inspect
import sys
import tomllib
from pathlib import Path

from numpydoc.validate import validate

ROOT = Path(__file__).parents[1]


def public_names() -> list[str]:
    """List what a user can import from ``spatial``, and the public methods of its classes."""
    sys.path.insert(0, str(ROOT))
    import spatial  # noqa: PLC0415 - the package of this checkout

    names = []
    for name in spatial.__all__:
        value = getattr(spatial, name)
        if not (inspect.isclass(value) or inspect.isfunction(value)):
            continue
        path = f"{value.__module__}.{value.__qualname__}"
        if not hasattr(value, "model_fields"):  # the keys of a study describe themselves
            names.append(path)
        if inspect.isclass(value) and value.__module__.startswith("spatial"):
            own = vars(value)
            names += [
                f"{path}.{key}"
                for key, item in own.items()
                if not key.startswith("_") and (inspect.isfunction(item) or isinstance(item, property))
            ]
    return sorted(set(names))


def main() -> None:
    """Print every breach, and fail where there is one."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    unwanted = set(settings["tool"]["numpydoc_validation"]["checks"]) - {"all"}
    breaches = [
        f"{name}: {code} {text}"
        for name in public_names()
        for code, text in validate(name)["errors"]
        if code not in unwanted
    ]
    print("\n".join(breaches) or "public docstrings are complete")
    sys.exit(bool(breaches))


if __name__ == "__main__":
    main()
