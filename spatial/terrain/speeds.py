"""The table of speeds off the roads: land cover class -> km/h and mode, in files that a user may edit."""

from __future__ import annotations

import csv
import io
import math
import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from spatial.errors import StudyError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SURFACE_PRESETS", "GroundSpeed", "SurfaceSpeeds", "load_surface_speeds"]

SURFACE_PRESETS = ("igbp_weiss_2020", "esa_worldcover", "accessmod_example")
_CLASS_MODES = ("walk", "motorised", "barrier")
_ROAD_MODES = ("walk", "motorised")


@dataclass(frozen=True)
class GroundSpeed:
    """How a land cover class is crossed."""

    label: str  # its name
    km_h: float  # above 0; NaN for a barrier
    mode: str  # slope counts for those who walk; a barrier is crossed on roads alone


@dataclass(frozen=True)
class SurfaceSpeeds:
    """Speeds by land cover class, and on roads by class and mode."""

    name: str  # of the table
    classes: Mapping[int, GroundSpeed]  # by land cover class
    # km/h by mode (walk, motorised), then by road class; a class that is not listed is closed
    roads: Mapping[str, Mapping[str, float]]


def load_surface_speeds(speeds: str | Path | SurfaceSpeeds = "igbp_weiss_2020") -> SurfaceSpeeds:
    """
    Load a table of speeds by land cover class.

    Parameters
    ----------
    speeds : str, Path or SurfaceSpeeds
        Name of a preset (igbp_weiss_2020, esa_worldcover, accessmod_example), a TOML file of the same form, or a CSV
        file with the columns ``class``, ``label``, ``km_h`` and ``mode``.

    Returns
    -------
    SurfaceSpeeds
        Checked. Roads are those of the file, else the package's own.

    Raises
    ------
    StudyError
        Where the file cannot be read, or has a speed that is not above 0; with every fault and its key.

    Examples
    --------
    >>> load_surface_speeds("accessmod_example").classes[4]
    GroundSpeed(label='dense vegetation', km_h=2.0, mode='walk')
    """
    if isinstance(speeds, SurfaceSpeeds):
        return speeds
    values = _read(str(speeds))
    problems: list[str] = []
    found = {key: _class_of(key, item, problems) for key, item in dict(values.get("classes", {})).items()}
    own = values.get("roads") or tomllib.loads(_shipped("roads"))["roads"]
    roads = {
        mode: MappingProxyType(_road_speeds(mode, dict(own.get(mode, {})), problems)) for mode in _ROAD_MODES
    }
    if not found:
        problems.append("classes: there are none")
    if problems:
        raise StudyError(f"surface speeds {speeds}", problems)
    classes = {int(key): item for key, item in found.items()}
    return SurfaceSpeeds(str(values.get("name", speeds)), MappingProxyType(classes), MappingProxyType(roads))


def _class_of(key: str, item: Mapping[str, Any], problems: list[str]) -> GroundSpeed:
    mode = str(item.get("mode") or "walk")
    if not key.strip().lstrip("-").isdigit():
        problems.append(f"classes.{key}: a land cover class is a whole number")
    if mode not in _CLASS_MODES:
        problems.append(f"classes.{key}.mode: {mode!r} is not one of {', '.join(_CLASS_MODES)}")
    if mode == "barrier":
        return GroundSpeed(str(item.get("label", key)), math.nan, mode)
    return GroundSpeed(
        str(item.get("label", key)), _speed(f"classes.{key}.km_h", item.get("km_h"), problems), mode
    )


def _road_speeds(mode: str, values: Mapping[str, Any], problems: list[str]) -> dict[str, float]:
    return {key: _speed(f"roads.{mode}.{key}", item, problems) for key, item in values.items()}


def _speed(key: str, value: object, problems: list[str]) -> float:
    try:
        speed = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        speed = math.nan
    if not (math.isfinite(speed) and speed > 0):
        problems.append(
            f"{key}: {value!r} is not a speed above 0 km/h; what cannot be crossed has mode barrier"
        )
    return speed


def _shipped(name: str) -> str:
    folder = resources.files("spatial.terrain").joinpath("presets")
    return folder.joinpath(f"{name}.toml").read_text(encoding="utf-8")


def _read(name: str) -> dict[str, Any]:
    if name in SURFACE_PRESETS:
        return tomllib.loads(_shipped(name))
    path = Path(name)
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".csv":
            rows = csv.DictReader(io.StringIO(text))
            return {"name": path.stem, "classes": {row.get("class") or "": row for row in rows}}
        return {"name": path.stem, **tomllib.loads(text)}
    except OSError as error:
        remedy = f"name a preset ({', '.join(SURFACE_PRESETS)}), a TOML or a CSV file"
        raise StudyError(
            f"surface speeds {name}", [f"cannot be read: {error.strerror or error}; {remedy}"]
        ) from error
    except UnicodeDecodeError as error:
        raise StudyError(
            f"surface speeds {name}", [f"is not UTF-8 at byte {error.start}; save it as UTF-8"]
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"surface speeds {name}", [f"is not TOML: {error}"]) from error
