"""A finished run handed to others: what an audience may see of it, the package, the service and the database."""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from spatial.errors import MissingDependencyError, StoreError
from spatial.messages import Words
from spatial.reporting.disclosure import cut
from spatial.reporting.wording import known_issues
from spatial.sharing.package import OPEN_RASTERS, Release, write_package
from spatial.sharing.records import PackageMeta
from spatial.stages.shared import every_source, provenance_told
from spatial.store import work_folder
from spatial.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from spatial.reporting.disclosure import Cut
    from spatial.results import Results
    from spatial.study import Study


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
    archive = write_package(release, folder, also=also, method=method, progress=progress)
    yield f"package: {folder}"
    yield f"zip:     {archive}"
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
    shown = None if audience == "internal" else _public(study, results)
    names = [name for name in ("provenance", "plan_sources", "known_issues") if name in results.names]
    tables: dict[str, Any] = {name: getattr(results, name) for name in names}
    account, languages = every_source(tables), study.outputs.languages
    if shown is not None:
        # Folders of a machine are nobody else's; the name of a file tells which source it is.
        account = account.assign(path=[PurePath(path).name for path in account["path"]])
    meta = PackageMeta(
        name=study.name,
        title=study.title,
        as_of=study.as_of,
        audience=audience,
        languages=languages,
        sources=[{str(key): str(value) for key, value in row.items()} for row in account.to_dict("records")],
        issues={
            language: known_issues(provenance_told(account, tables["known_issues"], language)) for language in languages
        },
        population_basis=study.population.basis,
        synthetic=study.synthetic,
        note=study.note,
        publisher=study.sharing.publisher,
        contact=study.sharing.contact,
        version=str(results.record["libraries"].get("spatial-integration", "")),
        k=0 if shown is None else study.sharing.k,
    )
    return Release(results, meta, None if shown is None else shown.tables)


def share_check(study: Study, results: Results) -> Iterator[str]:
    """Say what of a finished run would leave the office for the public, what would not, and why."""
    shown, words = _public(study, results), Words(study.outputs.languages[0], "sharing")
    said = {name: words.title(TABLES[name].title) for name in results.names if name in TABLES}
    yield words.say("check", "leaves", count=len(shown.tables))
    for name, frame in shown.tables.items():
        yield "  " + words.say("check", "table", name=name, title=said[name], rows=words.number(len(frame)))
        if shown.columns_left_out[name]:
            yield "    " + words.say("check", "columns", names=", ".join(shown.columns_left_out[name]))
    open_rasters = [name for name in OPEN_RASTERS if name in results.names]
    if open_rasters:
        yield "  " + words.say("check", "rasters", names=", ".join(open_rasters))
    yield words.say("check", "hidden", number=study.sharing.k, small=words.number(shown.small),
                    beside=words.number(shown.beside))  # fmt: skip
    if shown.small:
        yield words.say("check", "audit", width=words.number(int(min(shown.least_width, 1e9))), number=study.sharing.k)
    for kind in ("internal", "restricted"):
        names = [name for name, found in shown.left_out.items() if found == kind]
        yield words.say("check", kind, count=len(names), note=words.say("class", kind))
        yield "  " + ", ".join(names)


def _public(study: Study, results: Results) -> Cut:
    """Cut the tables of a run to what the public may see."""
    if "settlements" not in results.names or "norm_results" not in results.names:
        raise StoreError(f"{results.folder}: the run has no norms yet; finish it first: spatial run STUDY")
    names = [name for name in results.names if name in TABLES]
    return cut({name: getattr(results, name) for name in names}, "public", k=study.sharing.k)
