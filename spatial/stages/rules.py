"""The study's options as the plain rules that the middle takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spatial.access import AccessRules, SnapRules, WalkRange
from spatial.integration.norms_rules import NormRules, applicable_norms
from spatial.integration.register import DEONTIC_OF_CLASS, UNIT_OF_METRIC, load_register
from spatial.sources.services import load_services
from spatial.tables import TIERS

if TYPE_CHECKING:
    import pandas as pd

    from spatial.runner.stage import Options
    from spatial.sources.services import Vocabulary
    from spatial.study import NetworkOptions, NormAddition, OfficialOptions, TableSource

__all__ = [
    "access_rules",
    "approval_wanted",
    "binding_norms",
    "inventories",
    "norm_rules",
    "official_totals",
    "register_of",
    "services_in_metres",
    "snap_rules",
    "vocabulary_of",
    "walk_range",
    "wanted_services",
]

METRES_A_KM = 1000.0
RANK = ("unknown", "partial", "complete")
_BOUND: dict[tuple[object, ...], pd.DataFrame] = {}
"""The norms that bind the last study asked for, since a run asks for them in most of its stages."""
APPROVED_MAPS = "CN"
"""Maps shown to the public carry an approval number there (Map Management Regulations, decree 664, art. 15 and 22)."""


def snap_rules(network: NetworkOptions) -> SnapRules:
    """Take how places are joined to the network."""
    return SnapRules(
        candidates=network.candidates,
        max_snap_m=network.max_snap_m,
        min_component_km=network.min_component_km,
        walk_km_h=network.walk_km_h,
        detour=network.detour,
    )


def access_rules(options: Options) -> AccessRules:
    """Take which times are computed."""
    return AccessRules(
        cutoffs_min=options.access.cutoffs_min,
        max_time_min=options.access.max_time_min,
        direction=options.access.direction,
        snap=snap_rules(options.network),
        buffer_m=options.region.buffer_km * METRES_A_KM,
    )


def walk_range(options: Options) -> WalkRange:
    """Take how the walks to and from the network may differ from what is assumed."""
    return WalkRange(walk_km_h=options.uncertainty.walk_km_h, detour=options.uncertainty.detour)


def vocabulary_of(options: Options) -> Vocabulary:
    """Load the study's vocabulary of services."""
    return load_services(options.raw_path(options.services_file) if options.services_file else None)


def register_of(options: Options) -> pd.DataFrame:
    """Load the study's register of norms."""
    chosen = options.norms.register_file
    home = options.jurisdictions[0] if options.jurisdictions else "GLOBAL"
    added = [_register_row(norm, home) for norm in options.norms.add]
    file = options.raw_path(chosen) if chosen else None
    return load_register(file, added=added, services=vocabulary_of(options).register_words)


def _register_row(norm: NormAddition, jurisdiction: str) -> dict[str, str]:
    """Write a norm of the study as the register writes its own; who added it and why stay with it."""
    presence = norm.metric == "presence_in_unit"
    return {
        "norm_id": norm.id,
        "pillar": "P3",
        "service": norm.service,
        "metric": norm.metric,
        "mode": "" if presence or norm.metric == "dist_m" else norm.mode,
        "direction": "presence" if presence else "max",
        "threshold": f"{norm.threshold!r}",
        "unit": UNIT_OF_METRIC.get(norm.metric, "service"),
        "stat_unit": norm.stat_unit,
        "target_share": f"{norm.target_share!r}",
        "target_share_basis": "source",
        "fail_point": "" if norm.fail_point is None else f"{norm.fail_point!r}",
        "scope": norm.scope,
        "norm_class": norm.norm_class,
        "deontic": DEONTIC_OF_CLASS[norm.norm_class],
        "role": "standard",
        "instrument": norm.instrument,
        "share_applies_at": "study",
        "valid_from": norm.valid_from.isoformat() if norm.valid_from else "",
        "valid_to": norm.valid_to.isoformat() if norm.valid_to else "",
        "read_in_original": "yes" if norm.read_in_original else "no",
        "norm_class_basis": "stated_by_the_study",
        "norm_justification": norm.why,
        "jurisdiction": jurisdiction,
        "source_title": f"{norm.source} (added by {norm.by}, {norm.on.isoformat()})",
        "source_year": str(norm.on.year),
        "confidence": "verified_primary" if norm.read_in_original else "verified_secondary",
        "supersedes": "|".join(norm.supersedes),
        "notes": norm.why,
    }


def norm_rules(options: Options) -> NormRules:
    """Take what the study decides about norms."""
    urban = options.tiers.urban
    chosen = options.norms
    return NormRules(
        jurisdictions=options.jurisdictions,
        level=chosen.level,
        confirm=chosen.confirm,
        adopt=chosen.adopt,
        only=chosen.only,
        headline=chosen.headline,
        class_by_tier={tier: "urban" if tier in urban else "rural" for tier in TIERS} if urban else {},
        max_time_min=options.access.max_time_min,
    )


def binding_norms(options: Options) -> pd.DataFrame:
    """Pick the norms that bind the study."""
    rules = norm_rules(options)
    files = (options.norms.register_file, options.services_file)
    asked = (repr(options.norms), repr(rules), options.as_of, *(_state(options, name) for name in files))
    found = _BOUND.get(asked)
    if found is None:
        found = applicable_norms(register_of(options), as_of=options.as_of, rules=rules)
        _BOUND.clear()
        _BOUND[asked] = found
    return found.copy()


def _state(options: Options, name: str | None) -> tuple[str, int, int] | None:
    """Tell a file's path, size and time of change, by which a changed file is known."""
    path = options.raw_path(name) if name else None
    if path is None or not path.is_file():
        return None
    facts = path.stat()
    return str(path), facts.st_size, facts.st_mtime_ns


def wanted_services(options: Options, vocabulary: Vocabulary, offered: set[str]) -> dict[str, frozenset[str]]:
    """Choose the services to compute, and which facilities count for each."""
    named = set(options.access.services)
    asked = _asked_by_norms(binding_norms(options), vocabulary.knowing(offered))
    chosen: dict[str, frozenset[str]] = {}
    for service in vocabulary.ids:
        kinds = vocabulary.satisfying(service)
        if service in named if named else (bool(kinds & offered) or service in asked):
            chosen[service] = kinds
    return chosen


def services_in_metres(options: Options, vocabulary: Vocabulary, offered: set[str]) -> frozenset[str]:
    """Name the services that a norm in metres of road asks for."""
    binding = binding_norms(options)
    in_metres = binding.loc[binding["metric"] == "network_dist_m"]
    return frozenset(_asked_by_norms(in_metres, vocabulary.knowing(offered)))


def _asked_by_norms(binding: pd.DataFrame, vocabulary: Vocabulary) -> set[str]:
    words = {str(word) for word in binding["service"]}
    for members in binding["bundle_members"].dropna():
        words |= {item.strip() for item in str(members).replace(";", "|").split("|")}
    found = {vocabulary.for_register(word) for word in sorted(words)}
    return {item.id for item in found if item is not None}


def official_totals(options: Options, vocabulary: Vocabulary) -> OfficialOptions:
    """Take the official totals; a number of facilities that names no services counts its own at every level."""
    official: OfficialOptions = options.official
    facilities = {
        name: item.model_copy(update={"services": item.services or tuple(sorted(vocabulary.by_level(name)))})
        for name, item in official.facilities.items()
    }
    return official.model_copy(update={"facilities": facilities})


def inventories(options: Options, vocabulary: Vocabulary, facilities: pd.DataFrame) -> dict[str, str]:
    """
    Say for every service whether all its facilities are known.

    The study's own word counts first. Otherwise a service is known as well as the best source that covers it: a table
    with a `service` covers that one, any other table the services that its ``values.service`` names and those of its
    rows, and an extract covers all. Who covers a service covers the one under which it is looked for where its level
    is not known.
    """
    sources = options.sources
    wider = {service: vocabulary.family(service) for service in vocabulary.ids}
    declared = [(_covered(table, facilities), table.inventory) for table in sources.facilities]
    if sources.osm is not None and sources.osm.facilities:
        declared.append((frozenset(wider), sources.osm.inventory))
    ranked = sorted(declared, key=lambda item: RANK.index(item[1]))
    known = dict.fromkeys(vocabulary.ids, "unknown")
    for covers, word in ranked:
        known |= {wider.get(service, service): word for service in covers}
    told = known | dict(options.inventory)
    return told | {service: told[wider[service]] for service in wider if service not in options.inventory}


def _covered(table: TableSource, facilities: pd.DataFrame) -> frozenset[str]:
    """Services that a table holds."""
    if table.service is not None:
        return frozenset({table.service})
    rows = facilities.loc[facilities["source"] == table.path, "service"]
    return frozenset({*table.values.get("service", {}).values(), *rows.astype(str)})


def approval_wanted(options: Options) -> bool:
    """Tell whether the outputs are public maps that need an approval number and have none."""
    outputs = options.outputs
    asks = any(place.partition("-")[0] == APPROVED_MAPS for place in options.jurisdictions)
    return bool(outputs.status == "public" and asks and not options.synthetic and not outputs.map_approval)
