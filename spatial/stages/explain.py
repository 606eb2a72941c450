"""What ``spatial explain``, ``spatial plan`` and the end of ``spatial run`` say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from spatial.errors import StoreError
from spatial.messages import Words
from spatial.norms.law import norm_id_of
from spatial.reporting import wording
from spatial.reporting.answer import answer_lines, answer_title
from spatial.reporting.explain import brief_text, explain, explanation_text
from spatial.reporting.plans import (
    action_details,
    action_text,
    amount_text,
    cost_text,
    doubt_text,
    place_name,
    plan_sentences,
    plan_title,
    progress_records,
)
from spatial.reporting.score import score_lines
from spatial.reporting.summary import gates_text, headline_text
from spatial.results import Results
from spatial.runner.stage import EVERYTHING, Options
from spatial.stages.policy import binding_norms, vocabulary_of
from spatial.study import Study
from spatial.study.edits import SCENARIO as OWN_EDITS

PLANS_TOLD, ACTIONS_TOLD = 3, 3
"""Plans that fit a screen, and actions of the first of them."""
ISSUES_TOLD = 3
"""Known issues that the end of a run tells."""
TABLES = (
    "settlements", "snaps", "access", "access_counts", "routes", "norm_results", "facilities", "edges", "last_mile",
    "intervals", "wet_losses", "measures", "off_road", "scenario_access", "emergency_response", "served", "scores",
    "score_components", "score_norms", "settlement_types", "plan_people",
)  # fmt: skip


def explain_settlement(
    study: Study, results: Results, settlement: str, *, language: str | None = None, is_brief: bool = False
) -> str:
    """Explain one settlement in words, those of the study where no language is named: all of it, or a screen."""
    words, options = words_of(study, language), Options(study, EVERYTHING)
    language, names = words.language, words.names
    # Townships of settlements, and scores, bear the names of the language.
    tables = {name: getattr(results, name) for name in TABLES if name in results.names}
    sources = ("provenance", "plan_sources")
    provenance = wording.every_source({name: getattr(results, name) for name in sources if name in results.names})
    if "known_issues" in results.names:
        provenance = wording.provenance_told(provenance, results.known_issues, language)
    boundaries = results.boundaries if "boundaries" in results.names else None
    settlements = tables["settlements"]
    tables["settlements"] = settlements.assign(township=wording.township_in(settlements, language, boundaries))
    if "scores" in tables:
        tables["scores"] = wording.named_in(tables["scores"], language, settlements, boundaries)
    summary: dict[str, Any] = {}
    with suppress(StoreError):  # the run has not come to its summary
        summary = results.summary
    told = explain(
        settlement,
        tables,
        register=binding_norms(options),
        sources=[{str(key): value for key, value in row.items()} for row in provenance.to_dict("records")],
        issues=wording.known_issues(provenance, language),
        certainty=summary.get("certainty"),
        plans=summary.get("plans", ()),
        pillar_weights={str(pillar): weight for pillar, weight in study.score.weights.items()},
    )
    if is_brief:
        return brief_text(told, language, mode=study.network.modes[0], names=names)
    # What users drew is a scenario of the run, and not of the study file.
    titles = {OWN_EDITS: words.say("study", "own_edits")}
    titles |= {item.name: item.title.get(language) or item.title.get("en", "") for item in options.scenarios}
    return explanation_text(told, language, service_names=names, scenario_names=titles)


def closing_lines(study: Study, summary: dict[str, Any]) -> list[str]:
    """Say what fits a screen at the end of a run: the answer, mandatory norms, the level, and what forbids a use."""
    words = words_of(study)
    language = words.language
    lines = [*answer_told(summary, words), gates_text(summary["gates"], language)]
    lines += score_lines(wording.score_in(summary.get("score"), language), language)[:1]
    # A fault of a source is told where it forbids something or moves a number; the others stand with the sources.
    known = [
        record
        for record in summary.get("known_issues") or ()
        if record["forbids"]
        or record["without_rank"]
        or record["affects"]
        or (record.get("notice") and record["notice"] not in wording.TIDIED | wording.DOUBTED)
    ]
    told = wording.issue_lines({"known_issues": known}, language, names=words.names) if known else []
    rest = [words.say("answer", "issues_more", n=len(told) - ISSUES_TOLD)] if len(told) > ISSUES_TOLD else []
    return [*lines, *told[:ISSUES_TOLD], *rest]


def headline_lines(study: Study, summary: dict[str, Any]) -> list[str]:
    """Say the headline numbers of a run and how they came about, a line each."""
    words = words_of(study)
    language, names = words.language, words.names
    by_id = {norm_id_of(norm): norm for norm in summary["norms"]}
    lines = answer_told(summary, words)
    bare = [name for name in summary["headlines"] if by_id[name].get("nothing_mapped")]
    shown = [name for name in summary["headlines"] if name not in bare]
    lines += [words.told_of(name, headline_text(by_id[name], language, service_names=names)) for name in shown]
    if bare:
        services = dict.fromkeys(words.service(by_id[name]["service"]) for name in bare)
        listed = words.joined(services)
        lines.append(words.say("answer", "unmapped", count=len(bare), list=listed))
    lines.append(gates_text(summary["gates"], language))
    lines += score_lines(wording.score_in(summary.get("score"), language), language)
    lines += wording.namesake_texts(summary, words)
    return [*lines, *wording.issue_lines(summary, language, names=names)]


def words_of(study: Study, language: str | None = None) -> Words:
    """Take the words of a language, by default the study's first, with the names of its services and tiers of towns."""
    chosen = language or study.outputs.languages[0]
    return Words(chosen, names=vocabulary_of(Options(study, EVERYTHING)).names(chosen))


def answer_told(summary: dict[str, Any], words: Words) -> list[str]:
    """Say the answer: its title, then its sentences; nothing where a summary has none."""
    answer = summary.get("answer")
    if answer is None:
        return []
    return [
        words.say("answer", "sentence", text=answer_title(answer, words)),
        *answer_lines(answer, summary.get("plans", ()), words),
    ]


def plan_overview(study: Study, results: Results, *, language: str | None = None) -> list[str]:
    """Say of the first plans what each brings, of the first one with what it begins, and how many others there are."""
    words, records, lines = words_of(study, language), results.summary["plans"], list[str]()
    drawn = [record for record in records if record["actions"]]
    for record in drawn[:PLANS_TOLD]:
        lines.append(words.told_of(record["plan_id"], plan_title(record, words)))
        for action in record["actions"][: ACTIONS_TOLD if record is drawn[0] else 0]:
            lines.append(f"  {_action_line(record, action, words)}")
    if drawn and len(drawn[0]["actions"]) > ACTIONS_TOLD:
        more = words.say("plan_line", "more", count=len(drawn[0]["actions"]) - ACTIONS_TOLD)
        lines.insert(1 + ACTIONS_TOLD, f"  {more}")
    # Norms may fail without any plan that helps.
    without = [" ".join(plan_sentences(record, words)) for record in records[:PLANS_TOLD]]
    lines += [] if drawn else without or [words.say("plan_line", "none")]
    lines += _progress_lines(results, words)
    rest = words.say("plan_line", "rest", plans=len(drawn[PLANS_TOLD:]), norms=len(records) - len(drawn))
    return [*lines, rest] if records else lines


def _action_line(record: dict[str, Any], action: dict[str, Any], words: Words) -> str:
    """Say an action: its number, what is done where, whom it brings, and of what length it is."""
    counted = record["counted"] if action["shown"]["persons"] is None else "persons"
    what = action_text(action, place_name(action, words), words)
    township = wording.pick(action["township_names"], words.language)
    own = {
        "step": action["step"],
        "what": words.say("plan_line", "where", what=what, township=township) if township else what,
        "gained": amount_text(record, action["shown"][counted], words, what=counted),
        "length": words.measure(action["length_km"], "km", decimals=1) if action["length_km"] else "",
    }
    return words.say("plan_line", "action_km" if own["length"] else "action", **own)


def _progress_lines(results: Results, words: Words) -> Iterator[str]:
    """Say of each action that was built whom it was to bring, and who is within by now."""
    told = ("plan_progress", "plan_actions", "settlements", "facilities", "boundaries")
    for row in progress_records({name: getattr(results, name) for name in told if name in results.names}):
        if row["state"] == "built":
            what = "places" if row["promised_persons"] is None else "persons"
            now, then = (words.number(row[f"{side}_{what}"]) for side in ("within", "promised"))
            plan, _, place = row["action_id"].partition("/")
            named = words.say("plan", "joint").join([plan, wording.pick(row["names"], words.language) or place])
            yield words.say("plan_line", f"built_{what}", action=named, now=now, then=then)


def plan_lines(study: Study, results: Results, *, language: str | None = None) -> list[str]:
    """Say what to do first: each plan in a sentence or two with its actions, then norms without one, then progress."""
    words, records, lines = words_of(study, language), results.summary["plans"], list[str]()
    for record in records:
        if not record["actions"]:
            continue
        told = [*plan_sentences(record, words), cost_text(record, words), doubt_text(record, words)]
        lines.append(words.told_of(record["plan_id"], " ".join(filter(None, told))))
        for action in record["actions"]:
            line = _action_line(record, action, words)
            for key, text in action_details(record, action, words).items():
                line = words.say("plan_line", "detail", line=line, detail=words.say("plan_line", key, text=text))
            lines.append(f"  {line}")
    without = [" ".join(plan_sentences(record, words)) for record in records if not record["actions"]]
    lines += without or ([] if lines else [words.say("plan_line", "none")])
    lines += _progress_lines(results, words)
    # Who goes where within what there is changes no road and no site.
    drawn = [record.get("together") or record["plan_id"] for record in records
             if record["actions"] and record["question"] != "matching"]  # fmt: skip
    return lines + [words.say("plan_line", "try", plan=name) for name in drawn[:1]]
