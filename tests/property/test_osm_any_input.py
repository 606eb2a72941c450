"""Whatever an extract holds, the reader gives all of it or refuses the file with an error of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import osmium
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from spatial.errors import SourceError
from spatial.inputs.osm import read_osm, read_population_tag
from spatial.inputs.services import load_services
from tests.effort import tried

if TYPE_CHECKING:
    from pathlib import Path

FEW = tried(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
TAGS = st.dictionaries(
    st.sampled_from(
        ["place", "name", "population", "amenity", "highway", "boundary", "admin_level", "natural", "isced:level"]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
    | st.sampled_from(["village", "hospital", "track", "administrative", "8", "water", "1200"]),
    max_size=4,
)


def write(file: Path, nodes: list[dict[str, str]], ways: list[tuple[list[int], dict[str, str]]]) -> Path:
    file.unlink(missing_ok=True)
    with osmium.SimpleWriter(str(file)) as writer:
        for number, tags in enumerate(nodes, start=1):
            writer.add_node(osmium.osm.mutable.Node(id=number, location=(number / 100, (number % 7) / 100), tags=tags))
        for number, (refs, tags) in enumerate(ways, start=1):
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=refs, tags=tags))
    return file


@FEW
@given(
    nodes=st.lists(TAGS, min_size=1, max_size=8),
    ways=st.lists(st.tuples(st.lists(st.integers(1, 10), max_size=6), TAGS), max_size=6),
)
def test_any_tags_and_any_ways_are_read_and_counted(tmp_path, nodes, ways):
    extract = read_osm(write(tmp_path / "any.osm.pbf", nodes, ways))
    counts = extract.counts.set_index("item")["number"]
    assert counts["nodes"] == len(nodes)
    assert counts["ways"] == len(ways)
    for frame, key in (
        (extract.places, "settlement_id"),
        (extract.facilities, "facility_id"),
        (extract.roads, "road_id"),
        (extract.boundaries, "boundary_id"),
        (extract.water, "water_id"),
    ):
        assert frame[key].is_unique
        assert not frame.geometry.isna().any()
    # Each place node is a settlement.
    assert sum(tags.get("place") == "village" for tags in nodes) <= len(extract.places)


def block_ends(data: bytes) -> set[int]:
    """Where the blocks of a pbf end: 4 bytes with the length of a header, the header, and the data it announces."""
    ends, at = set(), 0
    while at < len(data):
        head = at + 4
        after = head + int.from_bytes(data[at:head], "big")
        # The header's last field is number 3, a varint: the key 0x18, then seven bits a byte, the lowest first.
        varint = data[data.index(0x18, head + 2 + data[head + 1]) + 1 : after]
        at = after + sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(varint))
        ends.add(at)
    return ends


@FEW
@given(cut=st.floats(0, 0.999), flip=st.none() | st.integers(0, 10**6))
def test_a_cut_or_changed_file_is_refused_or_read_and_nothing_else(tmp_path, cut, flip):
    whole = write(
        tmp_path / "whole.osm.pbf",
        [{"place": "village", "name": f"v{number}"} for number in range(40)],
        [([1, 2, 3], {"highway": "track"})],
    ).read_bytes()
    data = bytearray(whole)
    if flip is None:
        data = data[: int(len(data) * cut)]
    else:
        data[flip % len(data)] ^= 0x55
    file = tmp_path / "bad.osm.pbf"
    file.write_bytes(bytes(data))
    try:
        extract = read_osm(file)
    except SourceError:
        return
    # Only a cut between two blocks leaves a whole, smaller file, which cannot be told from one written so. libosmium
    # takes up to three bytes more, less than the length of a next header, for the end of the file.
    assert flip is not None or min(len(data) - end for end in block_ends(whole) if end <= len(data)) <= 3
    assert len(extract.places) <= 40


@given(st.text(max_size=20))
def test_any_population_tag_is_a_number_of_people_or_unknown(text):
    persons = read_population_tag(text)
    assert persons != persons or (persons >= 0 and persons.is_integer())  # noqa: PLR0124 - NaN


@given(TAGS)
def test_any_tags_match_services_of_which_none_includes_another(tags):
    words = load_services()
    found = words.match(tags)
    assert not any(other in words.satisfying(one) for one in found for other in found if one != other)
