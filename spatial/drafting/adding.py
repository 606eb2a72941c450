"""People, facilities, norms and scenarios of one's own, written at the end of a study file; what is there stays."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from spatial.crs import WGS84
from spatial.drafting.study_file import toml_block, words_in, words_of_file, write_study
from spatial.errors import SourceError, StudyError, first_of
from spatial.inputs.inspection.inspecting import inspect_file
from spatial.inputs.inspection.reports import Proposal, Setting
from spatial.inputs.prepare import prepare
from spatial.inputs.services import Vocabulary
from spatial.messages import Words
from spatial.plain_text import quoted, toml_table
from spatial.reporting.wording import counts_told
from spatial.runner.stage import EVERYTHING, Options
from spatial.stages.policy import binding_norms, check_policy, vocabulary_of
from spatial.study import Study
from spatial.study.scenarios import ScenarioOptions

_LIMIT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(min|h|km|mi|m)((?<=mi)les?)?")
_SHARE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%")
_DECIMAL_COMMA = re.compile(r",(?=[0-9]{1,2}(?![0-9]))")
"""One with three digits after it may set thousands apart."""
_CHINESE = {"分钟": "min", "小时": "h", "公里": "km", "千米": "km", "米": "m", "\uff05": "%"}
_NUMBERED = re.compile(r" \(table [0-9]+\)")
"""Which of several tables an item of `counts` is about."""
_MINUTES, _METRES = {"min": 1.0, "h": 60.0}, {"km": 1000.0, "mi": 1609.344, "m": 1.0}
NAMED = 10
"""Rows that are named of those that found no place."""


def add_norm(
    study_file: Path, service: str, limit: str, share: str, *, raw: Path, more: dict[str, Any]
) -> Iterator[str]:
    """Write a norm of one's own (a limit such as ``2km``, a share such as ``90%``) into a study, and say it."""
    plain = _DECIMAL_COMMA.sub(".", f"{limit.strip()}/{share.strip()}")
    for word, unit in _CHINESE.items():
        plain = plain.replace(word, unit)
    first, _, second = plain.partition("/")
    told = {"limit": _LIMIT.fullmatch(first), "share": _SHARE.fullmatch(second)}
    problems = [
        f"{name}: {text!r} is not such as {example}"
        for name, text, example in (("limit", limit, "20min, 2km, 500m or 2mi"), ("share", share, "90%"))
        if told[name] is None
    ]
    study = Study.from_toml(study_file, raw=raw)
    vocabulary = vocabulary_of(Options(study, EVERYTHING))
    service = _service_called(service, vocabulary, problems)
    if problems or told["limit"] is None or told["share"] is None:
        raise StudyError("norm", problems)
    number, unit = float(told["limit"][1]), told["limit"][2]
    is_time, target = unit in _MINUTES, float(told["share"][1]) / 100.0
    taken = {norm.id for norm in study.norms.add}
    stem = f"{study.name}-{service}-{number:g}{unit}".upper()
    name = next(one for one in (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))) if one not in taken)
    keys: dict[str, Any] = {
        "id": name,
        "service": service,
        "metric": "time_min" if is_time else "network_dist_m",
        "mode": "any",
        "threshold": number * (_MINUTES | _METRES)[unit],
        "target_share": target,
        "scope": "all",
        "norm_class": "guiding",
    } | {key: value for key, value in more.items() if value is not None}
    settings = tuple(Setting(key, value) for key, value in keys.items())
    text, study = _with(study_file, Proposal("norms.add", settings, is_list=True), raw=raw)
    write_study(study_file, text)
    language = study.outputs.languages[0]
    words = Words(language, names=vocabulary.names(language))
    say = partial(words.of("commands").say, "add")
    binding = binding_norms(Options(study, EVERYTHING)).set_index("norm_id")
    why_no_gate = words.reason(str(binding.loc[name, "no_gate"])) if name in binding.index else ""
    yield say(
        "norm",
        service=words.service(service),
        limit=words.limit(keys["threshold"], "min" if is_time else "m"),
        mode=say("shortest") if keys["mode"] == "any" and not is_time else words.say("mode", keys["mode"]),
        share=words.share(keys["target_share"]),
        who=say(f"who_{keys['scope']}"),
        **{"class": words.say("norm_class", keys["norm_class"])},
        norm=name,
        why=words.of("pages").say("page", "brackets", text=why_no_gate) if why_no_gate else "",
    )
    yield say("next", study=quoted(study_file))


def _service_called(service: str, vocabulary: Vocabulary, problems: list[str]) -> str:
    """Find a service by its id or by what people call it; one that is none is a problem."""
    if service in vocabulary.register_words:
        return service
    called = vocabulary.called(service)
    if called is None:
        names = sorted(item.id for item in vocabulary.every)
        problems.append(f"service: {service!r} is none; there are {first_of(names, limit=len(names))}")
    return service if called is None else called.id


def add_table(
    study_file: Path, file: Path, *, what: str, raw: Path, service: str | None = None, columns: Sequence[str] = ()
) -> Iterator[str]:
    """Write a list into a study, by `service` and `columns` before what is seen, and say which rows found a place."""
    kind = {"people": "attributes", "facilities": "facilities"}[what]
    problems = [f"service: belongs to facilities, not to {what}"] if service and what != "facilities" else []
    told = dict(column.partition("=")[::2] for column in columns)
    problems += [f"column: {key or title!r} is not such as name=TITLE" for key, title in told.items() if not title]
    given = {f"columns.{key}": Setting(f"columns.{key}", title) for key, title in told.items()}
    if service and not problems:
        vocabulary = vocabulary_of(Options(Study.from_toml(study_file, raw=raw), EVERYTHING))
        given["service"] = Setting("service", _service_called(service, vocabulary, problems))
    if problems:
        raise StudyError(f"add {what}", problems)
    seen = inspect_file(file, raw=raw, kind=kind)
    needed = {"people": "columns.population_persons", "facilities": "columns.name"}[what]
    titles = [field.name for layer in seen.layers for field in layer.fields]
    if strange := sorted(set(told.values()) - set(titles)):
        raise SourceError(f"file {file}: has no column {first_of(strange)}; its columns are {first_of(titles)}")
    # What every row is goes before what a column tells of each.
    without = given.keys() | ({"columns.service", "columns.kind"} if service else set())
    proposals = [
        replace(
            layer.proposal,
            settings=(*(one for one in layer.proposal.settings if one.key not in without), *given.values()),
        )
        for layer in seen.layers
        if layer.proposal is not None and not layer.problem
    ]
    readable = [one for one in proposals if needed in {setting.key for setting in one.settings}]
    if not readable:
        unread = [
            one.reason for proposal in proposals for one in proposal.settings if one.about == "population_persons"
        ]
        if what == "people" and unread:
            raise SourceError(f"file {file}: {unread[0]}")
        problem = next((layer.problem for layer in seen.layers if layer.problem), f"its columns are {first_of(titles)}")
        raise SourceError(
            f"file {file}: no column for {needed.removeprefix('columns.')} was found ({problem}); say which it is: "
            f"--column {needed.removeprefix('columns.')}=TITLE"
        )
    # What was guessed is taken and said; where coordinates may be shifted, or nothing was guessed, the user decides.
    settings, guessed = [], []
    for setting in readable[0].settings:
        is_id = setting.key in {"columns.facility_id", "id_from"} and setting.value != "..." and setting.reason
        if is_id or (not setting.is_decided and setting.key == "crs" and setting.value == WGS84):
            guessed.append((f"{setting.key} = {setting.value!r}", setting.reason))
            settings.append(replace(setting, is_decided=True))
        elif not setting.is_decided and setting.key == "crs":
            how = (
                f"spatial inspect {quoted(file)} prints the part for {study_file}: paste it there, and complete its crs"
            )
            raise SourceError(f"file {file}: in which grid it is has to be said: {setting.reason}; {how}")
        else:
            settings.append(setting)
    proposal = replace(readable[0], settings=tuple(settings), is_suggestion=False)
    text, study = _with(study_file, proposal, raw=raw)
    layers = None if proposal.undecided else prepare(study)
    write_study(study_file, text)
    language = study.outputs.languages[0]
    words = Words(language, names=vocabulary_of(Options(study, EVERYTHING)).names(language))
    say = partial(words.of("commands").say, "add")
    titled = {one.key.removeprefix("columns."): one for one in proposal.settings if one.key.startswith("columns.")}
    read = [say("read_as", column=one.value, name=name) for name, one in titled.items() if one.is_decided]
    rows_are = (one.value for one in proposal.settings if one.key == "service" and one.is_decided)
    read += [say("every_row", service=value) for value in rows_are]
    yield say("added", kind=kind, file=study_file, read=words.joined(read))
    yield from (f"  {say('guessed', guess=words.told_of(key, words.again(why)))}" for key, why in guessed)
    fields = next(layer.fields for layer in seen.layers if layer.proposal and not layer.problem)
    if unread := [field.name for field in fields if not field.meaning and field.name not in told.values()]:
        yield f"  {say('unread', columns=words.listed(unread[:NAMED], len(unread)))}"
    if layers is None:
        for setting in proposal.undecided:
            name, reason = setting.key or say("the_file"), words.again(setting.reason)
            yield f"  {say('decide', file=study_file, name=name, reason=reason)}"
        yield say("decide_first", file=study_file, study=quoted(study_file))
        return
    counts = layers.counts.loc[layers.counts["source"] == seen.named]
    counts = counts.loc[counts["number"] > 0].assign(item=counts["item"].str.replace(_NUMBERED, "", regex=True))
    for row in counts_told(counts, words).itertuples(index=False):
        yield f"  {words.told_of(str(row.item), words.number(row.number))}"
    if what == "facilities":
        # The list stands beside what is mapped: whoever gave all of them there are sees that more count.
        there = layers.facilities.loc[layers.facilities["in_study"]]
        own = there.loc[there["source"].astype(str) == seen.named]
        for name in sorted(own["service"].unique()):
            every, listed = (int(frame["service"].eq(name).sum()) for frame in (there, own))
            if every > listed:
                yield f"  {say('others', service=words.service(name), every=every, others=every - listed)}"
    if layers.to_decide is not None and len(layers.to_decide):
        lost = layers.to_decide.loc[layers.to_decide["source"].astype(str) == seen.named]
        if len(lost):
            yield f"  {say('lost', names=words.listed(lost['name'].tolist()[:NAMED], len(lost)))}"
    places = layers.settlements.loc[layers.settlements["in_study"]]
    known, least = int(places["population_persons"].notna().sum()), study.population.min_known_share
    if what == "people" and study.sources.population is None:
        share = known / max(len(places), 1)
        of_all = {"known": known, "places": len(places), "share": words.share(share), "least": words.share(least)}
        yield f"  {say('counted' if share >= least else 'too_few', **of_all)}"
        if share < least:
            yield f"  {say('to_count', share=math.floor(100 * share) / 100)}"
    yield say("next", study=quoted(study_file))


def add_scenario(study_file: Path, scenario: ScenarioOptions, *, raw: Path) -> None:
    """Write a scenario at the end of a study file; a name that is taken is refused."""
    if scenario.name in {item.name for item in Study.from_toml(study_file, raw=raw).scenarios}:
        raise StudyError(str(study_file), [f"scenarios: {scenario.name} is there already; give another name"])
    keys = scenario.model_dump(mode="json", exclude_defaults=True)
    settings = tuple(Setting(key, value) for key, value in keys.items())
    text, _ = _with(study_file, Proposal("scenarios", settings, is_list=True), raw=raw)
    write_study(study_file, text)


def _with(study_file: Path, proposal: Proposal, *, raw: Path) -> tuple[str, Study]:
    """Put a part at the end of a study file, and read the study that it would be; a faulty one is refused."""
    before = study_file.read_text(encoding="utf-8-sig")
    block = toml_block(proposal, words_in(words_of_file(study_file).language))
    text = before.rstrip() + "\n\n" + "\n".join(block) + "\n"
    named = {setting.key: setting.value for setting in proposal.settings}
    there: Any = toml_table(before)
    for part in proposal.section.split("."):
        there = there.get(part, {})
    # What stands there may wait for a decision, and says nothing to the study yet.
    if "path" in named and any(all(one.get(key) == named.get(key) for key in ("path", "layer")) for one in there):
        fault = f"[[{proposal.section}]] of {named['path']} stands there already; change it there, or delete it first"
        raise StudyError(str(study_file), [fault])
    try:
        study = Study.from_dict(toml_table(text), raw=raw, where=str(study_file))
    except tomllib.TOMLDecodeError as error:
        fault = f"[[{proposal.section}]] cannot be added at its end: {error}; write those there already as [[...]] too"
        raise StudyError(str(study_file), [fault]) from error
    check_policy(study)
    return text, study
