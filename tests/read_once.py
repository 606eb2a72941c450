"""Read the same files by the same keys once, for tests that ask about something else than reading."""

from __future__ import annotations

import hashlib
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from spatial.inputs.osm_elements import scan_osm
from spatial.inputs.prepare import prepare
from spatial.pipeline import STAGES
from spatial.runner.run import own_files, raw_files

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from spatial.inputs.osm_elements import Scan
    from spatial.inputs.prepare import Layers
    from spatial.study import Study


class ReadOnce:
    """
    Stand for `prepare`: `check`, and the run after it, read alike.

    Files are the same that lie at the same place below the raw root and hold the same bytes.
    """

    def __init__(self) -> None:
        self.known: dict[tuple[str, ...], bytes] = {}
        self.scanned: dict[tuple[object, ...], Scan] = {}

    def __call__(self, study: Study, *, named: Mapping[str, Any] | None = None) -> Layers:
        keys, named = STAGES[0].options, named or study.columns_named
        files = [path for path in (*raw_files(study), *own_files(study, keys)) if path.is_file()]
        root = study.raw

        def told(path: Path) -> tuple[str, str]:
            place = path.relative_to(root) if path.is_relative_to(root) else path
            return str(place), hashlib.blake2b(path.read_bytes()).hexdigest()

        asked = (study.model_dump_json(include=set(keys)), repr(dict(named)), repr([told(path) for path in files]))
        if asked not in self.known:
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr("spatial.inputs.osm.scan_osm", self._scan)
                self.known[asked] = pickle.dumps(prepare(study, named=named))
        return pickle.loads(self.known[asked])  # noqa: S301 - made above

    def _scan(self, path: Path, keys: Collection[str], *, roads_only: bool = False) -> Scan:
        """Scan an extract once, whatever other files change beside it; nobody changes a scan."""
        asked = (hashlib.blake2b(path.read_bytes()).hexdigest(), frozenset(keys), roads_only)
        if asked not in self.scanned:
            self.scanned[asked] = scan_osm(path, keys, roads_only=roads_only)
        return self.scanned[asked]

    def stand_in(self, patched: pytest.MonkeyPatch) -> None:
        """Take the place of `prepare` in the command and the stage that call it."""
        for stage in ("check", "read"):
            patched.setattr(f"spatial.stages.{stage}.prepare", self)
