"""A finished run handed to others: what the study says of itself, and the package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spatial.messages import Words
from spatial.reporting.wording import known_issues
from spatial.sharing.meta import PackageMeta
from spatial.sharing.package import write_package
from spatial.stages.shared import every_source, provenance_told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from spatial.results import Results
    from spatial.study import Study


def share_package(
    study: Study,
    results: Results,
    folder: Path,
    *,
    audience: str = "internal",
    also: Sequence[str] = (),
    progress: Callable[[float, str], None] | None = None,
) -> Iterator[str]:
    """Write the package of a finished run for an audience, and say where it is and what its sources ask for."""
    tables: dict[str, Any] = {name: getattr(results, name) for name in ("provenance", "plan_sources", "known_issues")
                              if name in results.names}  # fmt: skip
    account, languages = every_source(tables), study.outputs.languages
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
    )
    method = Words(languages[0], "qgis").say("project", "method_text")
    archive = write_package(results, meta, folder, also=also, method=method, progress=progress)
    yield f"package: {folder}"
    yield f"zip:     {archive}"
    yield meta.words.say("audience", audience)
