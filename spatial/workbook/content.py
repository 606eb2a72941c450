"""What stands on each sheet, and the workbook as bytes that are the same for the same results."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd
from openpyxl import Workbook

from spatial.messages import Words
from spatial.norms.register import norm_id_of, with_norm_id
from spatial.reporting.names import road_text
from spatial.reporting.score_text import component_text, detail_text, label_text, score_lines
from spatial.reporting.sign_off import causes_text
from spatial.reporting.summary import gates_text, headline_text, missing_by_unit
from spatial.reporting.unmeasured import is_unmapped, levels_shown
from spatial.reporting.wording import effect_text, issue_text, issues_by_file, plain, source_fact
from spatial.store import Artifact
from spatial.study.score import GapTargets
from spatial.tables import TABLES
from spatial.tables.words import PILLARS
from spatial.workbook.sheets import MAX_ROWS, BookMeta, Column, Sheet, add_sheet, add_styles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from spatial.workbook.sheets import Value


# What stands on each sheet: tables of results with their codes in words.

PERSON_SIDES = ("in_scope", "served", "unserved", "unknown")
UNTOLD = ("served_share", "persons_served", "persons_unserved", "places_served", "places_unserved")
"""What nobody can tell of a norm of which nothing is mapped; the reason says why it is empty."""
_COMPLETENESS = ("completeness_lower", "completeness_upper")
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


@dataclass(frozen=True)
class Content:
    """The sheets of one study."""

    # `settlements`, `boundaries`, `facilities`, `norm_results`, `gaps`, `provenance` and `sign_off`, and
    # perhaps `scores` and `score_components`, by contract
    tables: Mapping[str, pd.DataFrame]
    summary: Mapping[str, Any]  # as `summarise_study` returns it
    register: pd.DataFrame  # as `applicable_norms` returns it
    meta: BookMeta  # what the study says of itself
    words: tuple[Words, ...]  # by language, the leading one first

    def sheets(self) -> Iterator[Sheet]:
        """Make every sheet."""
        yield self._sheet("summary", self._summary())
        if "scores" in self.tables and "score_components" in self.tables:
            yield self._sheet("score", self._score())
            yield self._sheet("components", self._components())
            if "unit_types" in self.tables:
                yield self._sheet("unit_types", self._unit_types())
            if "town_system" in self.tables:
                yield self._sheet("town_system", self._town_system())
        yield self._sheet("norms", self._norms())
        yield self._sheet("failing", self._failing())
        yield self._sheet("facilities", self._facilities())
        yield self._sheet("inventory", self._inventory())
        if "unit_totals" in self.tables:
            yield self._sheet("units", self._units())
        yield self._sheet("sources", self._sources())
        signers = tuple(
            self._both("sign", line) + ": ____________________" for line in ("office", "name", "date")
        )
        yield self._sheet("sign_off", self._sign_off(), signers)

    @property
    def _lead(self) -> Words:
        return self.words[0]

    def _both(self, section: str, key: str, joint: str = " / ") -> str:
        return joint.join(dict.fromkeys(words.say(section, key) for words in self.words))

    def _titles(self, key: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(words.say("column", key) for words in self.words))

    def _field(
        self, table: str, name: str, values: Sequence[Value] | pd.Series, *, kind: str = "", **more: Any
    ) -> Column:
        """Make a column of a table, with title, unit and form of the data dictionary."""
        field = next(item for item in TABLES[table].fields if item.name == name)
        titles = dict.fromkeys(words.title(field.title, field.unit) for words in self.words)
        return Column(tuple(titles), kind or field.form, [plain(value) for value in values], **more)

    def _fields(self, table: str, rows: pd.DataFrame, *names: str) -> list[Column]:
        return [self._field(table, name, rows[name]) for name in names]

    def _sheet(self, key: str, columns: Sequence[Column], tail: tuple[str, ...] = ()) -> Sheet:
        title = self.meta.title.get(self._lead.language) or next(iter(self.meta.title.values()))
        notes = [
            self._both("status", self.meta.status),
            f"{self._both('item', 'as_of')}: {self.meta.as_of.isoformat()}",
            self._both("basis", self.meta.population_basis),
        ]
        if self.meta.map_approval:
            notes.append(f"{self._both('item', 'map_approval')}: {self.meta.map_approval}")
        elif self.meta.approval_wanted:
            notes.append(self._both("note", "approval_wanted"))
        if self.meta.synthetic:
            notes.append(self._both("item", "synthetic"))
        rows = len(columns[0].values)
        if rows > MAX_ROWS:
            notes.append(
                self._lead.say(
                    "note",
                    "cut",
                    shown=self._lead.number(MAX_ROWS),
                    rows=self._lead.number(rows),
                    table=TABLES_OF.get(key, key),
                )
            )
        name = self._lead.say("sheet", key)
        return Sheet(name, f"{title} · {self._both('sheet', key)}", " · ".join(notes), tuple(columns), tail)

    def _column(self, key: str, kind: str, values: Sequence[Value] | pd.Series, **more: Any) -> Column:
        return Column(self._titles(key), kind, [plain(value) for value in values], **more)

    def _said(self, table: str, name: str, section: str, codes: pd.Series) -> Column:
        """Say codes in the leading language and colour the cells by them."""
        said = {code: self._lead.of("results").say(section, code) for code in codes.unique()}
        return self._field(table, name, codes.map(said), codes=list(codes))

    def _mapped(self, table: str, name: str, values: pd.Series, say: Callable[[str], str]) -> Column:
        said = {code: say(code) for code in values.dropna().unique()}
        return self._field(table, name, values.map(said), kind="text")

    def _summary(self) -> list[Column]:
        rows = [*self._facts(), *self._totals(), *self._sentences()]
        labels, values, kinds = zip(*rows, strict=True)
        return [
            self._column("item", "text", labels),
            Column(self._titles("value"), "text", values, kinds=kinds),
        ]

    def _facts(self) -> Iterator[tuple[str, Value, str]]:
        for language, title in self.meta.title.items():
            yield f"{self._both('item', 'title')} ({language})", title, "text"
        yield self._both("item", "as_of"), self.meta.as_of.isoformat(), "text"
        yield self._both("item", "status"), self._both("status", self.meta.status), "text"
        yield self._both("item", "population_basis"), self._both("basis", self.meta.population_basis), "text"
        if self.meta.map_approval:
            yield self._both("item", "map_approval"), self.meta.map_approval, "text"
        elif self.meta.approval_wanted:
            yield self._both("item", "map_approval"), self._both("note", "approval_wanted"), "text"
        for language, note in self.meta.note.items():
            yield f"{self._both('item', 'note')} ({language})", note, "text"

    def _totals(self) -> Iterator[tuple[str, Value, str]]:
        population = self.summary["population"]
        for key in ("persons", "places", "places_in_buffer", "places_without_population"):
            yield self._both("item", key), population[key], "whole"
        facilities = self.tables["facilities"]
        counted = facilities["in_study"] & (facilities["status"] == "existing")
        yield self._both("item", "facilities"), int(counted.sum()), "whole"
        yield self._both("item", "gaps"), len(self.tables["gaps"]), "whole"

    def _sentences(self) -> Iterator[tuple[str, Value, str]]:
        norms = {norm_id_of(norm): norm for norm in self.summary["norms"]}
        for words in self.words:
            yield words.say("item", "gates"), gates_text(self.summary["gates"], words.language), "text"
            for line in score_lines(self.summary.get("score"), words.language):
                yield words.say("item", "score"), line, "text"
            for name in self.summary["headlines"]:
                said = headline_text(norms[name], words.language, service_names=words.names)
                yield name, said, "text"
        yield from self._known_issues()

    def _known_issues(self) -> Iterator[tuple[str, Value, str]]:
        known = self.summary.get("known_issues") or []
        for issue in () if known else self.summary["issues"]:
            yield self._both("item", "issue"), issue, "text"
        for record in known:
            said = dict.fromkeys(issue_text(record, words.of("results")) for words in self.words)
            yield self._both("item", "issue"), f"{record['path']}: {' / '.join(said)}", "text"
            for words in self.words if record["forbids"] or record["affects"] else ():
                yield words.say("item", "issue_effect"), effect_text(record, words.of("results")), "text"

    def _units_of(self, rows: pd.DataFrame) -> list[str]:
        """Name the study or township of each row."""
        bounds = self.tables["boundaries"]
        names = dict(zip(bounds["boundary_id"], self._names(bounds), strict=True))
        whole = self._both("item", "study")
        return [
            whole if level == "study" else names.get(unit) or unit
            for level, unit in zip(rows["unit_level"], rows["unit_id"], strict=True)
        ]

    def _score(self) -> list[Column]:
        """List the study first, then townships by rank; each gap with a target is a column of its own."""
        scores, results = levels_shown(self.tables["scores"]), self._lead.of("results")
        rows = scores.loc[scores["unit_level"].isin(["study", "township"])].sort_values(
            ["unit_level", "median_rank", "unit_id"], kind="stable"
        )
        labels = [label_text(row, results) for row in rows.to_dict("records")]
        gates = rows["mandatory_status"].map(partial(results.say, "gate"))
        levels = (*(f"level_{name}" for name in PILLARS), "integration_level", "level_low", "level_high")
        ranks = ("median_rank", "low_rank", "high_rank")
        return [
            self._column("unit_name", "text", self._units_of(rows)),
            self._field("scores", "unit_id", rows["unit_id"]),
            self._column("label", "text", labels),
            *self._fields("scores", rows, *levels),
            *self._fields("scores", rows, "segmentation_index", "gaps_met", "gaps_measured"),
            *self._target_gaps(rows),
            self._field("scores", "mandatory_status", gates, codes=list(rows["mandatory_status"])),
            *self._fields("scores", rows, "gates_passed", "gates_in_force"),
            self._field("scores", "failed_gates", rows["failed_gates"].str.replace(";", ", ", regex=False)),
            *self._fields("scores", rows, *ranks),
            self._said("scores", "rank_status", "rank_status", rows["rank_status"]),
            *self._fields("scores", rows, "population_persons", "unserved_persons", "known_share"),
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
            titles = dict.fromkeys(
                words.say(
                    "column",
                    "gap_target",
                    gap=component_text(str(name), words.of("results")),
                    unit=words.of("results").say("score_unit", unit),
                    target=f"{sign} {words.figure(target)}",
                )
                for words in self.words
            )
            meets = own["meets_target"].reindex(units).map(MEETS).fillna("")
            values = [plain(value) for value in own["value"].reindex(units)]
            yield Column(tuple(titles), "index", values, codes=list(meets))

    def _components(self) -> list[Column]:
        parts, results = self.tables["score_components"], self._lead.of("results")
        rows = parts.loc[parts["unit_level"] == "study"]
        details = [
            self._detail(str(name), str(detail))
            for name, detail in zip(rows["component"], rows["detail"], strict=True)
        ]
        meets = rows["meets_target"].map(partial(results.say, "meets"))
        return [
            self._mapped("score_components", "pillar", rows["pillar"], partial(results.say, "pillar")),
            self._mapped("score_components", "side", rows["side"], partial(self._lead.say, "side")),
            self._mapped(
                "score_components", "component", rows["component"], lambda name: component_text(name, results)
            ),
            *self._fields("score_components", rows, "value", "low", "high"),
            self._mapped("score_components", "unit", rows["unit"], partial(results.say, "score_unit")),
            self._field("score_components", "target", rows["target"]),
            self._field(
                "score_components",
                "meets_target",
                meets,
                codes=[MEETS.get(code, "") for code in rows["meets_target"]],
            ),
            *self._fields("score_components", rows, "persons", "persons_known", "persons_unknown"),
            self._field("score_components", "detail", details),
            self._mapped(
                "score_components",
                "component_status",
                rows["component_status"],
                partial(results.say, "component_status"),
            ),
        ]

    def _detail(self, component: str, detail: str) -> str:
        if component == "robust_coverage" and detail:
            return road_text(detail, self.tables, self._lead.of("results"))
        return detail_text(component, detail, self._lead.of("results"))

    def _unit_types(self) -> list[Column]:
        """List the study first, then townships, each with the functional urban area that it belongs to."""
        rows = self.tables["unit_types"]
        areas = self.tables.get("functional_areas", pd.DataFrame({"unit_id": []})).set_index("unit_id")
        areas = areas.reindex(columns=["fua_name", "fua_part", "commuting_share", "within_share"])
        areas = areas.reindex(rows["unit_id"])
        shares = [str(name) for name in rows if str(name).startswith("share_")]
        official = [str(name) for name in rows if str(name).startswith("official_")]
        return [
            self._column("unit_name", "text", self._units_of(rows)),
            self._field("unit_types", "unit_id", rows["unit_id"]),
            self._mapped(
                "unit_types",
                "degurba_level2",
                rows["degurba_level2"],
                lambda code: self._lead.say("unit_type", str(code)),
            ),
            self._field("unit_types", "population_persons", rows["population_persons"]),
            *self._fields("unit_types", rows, *shares),
            self._mapped("unit_types", "basis", rows["basis"], partial(self._lead.say, "type_basis")),
            self._mapped(
                "unit_types",
                "basis_reason",
                rows["basis_reason"],
                lambda code: self._lead.say("type_reason", code or "measured"),
            ),
            *self._fields("unit_types", rows, *official),
            *self._fields("unit_types", rows, "compared_persons", "differ_persons"),
            self._field("functional_areas", "fua_name", areas["fua_name"]),
            self._mapped(
                "functional_areas",
                "fua_part",
                areas["fua_part"],
                partial(self._lead.say, "fua_part"),
            ),
            *self._fields("functional_areas", areas, "commuting_share", "within_share"),
        ]

    def _town_system(self) -> list[Column]:
        rows = self.tables["town_system"]
        return [
            self._mapped("town_system", "measure", rows["measure"], partial(self._lead.say, "town_measure")),
            *self._fields("town_system", rows, "value", "towns_counted", "towns_total"),
        ]

    def _norms(self) -> list[Column]:
        results = self.tables["norm_results"]
        rows = results.loc[results["unit_level"].isin(["study", "township"])]
        bare = rows["reason"].map(lambda reason: is_unmapped({"reason": reason})).astype(bool)
        missing = missing_by_unit(rows, self.tables, self._lead.of("results"))
        rows = rows.assign(**{name: rows[name].mask(bare) for name in UNTOLD})
        rules = with_norm_id(self.register).set_index("norm_id")
        units = rows["norm_id"].map(rules["unit"])
        shares = ("target_share", "served_share", "served_share_lower", "served_share_upper")
        sides = [f"{what}_{side}" for what in ("persons", "places") for side in PERSON_SIDES]
        return [
            self._column("unit_name", "text", self._units_of(rows)),
            *self._fields("norm_results", rows, "unit_id", "norm_id"),
            self._mapped("norm_results", "service", rows["service"], self._lead.service),
            self._said("norm_results", "norm_class", "norm_class", rows["norm_class"]),
            self._said("norm_results", "status", "status", rows["status"]),
            self._said("norm_results", "status_as_mapped", "status", rows["status_as_mapped"]),
            *([self._field("norm_results", "judged_if", missing)] if missing.ne("").any() else []),
            self._said("norm_results", "gate", "gate", rows["gate"]),
            self._field("norm_results", "threshold", rows["threshold"]),
            self._column(
                "norm_unit", "text", units.map({unit: self._lead.term(unit) for unit in units.dropna()})
            ),
            *self._fields("norm_results", rows, *shares),
            *self._fields("norm_results", rows, *sides),
            self._mapped("norm_results", "reason", rows["reason"], self._lead.reason),
            self._column("norm_source", "text", rows["norm_id"].map(rules["source_title"])),
        ]

    def _failing(self) -> list[Column]:
        gaps = pd.DataFrame(self.tables["gaps"]).sort_values(
            ["rank", "settlement_id", "norm_id"], kind="stable"
        )
        places = self.tables["settlements"].set_index("settlement_id")
        names = pd.Series(self._names(places), index=places.index)
        ids = gaps["settlement_id"]
        township = gaps["township"] if "township" in gaps else pd.Series("", index=gaps.index)
        yes = {flag: self._lead.say("flag", str(flag).lower()) for flag in (True, False)}
        return [
            self._field("gaps", "rank", gaps["rank"]),
            self._column("settlement", "text", ids.map(names)),
            self._field("gaps", "settlement_id", ids),
            self._field("gaps", "township", township),
            self._mapped(
                "settlements",
                "tier",
                ids.map(places["tier"]),
                partial(self._lead.of("results").say, "tier"),
            ),
            self._field("gaps", "norm_id", gaps["norm_id"]),
            self._said("gaps", "norm_class", "norm_class", gaps["norm_class"]),
            self._mapped("gaps", "service", gaps["service"], self._lead.service),
            *self._fields("gaps", gaps, "value", "threshold", "excess"),
            self._mapped("gaps", "unit", gaps["unit"], self._lead.term),
            self._field("gaps", "persons_unserved", gaps["persons_unserved"]),
            self._field("gaps", "is_near_miss", gaps["is_near_miss"].map(yes)),
            self._said("gaps", "status", "status", gaps["status"]),
            self._mapped(
                "gaps",
                "reach_status",
                gaps["reach_status"],
                partial(self._lead.of("results").say, "reach"),
            ),
            self._mapped("gaps", "remedy", gaps["remedy"], partial(self._lead.say, "remedy")),
        ]

    def _facilities(self) -> list[Column]:
        rows = pd.DataFrame(self.tables["facilities"]).sort_values(["service", "facility_id"], kind="stable")
        yes = {flag: self._lead.say("flag", str(flag).lower()) for flag in (True, False)}
        optional = [
            self._field("facilities", name, rows[name]) for name in ("township", "source") if name in rows
        ]
        return [
            self._field("facilities", "facility_id", rows["facility_id"]),
            self._field("facilities", "name", self._names(rows)),
            self._mapped("facilities", "service", rows["service"], self._lead.service),
            self._mapped("facilities", "status", rows["status"], partial(self._lead.say, "facility_status")),
            self._field("facilities", "in_study", rows["in_study"].map(yes)),
            *self._fields("facilities", rows, "capacity", "load"),
            *optional,
        ]

    def _inventory(self) -> list[Column]:
        rows = self.tables["inventory"]
        whole = ("facilities", "in_list", "on_map", "matched", "official")
        estimated = ("estimated", "estimated_lower", "estimated_upper")
        return [
            self._mapped("inventory", "service", rows["service"], self._lead.service),
            *self._fields("inventory", rows, *whole),
            *self._fields("inventory", rows, *estimated),
            *(self._field("inventory", key, rows[key].clip(upper=1.0)) for key in _COMPLETENESS),
            self._field("inventory", "missing_at_most", rows["missing_at_most"]),
            self._mapped("inventory", "basis", rows["basis"], partial(self._lead.say, "inventory_basis")),
            self._mapped("inventory", "declared", rows["declared"], partial(self._lead.say, "declared")),
            self._field("inventory", "source", rows["source"]),
        ]

    def _units(self) -> list[Column]:
        rows, said = self.tables["unit_totals"], self._lead.of("sign_off")
        return [
            self._field("unit_totals", "unit", rows["unit"].where(rows["unit"] != "", rows["unit_id"])),
            self._field("unit_totals", "unit_id", rows["unit_id"]),
            self._mapped(
                "unit_totals",
                "group",
                rows["group"],
                lambda g: said.term(g) if g == "everybody" else said.service(g),
            ),
            *self._fields(
                "unit_totals",
                rows,
                "places",
                "official_persons",
                "our_persons",
                "residual_persons",
                "allocated_persons",
                "difference_share",
                "factor",
            ),
            self._mapped("unit_totals", "scaling", rows["scaling"], partial(self._lead.say, "scaling")),
            *self._fields("unit_totals", rows, "raster_persons", "listed_persons"),
            self._field(
                "unit_totals",
                "status",
                rows["status"].map(partial(said.say, "status")),
                codes=list(rows["status"]),
            ),
            self._field(
                "unit_totals", "likely_causes", rows["likely_causes"].map(partial(causes_text, words=said))
            ),
            self._field("unit_totals", "source", rows["source"]),
        ]

    def _sources(self) -> list[Column]:
        rows, results = self.tables["provenance"], self._lead.of("results")
        issues = issues_by_file(self.summary.get("known_issues") or (), results)
        told = [issues.get(path, issue) for path, issue in zip(rows["path"], rows["issue"], strict=True)]
        stated = {
            key: self._field("provenance", key, [source_fact(fact, results) for fact in rows[key]])
            for key in ("origin", "licence", "vintage", "address")
        }
        return [
            self._field("provenance", "path", rows["path"]),
            *(stated[key] for key in ("origin", "licence", "vintage")),
            self._field("provenance", "issue", told),
            stated["address"],
            self._field("provenance", "sha256", rows["sha256"]),
        ]

    def _sign_off(self) -> list[Column]:
        rows, said = self.tables["sign_off"], self._lead.of("sign_off")
        items = [
            said.say("kind", kind, of=self._name_of(kind, of) if of else "")
            for kind, of in zip(rows["kind"], rows["of"], strict=True)
        ]
        kinds = [
            "share" if unit == "share" else "decimal" if unit == "km" else "whole" for unit in rows["unit"]
        ]
        return [
            self._field("sign_off", "item", items),
            self._field("sign_off", "ours", rows["ours"], kinds=kinds),
            self._field("sign_off", "official", rows["official"], kinds=kinds),
            self._mapped("sign_off", "unit", rows["unit"], partial(said.say, "unit")),
            *self._fields("sign_off", rows, "difference", "difference_share"),
            self._field(
                "sign_off",
                "status",
                rows["status"].map(partial(said.say, "status")),
                codes=list(rows["status"]),
            ),
            self._mapped(
                "sign_off", "likely_causes", rows["likely_causes"], partial(causes_text, words=said)
            ),
            *self._fields("sign_off", rows, "source", "records"),
        ]

    def _name_of(self, kind: str, of: str) -> str:
        results = self._lead.of("results")
        if kind in {"facilities", "missing_facilities"}:
            return results.service(of)
        return results.say("mode", of) if kind.startswith("imputed") else of

    def _names(self, rows: pd.DataFrame) -> list[str]:
        """Name places in the leading language, else as written, else by nothing."""
        own = f"name_{self._lead.language}"
        columns = [name for name in (own, "name") if name in rows]
        return [
            next((str(value) for value in values if isinstance(value, str) and value), "")
            for values in rows[columns].itertuples(index=False)
        ]


# The workbook as bytes that are the same for the same results.

NAME = "results.xlsx"
PROPERTIES = "docProps/core.xml"
PACKED_AT = (1980, 1, 1, 0, 0, 0)
UNIX, READABLE = 3, 0o644 << 16
MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")


def build_workbook(
    tables: Mapping[str, pd.DataFrame], *, summary: Mapping[str, Any], register: pd.DataFrame, meta: BookMeta
) -> Artifact:
    """Write the results as a workbook."""
    book = Workbook(write_only=True)
    add_styles(book)
    words = tuple(
        Words(
            language,
            "workbook",
            names={name: said[language] for name, said in meta.services.items() if language in said},
        )
        for language in meta.languages
    )
    for sheet in Content(tables, summary, register, meta, words).sheets():
        add_sheet(book, sheet)
    noon = dt.datetime.combine(meta.as_of, dt.time(12))
    book.properties.creator = "spatial"
    book.properties.title = meta.title.get(meta.languages[0]) or next(iter(meta.title.values()))
    book.properties.created = noon
    packed = io.BytesIO()
    book.save(packed)
    return Artifact(NAME, _stable(packed.getvalue(), f"{noon.isoformat()}Z"))


def _stable(content: bytes, modified: str) -> bytes:
    """Pack again without the time of day."""
    stable = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stable, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            part = old.read(name)
            if name == PROPERTIES:
                part = MODIFIED.sub(rb"\g<1>" + modified.encode() + rb"\g<2>", part)
            entry = zipfile.ZipInfo(name, PACKED_AT)
            entry.compress_type, entry.create_system, entry.external_attr = (
                zipfile.ZIP_DEFLATED,
                UNIX,
                READABLE,
            )
            new.writestr(entry, part)
    return stable.getvalue()
