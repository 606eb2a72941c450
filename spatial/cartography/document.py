"""Self-contained HTML files: vendored and own assets, columns as typed arrays, a block of data; what pages share."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Any, NamedTuple

import folium
import numpy as np
import numpy.typing as npt
import pandas as pd
from branca.element import Figure, MacroElement
from folium.template import Template
from jinja2 import Environment, PackageLoader

from spatial.arrays import FloatArray
from spatial.errors import SourceError, StudyError
from spatial.parallel import map_blocks
from spatial.plain_text import shipped_toml
from spatial.store import Artifact

# Files that pages carry inside: vendored ones by a manifest, and our own scripts and styles.

_SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)
_CSS_URL = re.compile(r"url\(\s*['\"]?(?!data:|#)([^)'\"]+)['\"]?\s*\)")
_REMARK = re.compile(r"^ *(?:/\*.*?\*/ *\n|//[^\n]*\n|(?=\S))", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Vendored:
    """A file of another project, unmodified."""

    path: str  # below the assets folder
    package: str  # the package that it is from, its version and SPDX licence
    version: str
    licence: str
    sha256: str  # of the file


@functools.cache
def vendored_files() -> dict[str, Vendored]:
    """Read the manifest of vendored files."""
    return {
        file["path"]: Vendored(file["path"], package["name"], package["version"], package["licence"], file["sha256"])
        for package in shipped_toml("cartography/assets/manifest.toml")["package"]
        for file in package["file"]
    }


@functools.cache
def vendored(path: str) -> str:
    """Give a vendored script or style sheet as it goes into a page."""
    known = vendored_files()
    if path not in known:
        raise SourceError(f"{path} is no vendored asset; add it to the manifest with version, licence and sha256")
    entry = known[path]
    folder = path.rpartition("/")[0]

    # Pictures of controls and pins that our pages do not show are left out.
    text = _CSS_URL.sub("none", _SOURCE_MAP.sub("", _bytes(path).decode("utf-8")).strip())
    licence = _bytes(f"{folder}/LICENSE").decode("utf-8").strip().replace("*/", "* /")
    return f"/* {entry.package} {entry.version}\n{licence}\n*/\n{text}\n"


@functools.cache
def own(name: str) -> str:
    """Give one of our own scripts or style sheets."""
    return _bytes(f"own/{name}").decode("utf-8")


def code_of(name: str) -> str:
    """Give one of our own scripts or style sheets without remarks and indents, as pages carry it."""
    return _REMARK.sub("", own(name))


def _bytes(path: str) -> bytes:
    return files("spatial.cartography").joinpath("assets", *path.split("/")).read_bytes()


# Columns of numbers and names as the pages carry them: bytes of typed arrays beside the JSON that names them.


@dataclass(frozen=True)
class Piece:
    """Bytes that a page carries beside its JSON."""

    raw: bytes

    @functools.cached_property
    def block(self) -> str:
        """The bytes as a page has them, deflated by themselves: made once for all pages that carry them."""
        return write_block(self.raw)


def write_block(raw: bytes) -> str:
    """
    Deflate bytes and write them seven bits a letter, after their length.

    What HTML would change in a script (NUL, the carriage return and ``<``) goes with what follows it as one letter of
    two bytes, so that the text has 8/7 of the bytes.
    """
    deflating = zlib.compressobj(_ZLIB_LEVEL, wbits=-zlib.MAX_WBITS)
    packed = deflating.compress(raw) + deflating.flush()
    # Seven bytes are eight letters.
    sevens = np.frombuffer(packed + bytes(-len(packed) % 7), np.uint8).reshape(-1, 7).astype(np.uint64)
    words = (sevens << np.arange(48, -1, -8, dtype=np.uint64)).sum(axis=1, dtype=np.uint64)
    letters = ((words[:, None] >> np.arange(49, -1, -7, dtype=np.uint64)) & np.uint64(127)).ravel().astype(np.uint32)
    letters = np.append(letters[: -(-len(packed) * 8 // 7)], 1)
    changed = np.isin(letters, _CHANGED)
    # In a row of such letters every other one goes with the one before.
    at = np.arange(len(letters))
    leads = changed & ((at - np.maximum.accumulate(np.where(changed, -1, at))) % 2 == 1)
    pairs = _FIRST_PAIR + (np.searchsorted(_CHANGED, letters[leads]) << 7) + letters[1:][leads[:-1]]
    letters[leads] = pairs
    written = letters[~np.append(False, leads[:-1])]
    return f"{len(raw)}:{written.astype('<u4').tobytes().decode('utf-32-le')}"


NO_INDEX = -1
"""Index of nothing in an int32 column; JavaScript turns it into null."""
_KINDS = {"u1": np.uint8, "u2": np.uint16, "u4": np.uint32, "i4": np.int32, "f4": np.float32}
_ZLIB_LEVEL = 9
_CHANGED = np.array([0, 13, 60], np.uint32)
_FIRST_PAIR = 256
"""Letters of two bytes begin here, 128 for each of `_CHANGED`."""
BETWEEN_BLOCKS = "\u00b7"
"""Stands between the blocks of a page, and in none of them."""
PACKED = '<script type="text/plain" id="packed">'
"""Before the blocks of a page."""
_POOLED_BYTES = 8192
"""Pieces of fewer bytes are deflated together, which saves a tenth; larger ones once for all pages."""


def pack(values: npt.ArrayLike, kind: str) -> dict[str, Any]:
    """Encode one column: bytes of equal weight side by side, so that slowly changing numbers deflate to half."""
    array = np.ascontiguousarray(np.asarray(values).astype(_KINDS[kind]))
    if kind == "i4":  # the sign comes last: small numbers on either side of zero have few bytes
        array = (array << 1) ^ (array >> 31)
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    planes = little.view(np.uint8).reshape(len(array), array.dtype.itemsize).T
    return {"kind": kind, "n": len(array), "data": Piece(planes.tobytes())}


def pack_texts(texts: Iterable[object]) -> dict[str, Any]:
    """Encode one column of texts."""
    lines = [" ".join(text.split()) if isinstance(text, str) else "" for text in texts]
    return {"n": len(lines), "text": Piece("\n".join(lines).encode("utf-8", "replace"))}


@functools.lru_cache(maxsize=16)
def piece_of(raw: bytes) -> Piece:
    """Give the same piece for the same bytes, such as the words that pages of a kind share."""
    return Piece(raw)


def round_up(values: npt.ArrayLike, thresholds: Sequence[float] = ()) -> npt.NDArray[np.float32]:
    """
    Round to float32 so that no comparison with a threshold changes.

    Rounding upwards keeps ``value <= threshold`` for every threshold that float32 can hold, all whole numbers
    among them; values just above one of the other thresholds named are moved above its float32 as well.
    """
    exact = np.asarray(values, dtype=np.float64)
    up = np.float32(np.inf)
    rounded = exact.astype(np.float32)
    rounded = np.where(rounded < exact, np.nextafter(rounded, up), rounded)
    for threshold in thresholds:
        limit = np.float32(threshold)
        limit = np.nextafter(limit, up) if float(limit) < threshold else limit
        rounded = np.where((exact > threshold) & (rounded <= limit), np.nextafter(limit, up), rounded)
    return rounded


def pack_seconds(minutes: npt.ArrayLike, *, begun: bool = False) -> dict[str, Any]:
    """
    Encode minutes as whole seconds plus one, 0 = missing; where they are compared, seconds begun.

    Pages round these to whole minutes, sentences and the workbook the minutes themselves. So that both tell the same,
    13 min 29.8 s, which would become half a minute and then 14 min, are packed as 13 min 29 s.
    """
    told = np.asarray(minutes, dtype=np.float64)
    is_known = np.isfinite(told)
    exact = np.where(is_known, told, 0.0)
    whole = np.ceil(exact * 60.0) if begun else np.rint(exact * 60.0)
    whole += np.where(np.rint(whole / 60.0) == np.rint(exact), 0.0, np.sign(exact * 60.0 - whole))
    return pack(np.where(is_known, whole + 1.0, 0.0), "u4")


def names_block(frame: pd.DataFrame) -> dict[str, Any]:
    """Encode every name column of a table."""
    columns = sorted(column for column in frame.columns if str(column).startswith("name_"))
    block = {"name": pack_texts(frame["name"])}
    told = [column for column in columns if frame[column].notna().any() and not frame[column].equals(frame["name"])]
    return block | {column: pack_texts(frame[column]) for column in told}


def pack_metres(metres: npt.ArrayLike) -> dict[str, Any]:
    """Encode metres that are only shown, never compared, as whole metres plus one; 0 = missing."""
    exact = np.asarray(metres, dtype=np.float64)
    return pack(np.where(np.isfinite(exact), np.rint(exact) + 1.0, 0.0), "u4")


PACKS: dict[str, Callable[[Any], dict[str, Any]]] = {"min": pack_seconds, "m": pack_metres, "text": pack_texts}
"""How columns of a unit or form are packed; all others are numbers."""


def shown_whole(values: npt.ArrayLike, threshold: float | None) -> FloatArray:
    """Round values that are only shown to whole minutes or metres; what is beyond a threshold stays beyond it."""
    exact = np.asarray(values, dtype=np.float64)
    whole = np.rint(exact)
    return whole if threshold is None else np.where((exact > threshold) & (whole <= threshold), threshold + 0.25, whole)


def space_order(x: npt.ArrayLike, y: npt.ArrayLike) -> npt.NDArray[np.intp]:
    """Order points along a Z-curve, so that neighbours stand side by side and deflate well."""
    code = np.zeros(np.shape(np.asarray(x)), dtype=np.uint64)
    for shift, axis in enumerate((np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))):
        span = float(np.ptp(axis)) if len(axis) else 0.0
        scaled = (axis - axis.min()) / span * 65535.0 if span > 0 else np.zeros(len(axis))
        cells = scaled.astype(np.uint64)
        for bit in range(16):
            code |= ((cells >> np.uint64(bit)) & np.uint64(1)) << np.uint64(2 * bit + shift)
    return np.argsort(code, kind="stable")


def codes(values: pd.Series, known: Sequence[str] | pd.Index) -> npt.NDArray[np.intp]:
    """Replace texts by their position in a list; `NO_INDEX` where missing or not in the list."""
    return pd.Index(known).get_indexer(pd.Index(values))


def pack_words(values: pd.Series, words: Sequence[str], *, missing: str | None = None) -> dict[str, Any]:
    """Encode one column of words by their position in a list; 255 = not in it, or missing without a word for it."""
    return pack(codes(values if missing is None else values.fillna(missing), words), "u1")


# One self-contained HTML file from a folium map, our scripts and a block of data.

_NONCE = "@@nonce@@"
_TEMPLATES = Environment(
    loader=PackageLoader("spatial.cartography", "assets/own"), autoescape=True, keep_trailing_newline=True
)


class PageParts(NamedTuple):
    """What makes a page of one kind; `page.html` is the skeleton that all share, and ``KIND.html`` stands in it."""

    body: str  # classes of its body
    start: str  # the function of our scripts that it calls first; empty where the map calls it
    scripts: tuple[str, ...]  # those that all pages have among them
    styles: tuple[str, ...]
    vendored: tuple[str, ...]  # of others, for a page that draws a map


@functools.cache
def parts_of(page: str) -> PageParts:
    """Read what makes the pages of a kind."""
    kinds = shipped_toml("cartography/assets/pages.toml")
    scripts, styles = (
        tuple(f"{name}.{ending}" for kind in ("every", page) for name in kinds[kind][key].split())
        for key, ending in (("scripts", "js"), ("styles", "css"))
    )
    vendored = ("leaflet/leaflet.css", "leaflet/leaflet.js") if kinds[page].get("draws_map") else ()
    return PageParts(kinds[page]["body"], kinds[page].get("start", ""), scripts, styles, vendored)


class _PageMap(folium.Map):
    """A folium map without the files and the fixed zoom that folium's own template brings."""

    _template = Template(
        """
        {%- macro html(this, kwargs) -%}
        <div class="folium-map" id="{{ this.get_name() }}" role="application" data-i18n-label="map.label"></div>
        {%- endmacro -%}
        {%- macro script(this, kwargs) -%}
        window.Spatial.map = L.map(
            "{{ this.get_name() }}",
            Object.assign({{ this.options|tojavascript }}, {center: {{ this.location|tojson }}})
        );
        {%- endmacro -%}
        """
    )
    default_js: list[tuple[str, str]] = []  # noqa: RUF012 - folium reads this attribute of the class
    default_css: list[tuple[str, str]] = []  # noqa: RUF012 - as above


class _StartPage(MacroElement):
    """The element that hands the map over to our scripts."""

    _template = Template("{% macro script(this, kwargs) %}window.Spatial.startMapPage();{% endmacro %}")


@functools.cache
def _map_elements(latitude: float, longitude: float) -> dict[str, str]:
    """Let folium write the map: once for all pages with the same middle, because it compiles a template a time."""
    page_map = _PageMap(
        location=[latitude, longitude],
        tiles=None,
        zoom_control=False,
        attribution_control=False,
        zoom_start=9,
        zoom_snap=0.25,
    )
    page_map._id = "page"  # noqa: SLF001 - folium draws ids from os.urandom; ours stay the same
    page_map._name = "map"  # noqa: SLF001 - as above
    start = _StartPage()  # type: ignore[no-untyped-call]
    start._id = "start"  # noqa: SLF001 - as above
    page_map.add_child(start)
    figure = Figure()
    figure.add_child(page_map)
    page_map.render()  # type: ignore[no-untyped-call]
    return {name: getattr(figure, name).render() for name in ("header", "html", "script")}


def page_document(data: Mapping[str, Any], page: str = "index", *, title: str = "", subject: str = "") -> bytes:
    """Write a page, with a nonce of its own content, called as ``title`` or the study behind its ``subject``."""
    study, first = data["study"], data["language"]
    title = title or study["title"].get(first) or next(iter(study["title"].values()), study["name"])
    # Keys once, and the texts of each language behind each other: what is far apart deflates badly.
    words, parts = words_named(data["messages"], page), parts_of(page)
    keys = list(dict.fromkeys(key for texts in words.values() for key in texts))
    told = {language: [texts.get(key) for key in keys] for language, texts in words.items()}
    messages = piece_of(_json({"keys": keys, "texts": told}))
    unpack, *code = _code_blocks(page)
    text = _TEMPLATES.get_template("page.html").render(
        template=f"{page}.html",
        kind=parts.body,
        start=parts.start,
        map=_map_elements(*data["middle"]) if page == "map" else None,
        title=f"{subject} \u2013 {title}" if subject else title,
        language=first,
        nonce=_NONCE,
        packed=PACKED,
        unpack=unpack,
        blocks=BETWEEN_BLOCKS.join((*code, *data_blocks({**data, "messages": messages}))),
    )
    # Only our own templates hold the placeholder; a title that spells it shows the nonce, which opens nothing.
    content = text.encode("utf-8")
    digest = hashlib.sha256(content).digest()
    return content.replace(_NONCE.encode("ascii"), base64.urlsafe_b64encode(digest[:18]))


BYTES_A_MB = 1_000_000


def refuse_small_pages(max_page_mb: float) -> None:
    """Refuse a budget that no map page fits in, whatever is on it."""
    if sum(len(block.encode("utf-8")) for block in _code_blocks("map")) > max_page_mb * BYTES_A_MB:
        raise StudyError(
            "outputs.max_page_mb", [f"outputs.max_page_mb: {max_page_mb:g} is too small for any page; allow 2 or more"]
        )


@functools.cache
def _code_blocks(page: str) -> tuple[str, str, str]:
    """Write what unpacks a page, and as blocks the style and the scripts of its kind."""
    parts = parts_of(page)
    style, script = (
        write_block(
            "".join(
                [*(vendored(name) for name in parts.vendored if name.endswith(ending)), *map(code_of, own)]
            ).encode()
        )
        for own, ending in ((parts.styles, ".css"), (parts.scripts, ".js"))
    )
    return code_of("unpack.js"), style, script


def words_named(messages: Mapping[str, Mapping[str, str]], page: str) -> dict[str, dict[str, str]]:
    """Keep the messages that a kind of pages can say: those that its scripts or its template name, or begin to name."""
    sections, keys, beginnings = _named(page)
    return {
        language: {
            key: text
            for key, text in texts.items()
            if key in keys or key.partition(".")[0] in sections or key.startswith(beginnings)
        }
        for language, texts in messages.items()
    }


@functools.cache
def _named(page: str) -> tuple[frozenset[str], frozenset[str], tuple[str, ...]]:
    """List the sections of messages, the keys, and the beginnings of keys in the quotes of scripts and templates."""
    text = "\n".join(own(name) for name in (*parts_of(page).scripts, "page.html", f"{page}.html"))
    keys = set(re.findall(r"[\"'`]([a-z_]+\.[a-z0-9_]*)", text))
    # A key that is named may go on, as by "_one" or by what a script adds.
    beginnings = tuple(sorted(key if key.endswith((".", "_")) else f"{key}_" for key in keys))
    return frozenset(re.findall(r"[\"'`]([a-z_]+)[\"'`]", text)), frozenset(keys), beginnings


def data_blocks(data: Mapping[str, Any]) -> list[str]:
    """Write the data of a page: JSON with the numbers of pieces (large ones below 0), small ones, each large one."""
    numbers: dict[bytes, int] = {}
    small: list[bytes] = []
    large: list[Piece] = []

    def number_of(piece: object) -> int:
        if not isinstance(piece, Piece):
            raise TypeError(f"a page cannot carry {piece!r}")
        if piece.raw not in numbers:
            if len(piece.raw) < _POOLED_BYTES:
                numbers[piece.raw] = len(small)
                small.append(piece.raw)
            else:
                large.append(piece)
                numbers[piece.raw] = -len(large)
        return numbers[piece.raw]

    text = b'{"data":%b,"lengths":%b}' % (_json(data, number_of), _json([len(raw) for raw in small]))
    # Deflating them is most of a country's pages, and leaves other threads room.
    blocks = map_blocks(lambda first, _stop: large[first].block, [(at, at + 1) for at in range(len(large))])
    return [write_block(text), write_block(b"".join(small)), *blocks]


def _json(value: object, default: Callable[[object], Any] | None = None) -> bytes:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=default)
    return text.encode("utf-8", "replace")


SHARED_FILE = "shared.js"
_LEAST_LETTERS = 1000
"""Blocks of fewer letters stay in their pages."""
_PACKED_BLOCKS = re.compile(f"{re.escape(PACKED)}(.*?)</script>", re.DOTALL)
_ENDS_LITERAL, _ESCAPED = re.compile(r"[`\\$]"), r"\\\g<0>"
_NONCE_SAID = re.compile(r"'nonce-([^']+)'")


def share_blocks(pages: Sequence[Artifact], needs: Iterable[str]) -> list[Artifact]:
    """Move the blocks that several pages carry into one file beside them; without it a page says what it ``needs``."""
    texts = {page.name: page.content.decode("utf-8") for page in pages}
    blocks = {name: _PACKED_BLOCKS.search(text)[1].split(BETWEEN_BLOCKS) for name, text in texts.items()}  # type: ignore[index]
    carried = Counter(block for own in blocks.values() for block in set(own) if len(block) >= _LEAST_LETTERS)
    names = {
        block: hashlib.sha256(block.encode("utf-8")).hexdigest()[:16] for block, count in carried.items() if count > 1
    }
    said = "".join(f"<p>{escape(text)}</p>" for text in needs)
    written = []
    for name, text in texts.items():
        if not names.keys() & set(blocks[name]):
            written.append(Artifact(name, text.encode("utf-8")))
            continue
        nonce = _NONCE_SAID.search(text)[1]  # type: ignore[index]
        left = BETWEEN_BLOCKS.join(f"@{names[block]}" if block in names else block for block in blocks[name])
        head, tail = _PACKED_BLOCKS.split(text)[::2]
        script = f'<script nonce="{nonce}" src="{SHARED_FILE}"></script>\n'
        tail = tail.replace("<noscript>", f'<div id="needs-shared" hidden>{said}</div><noscript>', 1)
        written.append(Artifact(name, f"{head}{script}{PACKED}{left}</script>{tail}".encode()))
    # Letters stand as they are in a template literal, but for those that end or interrupt it.
    entries = [f'"{name}": `{_ENDS_LITERAL.sub(_ESCAPED, block)}`,\n' for block, name in names.items()]
    shared = "".join(("window.SpatialShared = {\n", *entries, "};\n"))
    return [*written, Artifact(SHARED_FILE, shared.encode("utf-8"))]
