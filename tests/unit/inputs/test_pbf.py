"""Files .osm.pbf made by hand, a byte at a time: what is read of every form of them, and what is refused."""

from __future__ import annotations

import lzma
import zlib
from typing import TYPE_CHECKING

import osmium
import pandas as pd
import pytest

from spatial.errors import SourceError
from spatial.inputs.osm import read_osm, read_osm_roads
from spatial.network.build import build_network

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# A file by hand: a message is a list of fields, a field its number and a number, bytes, or a list of packed numbers.


def varint(number: int) -> bytes:
    number %= 1 << 64
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


def deltas(numbers: Iterable[int]) -> list[int]:
    numbers = list(numbers)
    return [zigzag(b - a) for a, b in zip([0, *numbers], numbers, strict=False)]


def message(*fields: tuple[int, int | bytes | list[int]]) -> bytes:
    out = b""
    for number, content in fields:
        if isinstance(content, int):
            out += varint(number << 3) + varint(content)
        else:
            data = content if isinstance(content, bytes) else b"".join(varint(item) for item in content)
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def packed(data: bytes) -> bytes:
    return message((2, len(data)), (3, zlib.compress(data)))


def raw(data: bytes) -> bytes:
    return message((1, data))


def with_lzma(data: bytes) -> bytes:
    return message((2, len(data)), (4, lzma.compress(data)))


def blob(kind: bytes, content: bytes) -> bytes:
    header = message((1, kind), (3, len(content)))
    return len(header).to_bytes(4, "big") + header + content


def write(path: Path, blocks: list[bytes], *, features: tuple[bytes, ...] = (), pack=packed) -> Path:
    required = [(4, name) for name in (b"OsmSchema-V0.6", b"DenseNodes", *features)]
    data = blob(b"OSMHeader", pack(message(*required)))
    path.write_bytes(data + b"".join(blob(b"OSMData", pack(block)) for block in blocks))
    return path


STRINGS = [b"", b"highway", b"track", b"place", b"village", b"name", "村".encode(), b"x" * 200, b"natural"]
TABLE = (1, message(*[(1, text) for text in STRINGS]))
PLACES = [(1, 10.5, 20.25), (2, 10.5000001, 20.5), (5, -10.5, -20.75)]
"""Number, longitude and latitude of three nodes; 1 and 5 are villages."""


def dense(*, scale: int = 100, lon0: int = 0, lat0: int = 0, info: bytes = b"") -> bytes:
    """A block of the three nodes, in units of `scale` nanodegrees from an origin."""
    ids, lon, lat = zip(*PLACES, strict=True)
    fields = [
        (1, deltas(ids)),
        (8, deltas(round((v * 1e9 - lat0) / scale) for v in lat)),
        (9, deltas(round((v * 1e9 - lon0) / scale) for v in lon)),
        (10, [3, 4, 5, 6, 0, 0, 3, 4, 5, 7, 0]),
    ]
    if info:
        fields.insert(1, (5, info))
    group = (2, message((2, message(*fields))))
    return message(TABLE, group, (17, scale), (19, lat0), (20, lon0))


def ways(refs: list[int], *, info: bytes = b"") -> bytes:
    fields = [(1, 7), (2, [1]), (3, [2]), *([(4, info)] if info else []), (8, deltas(refs))]
    return message(TABLE, (2, message((3, message(*fields)))))


def plain_nodes() -> bytes:
    nodes = [
        (
            1,
            message(
                (1, zigzag(number)),
                *([(2, [3]), (3, [4])] if number != 2 else []),
                (8, zigzag(round(lat * 1e7))),
                (9, zigzag(round(lon * 1e7))),
            ),
        )
        for number, lon, lat in PLACES
    ]
    return message(TABLE, (2, message(*nodes)))


ROAD = ways([1, 2, 5])


def nodes_of_roads(file: Path) -> list[list[int]]:
    return [list(ids) for ids in read_osm_roads(file).to_frame()["node_ids"]]


VERSIONED = message((1, 3), (2, 12345), (6, 1))
TWO_SHOWN = message((1, [1, 1, 1]), (6, [1, 1, 0]))
"""Who changed nodes: of three, the last is hidden, as a deleted object of a history is."""


@pytest.mark.parametrize(
    ("blocks", "features", "expected"),
    [
        ([dense(), ROAD], (), [1, 2, 5]),
        # A scale that leaves fractions of 1e-7 degrees.
        ([dense(scale=70, lon0=-33, lat0=33), ROAD], (), [1, 2, 5]),
        ([plain_nodes(), ROAD], (), [1, 2, 5]),
        ([dense(info=message((1, [1, 1, 1]), (2, [9, 9, 9]))), ROAD], (), [1, 2, 5]),
        ([dense(), ways([1, 2, 5], info=VERSIONED)], (), [1, 2, 5]),
        # A gap is not bridged: of 1, a node beyond the file, 2 and 5, the longest stretch is 2 and 5.
        ([dense(), ways([1, 99, 2, 5])], (), [2, 5]),
        ([dense(), ways([99, 98])], (), []),
        ([dense(), ways([5])], (), []),
        ([dense(), ways([])], (), []),
        ([dense(), message(TABLE)], (), []),
        ([dense(), message(TABLE, (2, b""))], (), []),
        ([ROAD, dense()], (), [1, 2, 5]),
        ([dense(), dense(), ROAD], (), [1, 2, 5]),
        ([dense(info=TWO_SHOWN), ROAD], (), [1, 2]),
        ([dense(info=TWO_SHOWN), ROAD], (b"HistoricalInformation",), [1, 2]),
        ([dense(), ways([1, 2, 5], info=message((1, 3), (6, 0)))], (b"HistoricalInformation",), [1, 2, 5]),
    ],
)
def test_every_form_of_a_file_is_read(tmp_path, blocks, features, expected):
    for pack in (packed, raw):
        file = write(tmp_path / "hand.osm.pbf", blocks, features=features, pack=pack)
        assert nodes_of_roads(file) == ([expected] if expected else [])
        extract = read_osm(file)
        pd.testing.assert_frame_equal(pd.DataFrame(extract.roads), pd.DataFrame(read_osm_roads(file).to_frame()))
        counts = extract.counts.set_index("item")["number"]
        assert counts["nodes"] == (6 if blocks.count(dense()) == 2 else 3)


def test_a_place_is_where_its_file_says(tmp_path):
    # By hand, so that both readers may not err alike: node 1 lies at 10.5 E 20.25 N and bears a name of 3 bytes.
    file = write(tmp_path / "hand.osm.pbf", [dense(scale=250_000_000, lon0=500_000_000), ROAD])
    places = read_osm(file).places
    assert places["settlement_id"].tolist() == ["n1", "n5"]
    assert places["name"].tolist() == ["村", "x" * 200]
    assert [(point.x, point.y) for point in places.geometry] == [(10.5, 20.25), (-10.5, -20.75)]
    assert [list(ids) for ids in read_osm_roads(file).to_frame()["node_ids"]] == [[1, 2, 5]]


@pytest.mark.parametrize(
    ("pack", "features", "message_"),
    [(with_lzma, (), "lzma blobs not supported"), (packed, (b"Tomorrow",), "required feature not supported: Tomorrow")],
)
def test_what_no_reader_knows_is_named_with_a_remedy(tmp_path, pack, features, message_):
    file = write(tmp_path / "new.osm.pbf", [dense(), ROAD], pack=pack, features=features)
    for read in (read_osm, read_osm_roads):
        with pytest.raises(SourceError, match=f"{message_}.*osmium cat"):
            read(file)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: data[:5],
        lambda data: data[:-9] + b"\x00" * 9,
        lambda data: data + b"\x00\x00\x00\x0d garbage garbage",
        lambda data: data.replace(b"OSMData", b"OSMDatb"),
    ],
)
def test_a_damaged_file_is_refused_whole_or_for_its_roads(tmp_path, spoil):
    file = write(tmp_path / "bad.osm.pbf", [dense(), ROAD])
    file.write_bytes(spoil(file.read_bytes()))
    for read in (read_osm, read_osm_roads):
        with pytest.raises(SourceError, match="damaged or truncated") as caught:
            read(file)
        assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    "block",
    [
        # A string beyond the table, a way twice, two numbers for three nodes, a length beyond the block.
        message(TABLE, (2, message((3, message((1, 7), (2, [1]), (3, [77]), (8, deltas([1, 2]))))))),
        ROAD,
        message(TABLE, (2, message((2, message((1, deltas([1, 2])), (8, deltas([1])), (9, deltas([1]))))))),
        message(TABLE, (2, message((3, b"\x12\x7f")))),
        message(TABLE, (2, b"\x1b\x00")),
    ],
)
def test_a_block_that_makes_no_sense_is_refused(tmp_path, block):
    file = write(tmp_path / "odd.osm.pbf", [dense(), block, ROAD])
    for read in (read_osm, read_osm_roads):
        with pytest.raises(SourceError, match="damaged or truncated"):
            read(file)


def test_roads_of_any_format_are_those_of_the_frame(tmp_path):
    pbf, xml = write(tmp_path / "a.osm.pbf", [dense(), ROAD]), tmp_path / "a.osm"
    with osmium.SimpleWriter(str(xml)) as writer:
        for item in osmium.FileProcessor(str(pbf)):
            writer.add(item)
    pd.testing.assert_frame_equal(
        pd.DataFrame(read_osm_roads(xml).to_frame()), pd.DataFrame(read_osm_roads(pbf).to_frame())
    )


def test_nodes_of_an_editor_with_numbers_below_0_are_counted(tmp_path):
    file = tmp_path / "new.osm"
    file.write_text(
        '<osm version="0.6"><node id="-1" lat="1" lon="2"><tag k="place" v="village"/></node>'
        '<node id="-2" lat="1" lon="2.1"/></osm>'
    )
    extract = read_osm(file)
    assert extract.places["settlement_id"].tolist() == ["n-1"]
    assert extract.counts.set_index("item")["number"]["nodes"] == 2


def test_nodes_in_any_order_after_their_ways_are_found(tmp_path):
    nodes = "".join(f'<node id="{number}" lat="1" lon="2.{number}"/>' for number in (5, 2, 9, 1))
    refs = "".join(f'<nd ref="{number}"/>' for number in (1, 2, 5, 9))
    file = tmp_path / "turned.osm"
    file.write_text(f'<osm version="0.6"><way id="1">{refs}<tag k="highway" v="track"/></way>{nodes}</osm>')
    assert nodes_of_roads(file) == [[1, 2, 5, 9]]
    assert read_osm(file).roads.geometry[0].coords[:] == [(2.1, 1), (2.2, 1), (2.5, 1), (2.9, 1)]


@pytest.mark.data
@pytest.mark.parametrize(("region", "crs"), [("comoros", "EPSG:32738"), ("rutland", "EPSG:32630")])
def test_a_network_is_the_same_from_arrays_and_from_the_table(region, crs, request):
    file = request.getfixturevalue(region) / f"{region}.osm.pbf"
    arrays, table = read_osm_roads(file).to_crs(crs), read_osm(file).roads.to_crs(crs)
    for mode in ("drive", "walk"):
        mine, theirs = (build_network(roads, mode=mode, ferries=True) for roads in (arrays, table))
        for one, other in zip(mine.to_frames(), theirs.to_frames(), strict=True):
            pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(other), check_exact=True)
        pd.testing.assert_frame_equal(pd.DataFrame(mine.findings), pd.DataFrame(theirs.findings))
        assert mine.report == theirs.report
