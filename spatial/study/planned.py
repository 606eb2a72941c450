"""A study as one of its scenarios has it: what the whole line runs on for a plan."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from spatial.errors import StudyError
from spatial.study import Study
from spatial.study.base import option
from spatial.study.scenarios import ScenarioOptions

if TYPE_CHECKING:
    from pathlib import Path

PLAN_NAME, BY_PLAN = "plan-", "plan:"
"""How the scenario that a plan is begins, and how it is asked for."""
PLANS_FILE = "plans.toml"
"""Plans of a run as scenarios; no stage reads it, so that a new plan makes nothing run again."""
BETWEEN = "--"
"""Stands between the names of study and scenario in the name of a run."""


class PlannedStudy(Study):
    """
    A study under one of its scenarios.

    Name, title and note say so; it has no scenarios of its own to try. `planned_study` makes it.
    """

    name: str = Field(description="Names of the study and of the scenario; names the output folders")
    scenario: ScenarioOptions | None = option(None, "The scenario that the run is of")
    study: str = option("", "Name of the study that holds the scenario")

    def own_files(self) -> dict[str, str]:
        """Files of the user's own that stages read beside the sources, those of the scenario among them."""
        if self.scenario is None:
            return super().own_files()
        whole = super(PlannedStudy, self.model_copy(update={"scenarios": (self.scenario,)})).own_files()
        return {key.replace("scenarios.", "scenario.", 1): path for key, path in whole.items()}


def planned_study(study: Study, scenario: str, plans: Path | None = None) -> PlannedStudy:
    """Put a study under one of its scenarios, or under a plan of its last run, ``plan:NAME`` of the file of plans."""
    items, where = list(study.scenarios), "write it under [[scenarios]]"
    wanted = scenario
    if scenario.startswith(BY_PLAN):
        wanted = PLAN_NAME + scenario.removeprefix(BY_PLAN)
        where = "`spatial run STUDY` draws plans for norms that fail"
        text = plans.read_text(encoding="utf-8") if plans is not None and plans.is_file() else ""
        try:
            items = [ScenarioOptions.model_validate(table) for table in tomllib.loads(text).get("scenarios", [])]
        except (tomllib.TOMLDecodeError, ValidationError) as error:
            raise StudyError(
                str(plans), [f"is no file of plans any more ({error}); delete it and run again"]
            ) from error
    known = {item.name: item for item in items}
    if wanted not in known:
        mine = [name.removeprefix(PLAN_NAME) if wanted != scenario else name for name in known]
        there = f"it has {', '.join(mine)}" if mine else f"it has none; {where}"
        raise StudyError(study.name, [f"scenarios: the study has no scenario {scenario!r}; {there}"])
    item = known[wanted]
    languages = list(dict.fromkeys([*study.title, *_words()["title"]]))
    values = {key: getattr(study, key) for key in Study.model_fields}
    if item.season is not None:
        values["network"] = study.network.model_copy(update={"season": item.season})
    title, note = {}, {}
    for language in languages:
        named = item.title.get(language) or next(iter(item.title.values()), item.name)
        title[language] = _said("title", language).format(title=study.title_in(language), scenario=named)
        said = _said("note", language).format(name=item.name, study=study.name)
        own = study.note.get(language) or next(iter(study.note.values()), "")
        note[language] = f"{said} {own}".strip()
    values |= {
        "name": f"{study.name}{BETWEEN}{item.name}",
        "title": title,
        "note": note,
        "scenarios": (),
        "scenario": item,
        "study": study.name,
    }
    return PlannedStudy.model_validate(values)


@cache
def _words() -> dict[str, dict[str, str]]:
    """Give the wording of title and note, by language."""
    text = (files("spatial.study") / "planned.toml").read_text(encoding="utf-8")
    return {key: {str(name): str(said) for name, said in told.items()} for key, told in tomllib.loads(text).items()}


def _said(what: str, language: str) -> str:
    words = _words()[what]
    return words.get(language, words["en"])
