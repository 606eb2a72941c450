"""The notebook that the documentation shows runs as it stands."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbclient import NotebookClient

if TYPE_CHECKING:
    from collections.abc import Callable

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebooks" / "sample_county.ipynb"


def test_the_notebook_is_kept_with_its_results() -> None:
    cells = [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the kernel's own start-up speaks of its transport
@pytest.mark.parametrize("villages", [80, pytest.param(400, marks=pytest.mark.trial)])
def test_the_notebook_runs(
    tmp_path: Path, sample_run: Path, go_on_from: Callable[[Path, Path], Path], villages: int
) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    folder = tmp_path / "county"
    replaced = [("Path(tempfile.mkdtemp())", f"Path({str(folder)!r})")]
    if villages == 80:
        # Where a smaller county was run before, so that its own run finds nothing to do.
        go_on_from(sample_run, folder)
        shutil.copytree(sample_run / "raw", folder / "raw")
        replaced.append(('sp.write_sample_county(folder / "raw" / "sample")', 'folder / "raw" / "sample"'))
    for old, new in replaced:
        (cell,) = [cell for cell in cells if old in cell.source]
        cell.source = cell.source.replace(old, new)
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    shown = "".join(str(cell.outputs) for cell in notebook.cells if cell.cell_type == "code")
    assert "population_persons: negative" in shown  # the last cell shows the refusal of a faulty frame
    assert "raster_total" in shown
    record = json.loads((folder / "processed" / "sample" / "run.json").read_text(encoding="utf-8"))
    assert any(stage["ran"] for stage in record["stages"].values()) == (villages == 400)
