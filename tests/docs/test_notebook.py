"""The notebook that the documentation shows runs as it stands."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebooks" / "sample_county.ipynb"


def test_the_notebook_is_kept_with_its_results(library: Callable[[str], Any]) -> None:
    read = library("nbformat").read(NOTEBOOK, as_version=4)
    cells = [cell for cell in read.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the kernel's own start-up speaks of its transport
@pytest.mark.parametrize("villages", [80, pytest.param(400, marks=pytest.mark.trial)])
def test_the_notebook_runs(
    tmp_path: Path,
    sample_run: Path,
    go_on_from: Callable[[Path, Path], Path],
    library: Callable[[str], Any],
    villages: int,
) -> None:
    notebook = library("nbformat").read(NOTEBOOK, as_version=4)
    if villages == 80:
        # In a folder where this county was run before, so that its own run finds nothing to do.
        folder = go_on_from(sample_run, tmp_path / "county")
        (folder / "raw").symlink_to(sample_run / "raw")
        first, second, *_ = (cell for cell in notebook.cells if cell.cell_type == "code")
        first.source = with_other_words(first.source, "Path(tempfile.mkdtemp())", f"Path({str(folder)!r})")
        second.source = with_other_words(second.source, 'sp.write_sample_county(folder / "raw" / "sample")\n', "")
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    client = library("nbclient").NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    shown = "".join(str(cell.outputs) for cell in notebook.cells if cell.cell_type == "code")
    assert "population_persons: negative" in shown  # the last cell shows the refusal of a faulty frame
    assert "raster_total" in shown
    if villages == 80:
        record = json.loads((folder / "processed" / "sample" / "run.json").read_text(encoding="utf-8"))
        assert not any(stage["ran"] for stage in record["stages"].values())


def with_other_words(source: str, words: str, others: str) -> str:
    """Put other words in the place of some that must be there."""
    assert words in source
    return source.replace(words, others)
