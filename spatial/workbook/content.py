"""What stands on each sheet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import pandas as pd

from spatial.messages import Words
from spatial.reporting import wording
from spatial.reporting.disclosure import SUPPRESSED
from spatial.reporting.plans import HAVING, action_text, place_name, plan_title, reach_text, service_text
from spatial.reporting.score import component_text, detail_text, is_unmapped, label_text, levels_shown, score_lines
from spatial.reporting.sign_off import causes_text, fingerprint
from spatial.reporting.summary import gates_text, headline_text, missing_by_unit
from spatial.reporting.wording import capital
from spatial.study.score import GapTargets
from spatial.tables import TABLES
from spatial.tables.words import PILLARS
from spatial.workbook.sheets import MAX_ROWS, BookMeta, Column, Sheet, Value

PERSON_SIDES = ("in_scope", "served", "unserved", "unknown")
UNTOLD = ("served_share", "persons_served", "persons_unserved", "places_served", "places_unserved")
"""What nobody can tell of a norm of which nothing is mapped; the reason says why it is empty."""
NAMED = {"components": 3, "norms": 4, "failing": 2, "columns": 2, "plans": 3, "left": 2, "room": 3, "facilities": 2}
"""First columns that say what a row is of, where that is not the first one alone."""
TABLES_OF = {
    "norms": "norm_results",
    "score": "scores",
    "components": "score_components",
    "unit_types": "unit_types",
    "failing": "gaps",
    "facilities": "facilities",
    "units": "unit_totals",
    "sources": "provenance",
}
"""The whole table behind each sheet that may be cut."""
MEETS = {"yes": "met", "no": "not_met", "unknown": "unknown"}
"""Ground of a gap by whether it meets its target."""


Say = Callable[[Any], str]


@dataclass(frozen=True)
class Content:
    """The sheets of one study."""

    # `settlements`, `boundaries`, `facilities`, `norm_results`, `gaps`, `provenance` and `sign_off`, and
    # perhaps `scores` and `score_components`, by contract
    tables: Mapping[str, pd.DataFrame]
    summary: Mapping[str, Any]  # as `summarise_study` returns it
    register: pd.DataFrame  # as `applicable_norms` returns it
    meta: BookMeta  # what the study says of itself
    words: Words  # of the language that all of it is in

    def sheets(self) -> Iterator[Sheet]:
        """Make every sheet, and before the one to be signed one that says what their columns are."""
        about: list[tuple[str, Column]] = []
        for sheet in self._results():
            about += [(sheet.name, column) for column in sheet.columns if column.about]
            yield sheet
        signed = self._sign_off() if "sign_off" in self.tables else []
        about += [(self.words.say("sheet", "sign_off"), column) for column in signed if column.about]
        empty = self.words.say("flag", "no_value")  # what NaN is here
        told = {
            "sheet": [name for name, _ in about],
            "column": [column.title for _, column in about],
            "about": [
                column.about.replace("NaN", empty.capitalize() if column.about.startswith("NaN") else empty)
                for _, column in about
            ],
        }
        yield self._sheet("columns", [self._column(key, values) for key, values in told.items()])
        if signed:
            signers = tuple(self._told(line, "____________________", "sign") for line in ("office", "name", "date"))
            rows = self._told("rows", fingerprint(self.tables["sign_off"]), "sign")
            yield self._sheet("sign_off", signed, (*signers, rows))

    def _results(self) -> Iterator[Sheet]:
        """Make the sheets of results and of what they are made from."""
        tables, plans = self.tables, self.summary.get("plans") or []
        is_scored = "scores" in tables and "score_components" in tables
        sheets: tuple[tuple[str, Callable[[], list[Column]], bool], ...] = (
            ("summary", self._summary, True),
            ("score", self._score, is_scored),
            ("components", self._components, is_scored),
            ("unit_types", self._unit_types, is_scored and "unit_types" in tables),
            ("town_system", self._town_system, is_scored and "town_system" in tables),
            ("norms", self._norms, True),
            ("failing", self._failing, True),
            ("plans", partial(self._plans, plans), bool(plans)),
            ("left", partial(self._left, plans), any(plan["left"] for plan in plans)),
            ("refused", self._refused, "plan_refused" in tables),
            ("room", self._room, "plan_capacity" in tables),
            ("stops", self._stops, "plan_stops" in tables),
            ("progress", self._progress, "plan_progress" in tables),
            ("checks", self._checks, "field_checks" in tables),
            ("settle", self._settle, len(tables.get("site_profile", ())) > 0),
            ("facilities", self._facilities, True),
            ("inventory", self._inventory, "inventory" in tables),
            ("units", self._units, "unit_totals" in tables),
            ("sources", self._sources, True),
        )
        for key, columns, is_told in sheets:
            if is_told:
                yield self._sheet(key, columns())

    def _told(self, key: str, value: str, section: str = "item") -> str:
        """Say what a value is of, and the value."""
        return self.words.say(section, key) + self.words.of("pages").say("page", "colon") + value

    @property
    def _audience(self) -> str:
        """Say for whom the sheets are, and what that withholds."""
        return self.words.say("audience", "public" if self.meta.below else "internal", number=self.meta.below)

    def _by(self, section: str, part: str = "workbook") -> Say:
        """Say codes by a section of the messages."""
        return partial(self.words.of(part).say, section)

    def _measure(self, unit: str) -> str:
        """Say a unit of measure: one of the register, else one of the data dictionary."""
        said = self.words.term(unit)
        return self.words.unit(unit) if said == unit else said

    def _sheet(self, key: str, columns: Sequence[Column], tail: tuple[str, ...] = ()) -> Sheet:
        notes = [
            self.words.say("status", self.meta.status),
            self._told("as_of", self.meta.as_of.isoformat()),
            self.words.say("basis", self.meta.population_basis),
        ]
        if self.meta.below:
            notes.append(self._audience)
        if self.meta.map_approval:
            notes.append(self._told("map_approval", self.meta.map_approval))
        elif self.meta.approval_wanted:
            notes.append(self.words.say("note", "approval_wanted"))
        if self.meta.synthetic:
            notes.append(self.words.say("item", "synthetic"))
        rows = len(columns[0].values)
        if rows > MAX_ROWS:
            shown, total = self.words.number(MAX_ROWS), self.words.number(rows)
            table = TABLES_OF.get(key, key)
            notes.append(self.words.say("note", "cut", shown=shown, rows=total, table=table))
        name = self.words.say("sheet", key)
        title = f"{self.words.pick(self.meta.title)} · {name}"
        return Sheet(name, title, " · ".join(notes), tuple(columns), NAMED.get(key, 1), tail)

    def _column(self, key: str, values: Sequence[Value] | pd.Series, **more: Any) -> Column:
        """Make a column that is of no table."""
        return Column(self.words.say("column", key), "text", [wording.plain(value) for value in values], **more)

    def _field(
        self, table: str, name: str, values: Sequence[Value] | pd.Series, say: Say | None = None, **more: Any
    ) -> Column:
        """Make a column of a table, with title, unit and form of the data dictionary, its codes in words."""
        field = TABLES[table].by_name[name]
        if say is not None:
            codes = pd.Series(values)
            values = codes.map({code: say(code) for code in codes.dropna().unique()})
        form = field.form if say is None else "text"
        title, about = self.words.title(field.title, field.unit), self.words.about(field.description)
        return Column(title, form, [wording.plain(value) for value in values], about=about, **more)

    def _fields(self, table: str, rows: pd.DataFrame, columns: str, **says: Say) -> list[Column]:
        """
        Make several columns of a table, each named with the section of the messages that says its codes, if any.

        ``status:results.status!`` is said by a section of another part, its cells on the ground of their codes;
        ``plans/rank`` is a column of another table, ``=what`` one of none, and ``=left_persons#whole`` one of numbers.
        """
        of_none: dict[str, Callable[[], Sequence[Value] | pd.Series]] = {
            "unit_name": lambda: self._units_of(rows),
            "norm_name": lambda: rows["norm_id"].map(self._norm_names),
            "norm_source": lambda: rows["norm_id"].map(self._instruments),
        }
        known: dict[str, Say] = {
            "service": self.words.service, "measure": self._measure, "reason": self.words.reason,
            "flag": lambda flag: self.words.say("flag", str(flag).lower()),
        }  # fmt: skip
        made = []
        for column in columns.split():
            place, _, told = column.rstrip("!").partition(":")
            of, _, name = place.rpartition("/")
            if name.startswith("="):
                key, _, kind = name.removeprefix("=").partition("#")
                kinds = [kind] * len(rows) if kind else ()
                made.append(self._column(key, rows[key] if key in rows else of_none[key](), kinds=kinds))
                continue
            part, _, section = told.rpartition(".")
            say = says.get(name) or known.get(told) or (self._by(section, part or "workbook") if told else None)
            codes = list(rows[name]) if column.endswith("!") else ()
            one = self._field(of or table, name, rows[name], say, codes=codes)
            if SUPPRESSED.name in rows:
                # What the public is not told says so in its cell, which is neither empty nor 0.
                withheld = [name in names.split() for names in rows[SUPPRESSED.name]]
                word = self.words.say("flag", "withheld")
                values = [word if hidden else value for hidden, value in zip(withheld, one.values, strict=True)]
                one = replace(one, values=values)
            made.append(one)
        return made

    def _summary(self) -> list[Column]:
        labels, values, kinds = zip(*self._lines(), strict=True)
        return [self._column("item", labels), self._column("value", values, kinds=kinds)]

    def _lines(self) -> Iterator[tuple[str, Value, str]]:
        """Tell the study in lines: what it is, how much was counted, sentences on its results, known issues."""
        meta, summary = self.meta, self.summary
        yield self.words.say("item", "title"), self.words.pick(meta.title), "text"
        yield self.words.say("item", "as_of"), meta.as_of.isoformat(), "text"
        yield self.words.say("item", "status"), self.words.say("status", meta.status), "text"
        yield self.words.say("item", "audience"), self._audience, "text"
        yield self.words.say("item", "population_basis"), self.words.say("basis", meta.population_basis), "text"
        wanted = self.words.say("note", "approval_wanted") if meta.approval_wanted else ""
        if meta.map_approval or wanted:
            yield self.words.say("item", "map_approval"), meta.map_approval or wanted, "text"
        if meta.note:
            yield self.words.say("item", "note"), self.words.pick(meta.note), "text"
        for key in ("persons", "places", "places_in_buffer", "places_without_population"):
            number: Value = summary["population"][key]
            if key == "persons" and number is not None and summary["population"].get("places_withheld"):
                yield self.words.say("item", key), f"≥ {self.words.number(number)}", "text"
            else:
                yield self.words.say("item", key), number, "count"
        facilities = self.tables["facilities"]
        counted = facilities["in_study"] & (facilities["status"] == "existing")
        yield self.words.say("item", "facilities"), int(counted.sum()), "count"
        yield self.words.say("item", "gaps"), len(self.tables["gaps"]), "count"
        norms = {norm["norm_id"]: norm for norm in summary["norms"]}
        words, results = self.words, self.words.of("results")
        gates = summary["gates"] | {"fail": [self._norm_names.get(norm, norm) for norm in summary["gates"]["fail"]]}
        yield words.say("item", "gates"), gates_text(gates, words.language), "text"
        for line in score_lines(wording.score_in(summary.get("score"), words.language), words.language):
            yield words.say("item", "score"), line, "text"
        for name in summary["headlines"]:
            said = headline_text(norms[name], words.language, service_names=words.names)
            yield self._norm_names.get(name, name), said, "text"
        for key, table, column, code in (
            ("checks_waiting", "field_checks", "is_confirmed", False),
            ("actions_built", "plan_progress", "state", "built"),
        ):
            count = int((self.tables[table][column] == code).sum()) if table in self.tables else 0
            if count:
                yield words.say("item", key), count, "count"
        known = summary.get("known_issues") or []
        for issue in () if known else summary["issues"]:
            yield words.say("item", "issue"), issue, "text"
        for record in known:
            yield (
                words.say("item", "issue"),
                results.told_of(record["path"], wording.issue_text(record, results)),
                "text",
            )
            if record["forbids"] or record["affects"]:
                yield words.say("item", "issue_effect"), wording.effect_text(record, results), "text"

    def _units_of(self, rows: pd.DataFrame) -> list[str]:
        """Name the study or township of each row."""
        bounds = self.tables["boundaries"]
        names = dict(zip(bounds["boundary_id"], self._names(bounds), strict=True))
        whole = self.words.say("item", "study")
        return [
            whole if level == "study" else names.get(unit) or unit
            for level, unit in zip(rows["unit_level"], rows["unit_id"], strict=True)
        ]

    def _score(self) -> list[Column]:
        """List the study first, then townships by rank; each gap with a target is a column of its own."""
        scores, results = levels_shown(self.tables["scores"]), self.words.of("results")
        rows = scores.loc[scores["unit_level"].isin(["study", "township"])].sort_values(
            ["unit_level", "median_rank", "unit_id"], kind="stable"
        )
        rows = rows.assign(label=[label_text(row, results) for row in rows.to_dict("records")])
        names, levels = self._norm_names, " ".join(f"level_{name}" for name in PILLARS)
        return [
            *self._fields(
                "scores",
                rows,
                f"=unit_name unit_id =label {levels} integration_level level_low level_high segmentation_index "
                "gaps_met gaps_measured",
                unit_id=_unit_id,
            ),
            *self._target_gaps(rows),
            *self._fields(
                "scores",
                rows,
                "mandatory_status:results.gate! gates_passed gates_in_force failed_gates median_rank low_rank "
                "high_rank rank_status:results.rank_status! population_persons unserved_persons known_share",
                failed_gates=partial(_each_said, self.words, lambda norm: names.get(norm) or norm),
            ),
        ]

    def _target_gaps(self, rows: pd.DataFrame) -> Iterator[Column]:
        parts = self.tables["score_components"]
        wanted = parts.loc[parts["unit_level"].isin(["study", "township"]) & parts["target"].notna()]
        units = pd.MultiIndex.from_frame(rows[["unit_level", "unit_id"]])
        for name in wanted["component"].drop_duplicates():
            own = wanted.loc[wanted["component"] == name].set_index(["unit_level", "unit_id"])
            target, unit = float(own["target"].iloc[0]), str(own["unit"].iloc[0])
            asked = GapTargets().of(str(name))
            sign = "≥" if asked is not None and asked[1] else "≤"
            results = self.words.of("results")
            title = self.words.say(
                "column",
                "gap_target",
                gap=component_text(str(name), results),
                unit=results.say("score_unit", unit),
                target=f"{sign} {self.words.figure(target)}",
            )
            meets = own["meets_target"].reindex(units).map(MEETS).fillna("")
            values = [wording.plain(value) for value in own["value"].reindex(units)]
            yield Column(title, "index", values, codes=list(meets))

    def _components(self) -> list[Column]:
        parts, results = self.tables["score_components"], self.words.of("results")
        rows = parts.loc[parts["unit_level"] == "study"]
        names = self._norm_names
        details = [
            wording.road_text(detail, self.tables, results)
            if component == "robust_coverage" and detail
            else detail_text(component, ";".join(names.get(part, part) for part in detail.split(";")), results)
            for component, detail in zip(rows["component"].astype(str), rows["detail"].astype(str), strict=True)
        ]
        table = "score_components"
        return [
            *self._fields(
                table,
                rows,
                "pillar:results.pillar side:side component value low high unit:results.score_unit target",
                component=lambda name: component_text(name, results),
            ),
            self._field(
                table,
                "meets_target",
                rows["meets_target"],
                self._by("meets", "results"),
                codes=[MEETS.get(code, "") for code in rows["meets_target"]],
            ),
            *self._fields(
                table,
                rows.assign(detail=details),
                "persons persons_known persons_unknown detail component_status:results.component_status",
            ),
        ]

    def _unit_types(self) -> list[Column]:
        """List the study first, then townships, each with the functional urban area that it belongs to."""
        rows = self.tables["unit_types"]
        areas = self.tables.get("functional_areas", pd.DataFrame({"unit_id": []})).set_index("unit_id")
        if "fua_id" in areas:
            led = areas["fua_id"].map(
                wording.names_by_id(self.tables["boundaries"], "boundary_id", self.words.language)
            )
            areas = areas.assign(fua_name=led.where(led.notna(), areas["fua_name"]))
        areas = areas.reindex(columns=["fua_name", "fua_part", "commuting_share", "within_share"])
        areas = areas.reindex(rows["unit_id"])
        shares, official = (
            " ".join(str(name) for name in rows if str(name).startswith(start)) for start in ("share_", "official_")
        )
        return [
            *self._fields(
                "unit_types",
                rows,
                f"=unit_name unit_id degurba_level2 population_persons {shares} basis:type_basis basis_reason "
                f"{official} compared_persons differ_persons",
                unit_id=_unit_id,
                degurba_level2=lambda code: self.words.say("unit_type", str(code)),
                basis_reason=lambda code: self.words.say("type_reason", code or "measured"),
            ),
            *self._fields("functional_areas", areas, "fua_name fua_part:fua_part commuting_share within_share"),
        ]

    def _town_system(self) -> list[Column]:
        columns = "measure:town_measure value towns_counted towns_total"
        return self._fields("town_system", self.tables["town_system"], columns)

    def _norms(self) -> list[Column]:
        results = self.tables["norm_results"]
        rows = results.loc[results["unit_level"].isin(["study", "township"])]
        bare = rows["reason"].map(lambda reason: is_unmapped({"reason": reason})).astype(bool)
        missing = missing_by_unit(rows, self.tables, self.words.of("results"))
        rules = self.register.set_index("norm_id")
        units = rows["norm_id"].map(rules["unit"])
        norm_unit = units.map({unit: self._measure(unit) for unit in units.dropna()})
        rows = rows.assign(**{name: rows[name].mask(bare) for name in UNTOLD}, judged_if=missing, norm_unit=norm_unit)
        counted = " ".join(f"{what}_{side}" for what in ("persons", "places") for side in PERSON_SIDES)
        return self._fields(
            "norm_results",
            rows,
            "=unit_name unit_id norm_id =norm_name service:service norm_class:results.norm_class! "
            f"status:results.status! status_as_mapped:results.status! {'judged_if' if missing.ne('').any() else ''} "
            "gate:results.gate! threshold =norm_unit target_share served_share served_share_lower served_share_upper "
            f"{counted} reason:reason =norm_source",
            unit_id=_unit_id,
        )

    @cached_property
    def _norm_names(self) -> dict[str, str]:
        """Short names of norms."""
        rules = self.register.to_dict("records")
        return {str(rule["norm_id"]): wording.norm_name(rule, self.words) for rule in rules}

    @cached_property
    def _instruments(self) -> dict[str, str]:
        """Titles of the instruments of norms, in their own words where these are of the language of the workbook."""
        rules = self.register.to_dict("records")
        return {str(rule["norm_id"]): wording.source_title(rule, self.words.of("results")) for rule in rules}

    def _failing(self) -> list[Column]:
        gaps = pd.DataFrame(self.tables["gaps"]).sort_values(["rank", "settlement_id", "norm_id"], kind="stable")
        places = self.tables["settlements"].set_index("settlement_id")
        names = pd.Series(self._names(places), index=places.index)
        more = " ".join(name for name in wording.columns_told("access")["gaps"] if name in gaps)
        gaps["township"] = self._townships(gaps) if "township" in gaps else ""
        gaps["settlement"], gaps["tier"] = (gaps["settlement_id"].map(known) for known in (names, places["tier"]))
        return self._fields(
            "gaps",
            gaps,
            "rank =settlement settlement_id township settlements/tier:results.tier norm_id =norm_name "
            "norm_class:results.norm_class! service:service value threshold excess unit:measure persons_unserved "
            f"is_near_miss:flag status:results.status! reach_status:results.reach remedy:remedy {more}",
        )

    def _plans(self, plans: Sequence[dict[str, Any]]) -> list[Column]:
        """List the actions of each plan in their order; a plan without any says why in its title."""
        results, by = self.words.of("results"), self._by
        decided = self.tables.get("plan_progress")
        state_of = {} if decided is None else decided.set_index("action_id")["state"].to_dict()
        told = []
        of_action = "action_id step length_km share_after tenure constraint cost currency cost_per_gained chosen_share"
        for plan in plans:
            ours = {name: plan[name] for name in ("rank", "norm_id", "norm_class", "plan_status")}
            ours["plan"] = plan_title(plan, results)
            ours["reach"] = reach_text(plan, results) if plan["question"] not in HAVING else ""
            ours["plan_service"] = service_text(plan, results)
            for action in plan["actions"] or [{}]:
                row = ours | {name: action.get(name) for name in (*of_action.split(), "responsible")}
                if action:
                    where = place_name(action, results)
                    row |= {"place": where, "what": capital(action_text(action, where, results))}
                    row |= {"township": wording.pick(action["township_names"], self.words.language)}
                    row |= {f"{what}_gained": count for what, count in action["shown"].items()}
                told.append(row)
        wanted = ("what", "place", "township", "length_km", "persons_gained", "places_gained", "action_id")
        rows = pd.DataFrame(told)
        rows = rows.assign(**{name: None for name in wanted if name not in rows}).astype({"action_id": object})
        rows["state"] = rows["action_id"].map(state_of)
        known: dict[str, Say] = {name: partial(_each_said, self.words, by(name)) for name in ("tenure", "constraint")}
        known["responsible"] = by("duty_bearer", "results")
        money = [name for name in ("cost", "currency", "cost_per_gained", "chosen_share") if rows[name].notna().any()]
        spoken = [name for name in known if rows[name].notna().any()]
        return self._fields(
            "plan_actions",
            rows,
            "plans/rank step =what =plan place township length_km persons_gained places_gained share_after "
            f"{' '.join([*money, *spoken])} =plan_service =reach plans/norm_id =norm_name "
            "plans/norm_class:results.norm_class! =norm_source plans/plan_status:plan_status "
            f"{'plan_progress/state:plan_state' if rows['state'].notna().any() else ''}",
            **known,
        )

    def _left(self, plans: Sequence[dict[str, Any]]) -> list[Column]:
        """List by plan and township who is still beyond, most people first, and how far they are then."""
        results = self.words.of("results")
        told = [
            entry
            | {"rank": plan["rank"], "plan_service": service_text(plan, results)}
            | {"unit_name": wording.pick(entry["names"], self.words.language) or entry["township_id"]}
            | (
                dict.fromkeys(("reach", "low", "high", "unit"))
                if plan["question"] in HAVING
                else {"reach": reach_text(plan, results), "unit": plan["unit"]}
            )
            for plan in plans
            for entry in plan["left"]
        ]
        rows = pd.DataFrame(told).rename(columns={"none_reached": "none"})
        rows["near"] = [entry["persons"] for entry in rows["near"]]
        rows = rows.rename(
            columns={name: f"left_{name}" for name in ("persons", "places", "low", "high", "none", "near")}
        )
        return self._fields(
            "plans",
            rows,
            "rank =plan_service =reach =unit_name =left_persons#whole =left_places#whole =left_low#decimal "
            "=left_high#decimal unit:measure =left_none#whole =left_near#whole",
        )

    def _refused(self) -> list[Column]:
        """List what plans could not take, with the reason."""
        several: dict[str, Say] = {
            name: partial(_each_said, self.words, self._by(name)) for name in ("tenure", "constraint")
        }
        columns = "plan_id source:plan_source place_id place why:plan_refused tenure constraint area_m2"
        return self._fields("plan_refused", self.tables["plan_refused"], columns, **several)

    def _room(self) -> list[Column]:
        """List what facilities hold, what of it plans give to whom, and what one more unit would be worth."""
        rows = self.tables["plan_capacity"]
        names = self.tables["facilities"].set_index("facility_id")["name"]
        return self._fields(
            "plan_capacity",
            rows.assign(name=rows["facility_id"].map(names)),
            "plan_id facility_id facilities/name service:service capacity_unit capacity_persons idle_persons "
            "given_persons left_persons more_persons",
        )

    def _stops(self) -> list[Column]:
        columns = "plan_id day order settlement_id place arrive_min leave_min gained"
        return self._fields("plan_stops", self.tables["plan_stops"], columns)

    def _settle(self) -> list[Column]:
        """List what each place offers a firm, a column a measure; what nobody knows says why."""
        profile, results = pd.DataFrame(self.tables["site_profile"]), self.words.of("results")
        places = profile.drop_duplicates("place_id")
        homes = self.tables["settlements"].set_index("settlement_id")
        named = pd.Series(self._names(homes), index=homes.index)
        names = places["place_id"].map(named).fillna(places["name"])
        columns = []
        for measure, part in profile.groupby("measure", sort=False):
            own = part.set_index("place_id").reindex(places["place_id"])
            why = own["status"].map(partial(results.say, "profile_status"))
            values = own["value"].astype(object).where(own["value"].notna(), why).tolist()
            kind = "decimal" if str(measure).endswith("_min") else "whole"
            kinds = [kind if known else "text" for known in own["value"].notna()]
            columns.append(Column(wording.profile_title(str(measure), results), "text", values, kinds=kinds))
        of_place = "name place_kind:results.profile_kind place_id"
        return [*self._fields("site_profile", places.assign(name=names), of_place), *columns]

    def _progress(self) -> list[Column]:
        """List what people decided, as they keep it, beside what each action promised and what is there now."""
        rows = self.tables["plan_progress"]
        return self._fields(
            "plan_progress",
            rows,
            "place state:plan_state since promised_persons within_persons promised_places within_places norm_id "
            "=norm_name plan_id action_id",
        )

    def _checks(self) -> list[Column]:
        """List what people found on site, those first that nobody confirmed: nothing follows from these yet."""
        rows, homes = self.tables["field_checks"], self.tables["settlements"].set_index("settlement_id")
        near = rows["settlement_id"].map(pd.Series(self._names(homes), index=homes.index))
        columns = "name found:qgis.edit_words is_confirmed:flag observed_min note settlement_id facility_id check_id"
        return self._fields("field_checks", rows.assign(settlement_id=near), columns)

    def _facilities(self) -> list[Column]:
        rows = pd.DataFrame(self.tables["facilities"]).sort_values(["service", "facility_id"], kind="stable")
        rows["name"] = self._names(rows)
        if "township" in rows:
            rows["township"] = self._townships(rows)
        more = " ".join(name for name in ("township", "source") if name in rows)
        columns = f"facility_id name service:service status:facility_status in_study:flag capacity load {more}"
        return self._fields("facilities", rows, columns)

    def _inventory(self) -> list[Column]:
        rows = self.tables["inventory"]
        rows = rows.assign(**{key: rows[key].clip(upper=1.0) for key in ("completeness_lower", "completeness_upper")})
        return self._fields(
            "inventory",
            rows,
            "service:service facilities in_list on_map matched official estimated estimated_lower estimated_upper "
            "completeness_lower completeness_upper missing_at_most basis:inventory_basis declared:declared source",
        )

    def _units(self) -> list[Column]:
        rows, said = self.tables["unit_totals"], self.words.of("sign_off")
        rows = rows.assign(unit=rows["unit"].where(rows["unit"] != "", rows["unit_id"]))
        return self._fields(
            "unit_totals",
            rows,
            "unit unit_id group places official_persons our_persons residual_persons allocated_persons "
            "difference_share factor scaling:scaling raster_persons listed_persons status:sign_off.status! "
            "likely_causes source",
            group=lambda name: said.term(name) if name == "everybody" else said.service(name),
            likely_causes=partial(causes_text, words=said),
        )

    def _sources(self) -> list[Column]:
        rows, results = self.tables["provenance"], self.words.of("results")
        issues = wording.issues_by_file(self.summary.get("known_issues") or (), results)
        told = [issues.get(path, issue) for path, issue in zip(rows["path"], rows["issue"], strict=True)]
        fact = partial(wording.source_fact, words=results)
        columns = "path origin licence vintage issue address" + (" sha256" if "sha256" in rows else "")
        says = dict.fromkeys(("origin", "licence", "vintage", "address"), fact)
        return self._fields("provenance", rows.assign(issue=told), columns, **says)

    def _sign_off(self) -> list[Column]:
        rows, said, results = self.tables["sign_off"], self.words.of("sign_off"), self.words.of("results")
        names, items = self._norm_names, []
        for kind, of in zip(rows["kind"], rows["of"], strict=True):
            if kind == "road_km":
                named = results.say("road_class", of)
            elif of and kind.startswith("imputed"):
                named = results.say("mode", of)
            else:
                named = names.get(of) or results.service(of)
            items.append(said.say("kind", kind, of=named))
        forms = {"share": "share", "km": "decimal"}
        kinds = [forms.get(unit, "whole") for unit in rows["unit"]]
        return [
            self._field("sign_off", "item", items),
            self._field("sign_off", "ours", rows["ours"], kinds=kinds),
            self._field("sign_off", "official", rows["official"], kinds=kinds),
            *self._fields(
                "sign_off",
                rows,
                "unit:sign_off.unit difference difference_share status:sign_off.status! likely_causes source records",
                likely_causes=partial(causes_text, words=said),
            ),
        ]

    def _townships(self, rows: pd.DataFrame) -> pd.Series:
        """Name the township of each row in the language of the workbook, else as written."""
        return wording.township_in(rows, self.words.language, self.tables["boundaries"])

    def _names(self, rows: pd.DataFrame) -> list[str]:
        """Name places in the language of the workbook, else as written, else in another, else by nothing."""
        return [str(name) for name in wording.name_in(rows, self.words.language).fillna("")]


def _each_said(words: Words, say: Say, codes: str) -> str:
    """Say every code of a list."""
    return words.of("results").say("issue", "joint").join(map(say, filter(None, codes.split(";"))))


def _unit_id(unit: Any) -> str:
    """Give the id of a unit; the study, which is called by its name alone, has none."""
    return "" if unit == "study" else str(unit)
