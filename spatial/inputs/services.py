"""The vocabulary that tags, facilities, norms and pages share: services.toml, read and checked."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from spatial.errors import StudyError, refuse
from spatial.formats.tag_rules import TagRule, fold, parse_rule
from spatial.messages import in_languages
from spatial.plain_text import shipped_toml, toml_faults, toml_table, toml_text
from spatial.tables.words import TIERS

_TEXT_LISTS = ("words", "tags", "includes", "overrides", "register", "proxy_for", "levels", "for_groups")
_KEYS = ("names", "round_the_clock", *_TEXT_LISTS)


@dataclass(frozen=True)
class Service:
    """
    A service that people depend on, or a tier of town that they travel to.

    Parameters
    ----------
    id : str
        As in the tables.
    names : Mapping[str, str]
        Name by language.
    words : tuple[str, ...]
        What people and lists call it.
    tags : tuple[TagRule, ...]
        Rules, any of which makes an element a facility of it.
    includes : tuple[str, ...]
        Services whose facilities count for it too.
    overrides : tuple[str, ...]
        Services that an element is not if it is this one.
    register : tuple[str, ...]
        Words of the norm register that it is.
    proxy_for : tuple[str, ...]
        Words of the norm register for which it only stands in.
    levels : tuple[str, ...]
        Levels of a list's facilities that make them such.
    for_groups : tuple[str, ...]
        Groups of people that it is for, so that a facility for them alone is open to all whom the service is
        for.
    round_the_clock : bool
        Whether a facility that closes is none.
    proxy : bool
        Whether it was found as a stand-in, see `Vocabulary.for_register`.
    """

    id: str
    names: Mapping[str, str] = field(hash=False)
    words: tuple[str, ...] = ()
    tags: tuple[TagRule, ...] = ()
    includes: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    register: tuple[str, ...] = ()
    proxy_for: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    for_groups: tuple[str, ...] = ()
    round_the_clock: bool = False
    proxy: bool = False

    @property
    def is_by_level(self) -> bool:
        """Whether nothing but its level makes a facility such."""
        return bool(self.levels) and not self.tags

    def name(self, language: str) -> str:
        """Name in a language, such as ``"zh"``; in English, else its id, where the language has no name."""
        return self.names.get(language) or self.names.get("en") or self.id


@dataclass(frozen=True)
class Vocabulary:
    """
    All services of a study.

    Parameters
    ----------
    services : tuple of Service
        Services of facilities, in the order of the file.
    tiers : tuple of Service
        Tiers of towns as destinations.
    offered : frozenset of str
        Services that the study has facilities of: of those by level alone, only they stand for words of the register.
    """

    services: tuple[Service, ...]
    tiers: tuple[Service, ...] = ()
    offered: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        """Name the services in one line."""
        return f"<Vocabulary of {len(self.every)}: {', '.join(item.id for item in self.every)}>"

    @functools.cached_property
    def _by_key(self) -> dict[str, list[tuple[int, TagRule]]]:
        """Rules with the position of their service, by the key that each asks for."""
        index: dict[str, list[tuple[int, TagRule]]] = {}
        for position, service in enumerate(self.services):
            for rule in service.tags:
                index.setdefault(rule.key, []).append((position, rule))
        return index

    @property
    def every(self) -> tuple[Service, ...]:
        """Services of facilities, and behind them the tiers of towns."""
        return (*self.services, *self.tiers)

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the services of facilities, in the order of the file."""
        return tuple(service.id for service in self.services)

    @property
    def register_words(self) -> frozenset[str]:
        """Words by which the norm register may ask: ids, what services are, and what they only stand in for."""
        return frozenset(word for item in self.every for word in (item.id, *item.register, *item.proxy_for))

    @property
    def tag_keys(self) -> tuple[str, ...]:
        """Keys of which an element must have one to be a facility, sorted."""
        return tuple(sorted(self._by_key))

    def asks_for(self, key: str, value: str) -> bool:
        """Whether a rule that elements are found by accepts one tag."""
        return any(
            test.matches({key: value})
            for _, rule in self._by_key.get(key, ())
            for test in rule.tests
            if test.how == "=" and test.key == key
        )

    def get(self, service: str) -> Service | None:
        """Find a service or tier by its id; None where there is none."""
        return next((item for item in self.every if item.id == service), None)

    def names(self, language: str) -> dict[str, str]:
        """Name every service and tier in a language, by its id."""
        return {item.id: item.name(language) for item in self.every}

    @property
    def names_by_language(self) -> dict[str, dict[str, str]]:
        """Names by language of every service and tier, by its id."""
        return {item.id: dict(item.names) for item in self.every}

    def name(self, service: str, language: str = "en") -> str:
        """Name of a service, given by its id, in a language such as ``"zh"``; the id where nothing is known."""
        found = self.get(service)
        return service if found is None else found.name(language)

    def satisfying(self, service: str) -> frozenset[str]:
        """
        Name the services whose facilities count for one: itself and all that it includes, directly or not.

        Empty where it is not known.

        >>> sorted(load_services().satisfying("hospital"))
        ['district_hospital', 'emergency_district_hospital', 'emergency_hospital', 'hospital']
        """
        return self._satisfying.get(service, frozenset())

    @functools.cached_property
    def _satisfying(self) -> dict[str, frozenset[str]]:
        """What `satisfying` answers: readers ask it of every facility."""
        parts = {item.id: item.includes for item in self.every}
        found = {}
        for service in parts:
            within = [service]
            for item in within:
                within += [part for part in dict.fromkeys(parts[item]) if part in parts and part not in within]
            found[service] = frozenset(within)
        return found

    def for_register(self, name: str) -> Service | None:
        """
        Find the service that a word of the norm register asks for; None where nothing measures it.

        It has `proxy` True where it only stands in.

        >>> load_services().for_register("village_clinic").proxy
        True
        """
        known = [item for item in self.every if not item.is_by_level or item.id in self.offered]
        exact = next((service for service in known if name in service.register), None)
        stand_in = next((service for service in known if name in service.proxy_for), None)
        return replace(stand_in, proxy=True) if exact is None and stand_in is not None else exact

    def called(self, text: str) -> Service | None:
        """
        Find the service, or tier of towns, of an id, a word of the register or a name; None for none.

        >>> words = load_services()
        >>> [words.called(text).id for text in ("GP", "médecin", "药房", "Primary school")]
        ['primary_care', 'primary_care', 'pharmacy', 'primary_school']
        """
        wanted = fold(text.strip())
        exact = self.get(wanted) or self.for_register(wanted)
        called = ((item, word) for item in self.every for word in (*item.names.values(), *item.words))
        return exact or next((item for item, word in called if fold(word) == wanted), None)

    @functools.cached_property
    def families(self) -> Mapping[str, str]:
        """Map each service to the first that includes it where only its level tells them apart, else to itself."""
        wider: dict[str, str] = {}
        for service in self.services:
            for part in service.includes:
                wider.setdefault(part, service.id)
        return {item.id: wider.get(item.id, item.id) if item.is_by_level else item.id for item in self.services}

    def by_level(self, service: str) -> frozenset[str]:
        """Name what is looked for under a service of unknown level: itself, and those of another level alone."""
        return frozenset({service, *(part for part, family in self.families.items() if family == service)})

    def match(self, tags: Mapping[str, str]) -> tuple[str, ...]:
        """
        Name the most specific services of an element by its tags, in the order of the file; none for no facility.

        >>> load_services().match({"amenity": "hospital", "emergency": "yes"})
        ('emergency_hospital',)
        """
        matching = {position for key in tags for position, rule in self._by_key.get(key, ()) if rule.matches(tags)}
        found = [self.services[position] for position in sorted(matching)]
        ids = {service.id for service in found}
        dropped = {other for service in found for other in service.overrides}
        # One for which another of them counts says less than that one.
        dropped |= {item for item in ids if not self.satisfying(item).isdisjoint(ids - {item})}
        return tuple(service.id for service in found if service.id not in dropped)


def load_services(path: str | Path | None = None) -> Vocabulary:
    """
    Read the vocabulary of services: which there are, and which count for which.

    Parameters
    ----------
    path : str or Path, optional
        A file of the user's own, as `services_file` in a study, instead of the packaged one.

    Returns
    -------
    Vocabulary
        Checked.

    Raises
    ------
    StudyError
        Where the file cannot be read, with every fault and its key.

    Examples
    --------
    >>> load_services().name("hospital", "fr")
    'Hôpital'
    """
    return _packaged() if path is None else _read(Path(path))


@functools.cache
def _packaged() -> Vocabulary:
    return _read(None)


def _read(path: Path | None) -> Vocabulary:
    """Read and check a vocabulary; without a path the packaged one."""
    where = "services.toml" if path is None else str(path)
    with toml_faults(f"services_file {where}", "put it there"):
        content = shipped_toml("inputs/services.toml") if path is None else toml_table(toml_text(path))
    problems = [
        f"{key}: unknown key; write [service.ID] or [tier.TIER]" for key in content if key not in {"service", "tier"}
    ]
    read: dict[str, tuple[Service, ...]] = {}
    for kind in ("service", "tier"):
        tables = content.get(kind, {})
        if not isinstance(tables, dict):
            problems.append(f"{kind}: must be tables [{kind}.ID]")
            tables = {}
        several = [_read_one(name, table, f"{kind}.{name}", problems) for name, table in tables.items()]
        read[kind] = tuple(service for service in several if service is not None)
    services, tiers = read["service"], read["tier"]
    if not services and not problems:
        problems.append("service: the file defines none; write [service.ID] with names and tags")
    problems += _link_faults(services, tiers)
    refuse(where, problems, StudyError)
    return Vocabulary(services, tiers)


def _read_one(name: str, table: Any, where: str, problems: list[str]) -> Service | None:
    if not isinstance(table, dict):
        problems.append(f"{where}: must be a table")
        return None
    problems += [f"{where}.{key}: unknown key; the keys are {', '.join(_KEYS)}" for key in table if key not in _KEYS]
    names = table.get("names", {})
    if not isinstance(names, dict) or not all(isinstance(value, str) and value for value in names.values()):
        problems.append(f"{where}.names: must be a name by language")
        names = {}
    try:
        in_languages(names)
    except ValueError as error:
        problems.append(f"{where}.names: {error}")
    lists: dict[str, Any] = {}
    for key in _TEXT_LISTS:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            problems.append(f"{where}.{key}: must be a list of text")
            value = []
        lists[key] = tuple(value)
    rules = []
    for text in lists.pop("tags"):
        try:
            rules.append(parse_rule(text))
        except ValueError as error:
            problems.append(f"{where}.tags: {error}")
    always = table.get("round_the_clock", False)
    if not isinstance(always, bool):
        problems.append(f"{where}.round_the_clock: must be true or false")
    return Service(name, names, tags=tuple(rules), round_the_clock=always is True, **lists)


def _link_faults(services: tuple[Service, ...], tiers: tuple[Service, ...]) -> list[str]:
    """Find what services and tiers say of each other that cannot be: unknown ones, double claims, circles."""
    known = {service.id for service in services}
    problems = [
        f"service.{service.id}.{key}: no service {other!r}"
        for service in services
        for key, others in (("includes", service.includes), ("overrides", service.overrides))
        for other in others
        if other not in known
    ]
    problems += [
        f"tier.{tier.id}: unknown tier; the tiers are {', '.join(TIERS)}" for tier in tiers if tier.id not in TIERS
    ]
    problems += [f"service.{name}: a tier has that name" for name in sorted(known & set(TIERS))]
    claims: dict[str, list[str]] = {}
    for service in services:
        for level in service.levels:
            claims.setdefault(f"level {level}", []).append(service.id)
    for service in (*services, *tiers):
        for word in (*service.register, *service.proxy_for):
            claims.setdefault(word, []).append(service.id)
        for word in service.words:
            claims.setdefault(f"word {word}", []).append(service.id)
    problems += [
        f"register: {word!r} is claimed by {', '.join(owners)}; leave it to one"
        for word, owners in claims.items()
        if len(owners) > 1
    ]
    vocabulary = Vocabulary(services)
    return problems + [
        f"service.{service.id}.includes: includes itself by way of {other!r}"
        for service in services
        for other in service.includes
        if service.id in vocabulary.satisfying(other)
    ]
