"""Stage `maps`: tables become pages that open without internet."""

from __future__ import annotations

from typing import Any

from spatial.cartography.page_data import PageMeta, ServiceNote, source_entries
from spatial.cartography.pages import build_pages
from spatial.reporting.wording import every_source
from spatial.runner.cost import give_back_memory
from spatial.runner.stage import Options, Progress, silent
from spatial.stages.policy import binding_norms, inventories, said_of_study, vocabulary_of
from spatial.store import Artifact


def maps(
    *, summary: dict[str, Any], options: Options, progress: Progress = silent, **tables: Any
) -> dict[str, list[Artifact]]:
    """Write the pages of the study."""
    vocabulary = vocabulary_of(options)
    known = inventories(options, vocabulary, tables["facilities"], tables.get("counts"))
    offered = vocabulary.every
    # Every service of the access table; towns are settlements, of which the study knows all it was given.
    towns = {tier.id for tier in vocabulary.tiers}
    notes = {}
    for name in tables["access"]["service"].unique():
        service = vocabulary.get(name)
        notes[name] = ServiceNote(
            id=name,
            names=dict(service.names) if service else {},
            counts=vocabulary.satisfying(name),
            inventory="complete" if name in towns else known.get(name, "unknown"),
            register=(*service.register, *service.proxy_for) if service else (),
        )
    meta = PageMeta(
        **said_of_study(options, summary),
        study=options.name,
        as_of=options.as_of.isoformat(),
        modes=options.network.modes,
        services=notes,
        names={item.id: dict(item.names) for item in offered},
        inventory=known,
        tolerance_share=options.official.tolerance_share,
        imputed_share=options.official.imputed_share,
        level_bands=options.score.level_bands,
        pillar_weights=dict[str, float](options.score.weights.items()),
        scenarios={item.name: item.title for item in options.scenarios},
        sources=source_entries(every_source(tables)),
    )

    def after_part(share: float) -> None:
        progress(share, "")
        give_back_memory(0.0)  # what a district of a country leaves behind would stand beside all that follows

    pages = build_pages(
        tables,
        meta=meta,
        summary=summary,
        register=binding_norms(options),
        languages=options.outputs.languages,
        max_page_mb=options.outputs.max_page_mb,
        relief=tables.get("elevation"),
        is_shared=options.outputs.shared,
        after_part=after_part,
    )
    return {"files": pages}
