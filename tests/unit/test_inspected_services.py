"""What `spatial inspect` proposes for the words of a ministry's services."""

from __future__ import annotations

from typing import TYPE_CHECKING

import spatial as sp
from spatial.drafting import toml_block

if TYPE_CHECKING:
    from pathlib import Path

ROWS = (
    "Code;Nom de la structure;Type de structure;Localité",
    "K1;CHN Moroni;Hôpital avec urgences;Moroni",
    "K2;CHR Fomboni;HOPITAL;Fomboni",
    "K3;PS Sima;Poste de sante;Sima",
)


def _proposed(tmp_path: Path, *rows: str) -> list[str]:
    file = tmp_path / "structures.csv"
    file.write_bytes("\n".join(rows).encode("cp1252"))
    (layer,) = sp.inspect_file(file, raw=tmp_path).layers
    assert layer.proposal is not None
    return toml_block(layer.proposal)


def test_a_vocabulary_that_knows_all_words_is_proposed_and_tells_emergency_hospitals(tmp_path):
    lines = _proposed(tmp_path, *ROWS)
    assert any(line.startswith('values_file = "fr"') for line in lines)
    assert not any(line.startswith("values.service") for line in lines)


def test_words_that_no_vocabulary_knows_are_translated_one_by_one(tmp_path):
    lines = _proposed(tmp_path, *ROWS, "K4;PS Domoni;Poste de santé du village;Domoni")
    assert not any(line.startswith("values_file") for line in lines)
    assert 'values.service."Poste de sante" = "primary_care"' in lines
