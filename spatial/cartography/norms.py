"""Norms and their results, as the pages tell them."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spatial.cartography.columns import codes, pack, round_up
from spatial.cartography.meta import PageMeta, ServiceNote
from spatial.integration.register import norm_id_of, with_norm_id
from spatial.planning.headline import missing_text
from spatial.planning.wording import languages, wording
from spatial.tables import NORM_STATUS, TIERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spatial.cartography.rows import Rows

__all__ = ["NormBook", "gate_summary", "norm_book", "service_note"]

_REGISTER_TEXTS = (
    "metric",
    "mode",
    "unit",
    "stat_unit",
    "target_share_basis",
    "scope",
    "source_title",
    "source_section",
    "source_url",
    "confidence",
)
_STUDY_FIELDS = (
    "status",
    "status_as_mapped",
    "reason",
    "gate",
    "share_of",
    "served_share",
    "served_share_lower",
    "served_share_upper",
    "persons_in_scope",
    "persons_served",
    "persons_unserved",
    "persons_unknown",
    "places_in_scope",
    "places_served",
    "places_unserved",
    "places_unknown",
)
_PLACE_FIELDS = ["unit_id", "status", "status_as_mapped", "value", "reason"]
_CLASS_ORDER = {"mandatory": 0, "guiding": 1, "authorised": 2}
_NO_STATUS = 255


@dataclass(frozen=True)
class NormBook:
    """The norms of a study with their results."""

    # one a norm that binds the study, with what the register says and the result for the study; the most
    # telling first
    norms: tuple[dict[str, Any], ...]
    places: pd.DataFrame  # results for settlements
    reasons: tuple[str, ...]  # every reason, the empty one first

    def of_service(self, service: str, meta: PageMeta) -> list[dict[str, Any]]:
        """Find the norms that a service answers."""
        return [norm for norm in self.norms if norm["service"] in _answers(service, meta)]

    def results(self, norm_id: str, rows: Rows) -> pd.DataFrame | None:
        """
        Give a norm's results in the order of a page.

        Returns None where no settlement has one.
        """
        part = self._parts.get(norm_id)
        return None if part is None else rows.once(("norm", norm_id), lambda: rows.align(part, "unit_id"))

    @functools.cached_property
    def _parts(self) -> dict[str, pd.DataFrame]:
        return {str(norm): part[_PLACE_FIELDS] for norm, part in self.places.groupby("norm_id", sort=True)}

    def block(self, norm: Mapping[str, Any], rows: Rows) -> dict[str, Any]:
        """
        Encode a norm with its results for each settlement.

        Returns the norm with ``places``; None there where no settlement has a result.
        """
        return {**norm, "places": rows.once(("norm block", norm["id"]), lambda: self._places(norm, rows))}

    def _places(self, norm: Mapping[str, Any], rows: Rows) -> dict[str, Any] | None:
        table = self.results(norm["id"], rows)
        if table is None:
            return None
        status = codes(table["status"], NORM_STATUS)
        mapped = codes(table["status_as_mapped"], NORM_STATUS)
        threshold = norm["threshold"]
        limits = () if threshold is None else (threshold, threshold + norm["near"])
        return {
            "status": pack(np.where(status < 0, _NO_STATUS, status), "u1"),
            "mapped": pack(np.where(mapped < 0, _NO_STATUS, mapped), "u1"),
            "value": pack(round_up(table["value"], limits), "f4"),
            "reason": pack(np.maximum(codes(table["reason"].fillna(""), self.reasons), 0), "u4"),
        }


def service_note(service: str, meta: PageMeta, words: Mapping[str, Mapping[str, str]]) -> ServiceNote:
    """Say what a service is called and what counts for it."""
    if service in meta.services:
        return meta.services[service]
    if service in TIERS:
        names = {language: texts[f"tier.{service}"] for language, texts in words.items()}
        return ServiceNote(service, names, frozenset({service}), "complete")
    return ServiceNote(service, {}, frozenset({service}))


def norm_book(
    register: pd.DataFrame, norm_results: pd.DataFrame, meta: PageMeta, summary: Mapping[str, Any]
) -> NormBook:
    """Join the register with the results."""
    told = {norm_id_of(entry): (rank, entry) for rank, entry in enumerate(summary.get("norms", ()))}
    study = norm_results.loc[norm_results["unit_level"] == "study"]
    known = {row["norm_id"]: row for row in with_norm_id(register).to_dict("records")}
    norms = [
        _norm(row, known[row["norm_id"]], meta, told.get(row["norm_id"], (0, {}))[1])
        for row in study.sort_values("norm_id", kind="stable").to_dict("records")
        if row["norm_id"] in known
    ]
    norms.sort(
        key=lambda norm: (
            not norm["headline"],
            told.get(norm["id"], (0, {}))[0],
            _CLASS_ORDER[norm["norm_class"]],
            norm["id"],
        )
    )
    reasons = sorted(set(norm_results["reason"].fillna("")) | {""})
    places = norm_results.loc[norm_results["unit_level"] == "settlement"]
    return NormBook(tuple(norms), places, tuple(reasons))


def _norm(
    row: Mapping[Any, Any], entry: Mapping[Any, Any], meta: PageMeta, told: Mapping[str, Any]
) -> dict[str, Any]:
    study = {name: _plain(row[name]) for name in _STUDY_FIELDS}
    figure = study["persons_unserved"] is not None or study["places_unserved"] is not None
    service = str(entry["service"])
    note = _note_of(service, meta)
    inventory = note.inventory if note else ("complete" if service in TIERS else "unknown")
    return {
        "id": row["norm_id"],
        "service": service,
        "names": dict(note.names) if note else {},
        "near": meta.near_miss(str(entry["unit"])),
        "lower_bound": bool(told.get("is_lower_bound", inventory != "complete")),
        "nothing_mapped": bool(told.get("nothing_mapped")),
        "people_missing": _missing(told),
        "norm_class": row["norm_class"],
        "threshold": _plain(entry["threshold"]),
        "target_share": _plain(entry["target_share"]),
        **{name: _plain(entry.get(name)) or "" for name in _REGISTER_TEXTS},
        "headline": figure and bool(told.get("is_headline", study["status"] != "not_applicable")),
        "study": study,
        "certainty": told.get("certainty"),
        "rural_access": told.get("rural_access"),
    }


def _missing(told: Mapping[str, Any]) -> dict[str, str]:
    """Say in each language whose people nobody counted and what the norm is judged on; empty where all are counted."""
    said = {language: missing_text(told, wording(language)) for language in languages()}
    return said if said["en"] else {}


def _note_of(service: str, meta: PageMeta) -> ServiceNote | None:
    if service in meta.services:
        return meta.services[service]
    return next((note for _, note in sorted(meta.services.items()) if service in note.register), None)


def _answers(service: str, meta: PageMeta) -> Sequence[str]:
    note = meta.services.get(service)
    return (service, *(note.register if note else ()))


def _plain(value: object) -> Any:
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value


def gate_summary(norms: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sum up the gates of a study."""
    gates = [norm["study"]["gate"] for norm in norms if norm["study"]["gate"] != "none_applicable"]
    counts = {name: gates.count(name) for name in ("pass", "fail", "unknown")}
    status = next((name for name in ("fail", "unknown", "pass") if counts[name]), "none_applicable")
    return {
        "status": status,
        "gates": len(gates),
        "passed": counts["pass"],
        "failed": counts["fail"],
        "unknown": counts["unknown"],
    }
