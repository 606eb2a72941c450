"""One self-contained HTML file from a folium map, our scripts and a block of data."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import folium
from branca.element import Figure, MacroElement
from folium.template import Template
from jinja2 import Environment, PackageLoader

from spatial.cartography.assets import own, vendored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "COMPARE",
    "FACT_SHEET",
    "INDEX",
    "SCORE",
    "SIGN_OFF",
    "PlainParts",
    "json_block",
    "map_document",
    "plain_document",
]

_NONCE = "@@nonce@@"
_SCRIPTS = ("decode.js", "text.js", "dom.js")
_MAP_SCRIPTS = (
    "canvas.js",
    "basemap.js",
    "points.js",
    "marks.js",
    "classes.js",
    "legend.js",
    "filters.js",
    "search.js",
    "table.js",
    "place.js",
    "sureness.js",
    "trials.js",
    "areas.js",
    "about.js",
    "print.js",
    "map_page.js",
)
_TEMPLATES = Environment(
    loader=PackageLoader("spatial.cartography", "assets/own"), autoescape=True, keep_trailing_newline=True
)


class PlainParts(NamedTuple):
    """What makes a page that is no map page."""

    template: str  # the document
    scripts: tuple[str, ...]  # beside those that all pages have
    styles: tuple[str, ...]
    vendored_scripts: tuple[str, ...] = ()  # of others, for a page that draws a map of its own
    vendored_styles: tuple[str, ...] = ()


INDEX = PlainParts(
    "index.html", ("about.js", "score_words.js", "index_trials.js", "index_page.js"), ("index.css",)
)
SIGN_OFF = PlainParts("sign_off.html", ("about.js", "sign_off_page.js"), ("index.css", "sign_off.css"))
SCORE = PlainParts(
    "score.html",
    ("about.js", "score_words.js", "score_types.js", "score_page.js"),
    ("index.css", "score.css"),
)
FACT_SHEET = PlainParts(
    "fact_sheet.html", ("about.js", "score_words.js", "fact_sheet_page.js"), ("index.css", "fact_sheet.css")
)
COMPARE = PlainParts(
    "compare.html",
    (
        "about.js",
        "score_words.js",
        "canvas.js",
        "basemap.js",
        "points.js",
        "compare_map.js",
        "compare_tables.js",
        "compare_page.js",
    ),
    ("index.css", "compare.css"),
    ("fflate/fflate.js", "leaflet/leaflet.js"),
    ("leaflet/leaflet.css",),
)


class _PageMap(folium.Map):
    """A folium map without the files and the fixed zoom that folium's own template brings."""

    _template = Template(
        """
        {%- macro html(this, kwargs) -%}
        <div class="folium-map" id="{{ this.get_name() }}" data-i18n-label="map.label"></div>
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


class _PageFigure(Figure):
    """A document whose data never pass through a template that could run them."""

    def __init__(self, template: str, values: Mapping[str, Any]) -> None:
        super().__init__()
        self._id = "page"
        self._template = _TEMPLATES.get_template(template)
        self.values = dict(values)


def json_block(value: object) -> str:
    r"""
    Write JSON that can neither end its script block nor begin another.

    Examples
    --------
    >>> json_block({"name": "</script>"})
    '{"name":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def map_document(data: Mapping[str, Any], *, title: str, language: str, middle: Sequence[float]) -> bytes:
    """Write the page of one map."""
    scripts = [vendored("fflate/fflate.js"), vendored("leaflet/leaflet.js")]
    scripts += [own(name) for name in (*_SCRIPTS, *_MAP_SCRIPTS)]
    styles = [vendored("leaflet/leaflet.css"), own("page.css"), own("map.css"), own("print.css")]
    figure = _PageFigure("map.html", _values(data, title, language, scripts, styles))
    page_map = _PageMap(
        location=list(middle),
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
    figure.add_child(page_map)
    return _with_nonce(figure.render())


def plain_document(data: Mapping[str, Any], *, title: str, language: str, parts: PlainParts = INDEX) -> bytes:
    """Write a page that is no map page."""
    scripts = [vendored(name) for name in parts.vendored_scripts]
    scripts += [own(name) for name in (*_SCRIPTS, *parts.scripts)]
    styles = [vendored(name) for name in parts.vendored_styles]
    styles += [own(name) for name in ("page.css", *parts.styles)]
    return _with_nonce(_PageFigure(parts.template, _values(data, title, language, scripts, styles)).render())


def _values(
    data: Mapping[str, Any], title: str, language: str, scripts: list[str], styles: list[str]
) -> dict[str, Any]:
    return {
        "title": title,
        "language": language,
        "nonce": _NONCE,
        "scripts": scripts,
        "styles": styles,
        "data": json_block(data),
    }


def _with_nonce(text: str) -> bytes:
    # Only our own templates hold the placeholder: json_block leaves no "@@nonce@@" unless a name spells it, and
    # then the name shows the nonce, which opens nothing, because a name never becomes a tag.
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    nonce = base64.urlsafe_b64encode(digest[:18]).decode("ascii")
    return text.replace(_NONCE, nonce).encode("utf-8")
