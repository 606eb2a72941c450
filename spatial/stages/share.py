"""A finished run handed to others: what an audience may see of it, the package, the service and the database."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import pandas as pd

from spatial.errors import MissingDependencyError, StoreError
from spatial.formats.files import DATABASES
from spatial.messages import Words
from spatial.norms.measuring import least_persons
from spatial.plain_text import labelled
from spatial.reporting.disclosure import Cut, Withheld, cut, fit_for_sinks, without_facilities
from spatial.reporting.wording import every_source, known_issues, norm_name, provenance_told
from spatial.results import Results
from spatial.runner.stage import EVERYTHING, Options
from spatial.sharing.package import OPEN_RASTERS, Release, write_package
from spatial.sharing.records import PackageMeta
from spatial.stages.maps import maps
from spatial.stages.norms import summary_of
from spatial.stages.policy import asked_by_norms, basis_of, binding_norms, check_policy, inventories, vocabulary_of
from spatial.stages.qgis import qgis
from spatial.stages.workbook import workbook
from spatial.store import Artifact, work_folder
from spatial.study import Study
from spatial.study.outputs import QgisOptions
from spatial.tables import TABLES
from spatial.tables.words import NOTICED, UNKNOWN

SOURCES = ("provenance", "plan_sources", "known_issues")
"""Tables that say what a study is made of."""
PAGES = "pages"
"""Folder of the pages in a package."""
OFFICE = "-"
"""Whoever adopted or confirmed a norm, to the public."""
MOST_PERSONS = 1e9
"""An interval as wide bounds nothing."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Addresses that no other machine reaches."""


def share_package(
    study: Study,
    results: Results,
    folder: Path,
    *,
    audience: str = "internal",
    also: Sequence[str] = (),
    progress: Callable[[float, str], None] | None = None,
) -> Iterator[str]:
    """Write the package of a finished run for an audience, and say where it is and for whom."""
    release = release_for(study, results, audience)
    method = Words(study.outputs.languages[0], "qgis").say("project", "method_text")
    files = _sinks(release, study) if release.cut is not None else []
    archive = write_package(release, folder, files=files, also=also, method=method, progress=progress)
    named = {"package": folder, **({"pages": folder / PAGES / "index.html"} if files else {}), "zip": archive}
    for key, place in named.items():
        yield labelled(release.meta.words.of("commands").say("run", key), place)
    yield release.meta.audience_text(release.meta.words)


def share_serve(release: Release, *, host: str, port: int, say: Callable[[str], None]) -> None:
    """Serve what an audience gets of a finished run until somebody interrupts it; nothing is left behind."""
    try:
        from spatial.sharing.serve import serve  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise MissingDependencyError(str(error.name), "share") from error
    words = release.meta.words

    def ready(address: str, names: Sequence[str]) -> None:
        say(words.say("serve", "at", address=address, count=len(names)))
        say("  " + ", ".join(names))
        say(release.meta.audience_text(words))
        if release.meta.audience == "internal" and host not in LOOPBACK:
            say(words.say("serve", "open_door"))
        say(words.say("serve", "in_qgis", address=address))
        say(words.say("serve", "ends"))

    temporary = Path(tempfile.gettempdir())
    try:
        with work_folder(temporary, "serve") as folder:
            serve(release, folder, host=host, port=port, ready=ready)
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(
            f"{temporary}: the copies to serve cannot be written ({error.strerror or error}); free some space, or name "
            "another folder in the environment as TMPDIR"
        ) from error
    say(words.say("serve", "ended"))


def share_postgis(
    release: Release, url: str, *, schema: str | None, reader: str, progress: Callable[[float, str], None]
) -> Iterator[str]:
    """Put what an audience gets of a finished run into a PostGIS database, and say what is there now."""
    try:
        from spatial.sharing.postgis import publish  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise MissingDependencyError(str(error.name), "share") from error
    words = release.meta.words
    name = schema or release.meta.package_name.replace("-", "_")
    done = publish(release, url, schema=name, reader=reader, progress=progress)
    yield words.say("postgis", "there", count=len(done.rows), schema=name, place=done.place,
                    rows=words.number(sum(done.rows.values())))  # fmt: skip
    yield release.meta.audience_text(words)
    if reader:
        yield words.say("postgis", "reader", role=reader)
    for column, new in done.renamed.items():
        yield words.say("postgis", "renamed", column=column, new=new)
    rasters = [raster.name for raster in release.rasters()]
    if rasters:
        yield words.say("postgis", "rasters", names=", ".join(rasters))


def release_for(study: Study, results: Results, audience: str) -> Release:
    """Cut the tables of a finished run to an audience, and gather what the study says of itself."""
    tables: dict[str, Any] = {name: getattr(results, name) for name in SOURCES if name in results.names}
    shown = None if audience == "internal" else _public(study, results)
    if shown is not None:
        tables = _sources_told(tables)
    account, languages = every_source(tables), study.outputs.languages
    meta = PackageMeta(
        name=study.name,
        title=study.title,
        as_of=study.as_of,
        audience=audience,
        languages=languages,
        sources=[{str(key): str(value) for key, value in row.items()} for row in account.to_dict("records")],
        issues={
            language: known_issues(provenance_told(account, tables["known_issues"], language), language)
            for language in languages
        },
        population_basis=basis_of(study.population.basis, results.summary),
        synthetic=study.synthetic,
        note=study.note,
        publisher=study.sharing.publisher,
        contact=study.sharing.contact,
        version=str(results.record["libraries"].get("spatial-integration", "")),
        k=0 if shown is None else study.sharing.k,
        left_out={} if shown is None else {language: _norms_left_out(study, shown, language) for language in languages},
    )
    return Release(results, meta) if shown is None else Release(results, meta, shown.tables, _rasters(study, results))


def share_check(study: Study, results: Results) -> Iterator[str]:
    """Say what of a finished run would leave the office for the public, what would not, and why."""
    shown, words = _public(study, results), Words(study.outputs.languages[0], "sharing")
    rasters = _rasters(study, results)
    said = {name: words.title(TABLES[name].title) for name in results.names if name in TABLES}
    yield words.say("check", "leaves", count=len(shown.tables))
    for name, frame in shown.tables.items():
        yield "  " + words.say("check", "table", name=name, title=said[name], n=words.number(len(frame)))
        if shown.columns_left_out[name]:
            yield "    " + words.say("check", "columns", names=", ".join(shown.columns_left_out[name]))
        if name in shown.rows_left_out:
            services = ", ".join(words.service(service) for service in study.sharing.withhold_facilities)
            count = shown.rows_left_out[name]
            yield "    " + words.say("check", "rows", count=count, rows=words.number(count), services=services)
    if rasters:
        yield "  " + words.say("check", "rasters", names=", ".join(rasters))
    if files := sorted({PurePath(path).name for path in results.provenance["path"] if path}):
        yield "  " + words.say("check", "files", names=", ".join(files))
    yield words.say("check", "sinks")
    yield words.say("check", "hidden", number=study.sharing.k, small=words.number(shown.small),
                    beside=words.number(shown.beside))  # fmt: skip
    yield from _norms_left_out(study, shown, words.language)
    if shown.small:
        is_open = shown.least_width >= MOST_PERSONS
        width = "" if is_open else words.number(int(shown.least_width))
        yield words.say("check", "audit_open" if is_open else "audit", width=width, number=study.sharing.k)
    for kind in ("internal", "restricted"):
        names = [name for name, sharing in shown.left_out.items() if sharing == kind]
        yield words.say("check", kind, count=len(names), note=words.say("class", kind))
        yield "  " + ", ".join(names)
    yield words.say("check", "untold")


def _public(study: Study, results: Results) -> Cut:
    """Cut the tables of a run to what the public may see, once for all that is made of them."""
    if "settlements" not in results.names or "gaps" not in results.names:
        raise StoreError(f"{results.folder}: the run has no gaps yet; finish it first: spatial run STUDY")
    check_policy(study)  # what is withheld may have been written since the run, and a wrong name would withhold nothing
    options = Options(study, EVERYTHING)
    vocabulary, binding, kinds = vocabulary_of(options), binding_norms(options), _kinds_withheld(study)
    ways = {service for service in vocabulary.ids if vocabulary.satisfying(service) & kinds}
    norms = {str(norm) for norm, rule in binding.groupby("norm_id") if asked_by_norms(rule, vocabulary) & ways}
    units = dict(zip(binding["norm_id"], binding["unit"].fillna(""), strict=True))
    sizes = dict(zip(binding["norm_id"], binding["stat_unit"].map(least_persons), strict=True))
    tables = {name: getattr(results, name) for name in results.names if name in TABLES}
    made = cut(tables, "public", k=study.sharing.k, measured_in=units, sizes=sizes)
    return without_facilities(made, Withheld(kinds, frozenset(ways), frozenset(norms)))


def _norms_left_out(study: Study, shown: Cut, language: str) -> list[str]:
    """Say which norms on large places alone the public gets no results of, and why."""
    rules, words = binding_norms(Options(study, EVERYTHING)).drop_duplicates("norm_id"), Words(language, "sharing")
    left_out = rules.loc[rules["norm_id"].isin(shown.norms_left_out)].to_dict("records")
    return [words.say("audience", "norm", norm=norm_name(rule, words)) for rule in left_out]


def _kinds_withheld(study: Study) -> frozenset[str]:
    """Name the services of facilities that the public is not told."""
    vocabulary = vocabulary_of(Options(study, EVERYTHING))
    return frozenset(kind for name in study.sharing.withhold_facilities for kind in vocabulary.satisfying(name))


def _rasters(study: Study, results: Results) -> list[str]:
    """Name the rasters that the public gets: minutes off the roads would lead to whatever they are measured to."""
    vocabulary, goal = vocabulary_of(Options(study, EVERYTHING)), study.off_road.service
    leads = goal is not None and bool(vocabulary.satisfying(goal) & _kinds_withheld(study))
    return [name for name in OPEN_RASTERS if name in results.names and not (name == "off_road_min" and leads)]


def _sinks(release: Release, study: Study) -> list[Artifact]:
    """Make the pages, the workbook and the QGIS project of what the public sees, and of nothing else."""
    results, options = release.results, Options(study, EVERYTHING)
    known = inventories(options, vocabulary_of(options), results.facilities, results.counts)
    options = Options(_public_study(study, known, release.meta), EVERYTHING)
    tables: dict[str, Any] = {**fit_for_sinks(release.cut or {}, results.norms)}
    tables |= _sources_told({name: getattr(results, name) for name in ("provenance", "known_issues")})
    summary = summary_of(options, tables, binding_norms(options))
    summary["study"]["below"] = study.sharing.k
    return [
        Artifact(f"{folder}{file.name}", file.content)
        for stage, folder in ((maps, f"{PAGES}/"), (workbook, ""), (qgis, ""))
        for file in stage(summary=summary, options=options, **tables)["files"]
    ]


def _public_study(study: Study, inventory: Mapping[str, str], meta: PackageMeta) -> Study:
    """Take out of a study who decided what in it, where its files lie and what was tried, and stamp its outputs."""
    said = {}
    for language in study.outputs.languages:
        words = Words(language, "sharing")
        parts = (words.pick(study.note) if study.note else "", meta.audience_text(words))
        said[language] = words.say("package", "pause").join(part for part in parts if part)
    is_draft = study.outputs.status == "draft"
    outputs = study.outputs.model_copy(update={"status": "draft" if is_draft else "public", "shared": False})
    # An adopted norm is one because somebody adopted it; a norm that was added needs nobody.
    by = {"add": "", "adopt": OFFICE, "confirm": OFFICE}
    nobody = {
        name: tuple(item.model_copy(update={"by": somebody}) for item in getattr(study.norms, name))
        for name, somebody in by.items()
    }
    return study.model_copy(
        update={
            "note": said,
            "outputs": outputs,
            "norms": study.norms.model_copy(update=nobody),
            "sources": study.sources.model_copy(update={"osm": None, "facilities": ()}),
            "inventory": dict(inventory),
            "scenarios": (),
            "plans": (),
            "qgis": QgisOptions(edits=""),
        }
    )


def _sources_told(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """
    Give the account of the sources, and known issues but those of single rows, without folders and databases.

    Nor with the sums of files: of a list that holds what is withheld, whoever guesses it could say that it is so.
    """
    found = {name: frame.assign(path=[PurePath(path).name for path in frame["path"]]) for name, frame in tables.items()}
    issues = found["known_issues"]
    stated = issues.loc[issues["issue_kind"] != NOTICED].reset_index(drop=True)
    told = stated.groupby("path", sort=False)["issue"].agg(" ".join)
    for name in found.keys() - {"known_issues"}:
        frame = found[name].drop(columns="sha256")
        inside = frame["address"].str.startswith(DATABASES)
        issue = [str(told.get(path, "")) for path in frame["path"]]
        found[name] = frame.assign(issue=issue, address=frame["address"].mask(inside, UNKNOWN))
    return found | {"known_issues": stated}
