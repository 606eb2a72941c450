"""SLD beside QML: the classes and colours that QGIS reads from either are the same, feature by feature."""

from __future__ import annotations

import re
import sqlite3
from xml.etree.ElementTree import fromstring

import pytest

from spatial.messages import Words
from spatial.qgis import write_raster
from spatial.qgis.sld import Expression, equals, holds, sld
from spatial.qgis.styles import Category, Style, categorised, line, symbol
from tests.qgis.one_file import write_geopackage

SE, OGC = "{http://www.opengis.net/se}", "{http://www.opengis.net/ogc}"
FILL = "GraphicFill? SvgParameter*"
MODELS = {
    "StyledLayerDescriptor": "NamedLayer+",
    "NamedLayer": "Name UserStyle+",
    "UserStyle": "Name? Description? FeatureTypeStyle+",
    "FeatureTypeStyle": "Name? Description? Rule+",
    "Rule": "Name? Description? (Filter|ElseFilter)? MinScaleDenominator? MaxScaleDenominator? "
    "(PointSymbolizer|LineSymbolizer|PolygonSymbolizer|TextSymbolizer|RasterSymbolizer)+",
    "Description": "Title? Abstract?",
    "PointSymbolizer": "Geometry? Graphic?",
    "LineSymbolizer": "Geometry? Stroke? PerpendicularOffset?",
    "PolygonSymbolizer": "Geometry? Fill? Stroke?",
    "TextSymbolizer": "Geometry? Label? Font? LabelPlacement? Halo? Fill?",
    "RasterSymbolizer": "Geometry? Opacity? ColorMap?",
    "ColorMap": "Categorize",
    "Categorize": "LookupValue Value (Threshold Value)*",
    "Graphic": "Mark* Opacity? Size? Rotation?",
    "Mark": "WellKnownName? Fill? Stroke?",
    "Fill": FILL,
    "Stroke": FILL,
    "GraphicFill": "Graphic",
    "Font": "SvgParameter*",
    "Halo": "Radius? Fill?",
    "Label": "PropertyName",
    "Filter": "(Is|And|Or|Not)",
    "And": "(Is|And|Or|Not) (Is|And|Or|Not)+",
    "Or": "(Is|And|Or|Not) (Is|And|Or|Not)+",
    "Not": "(Is|And|Or|Not)",
    "Rotation": "Literal",
    "Is": "(PropertyName|Literal) Literal",
    "PropertyIsNull": "PropertyName",
    "PropertyIsLike": "PropertyName Literal",
}
"""What stands in each element, in the order of the schemas of SLD, SE and Filter 1.1, as far as they are used."""


def parsed(text):
    """Parse what this package wrote."""
    return fromstring(text)  # noqa: S314 - as said


@pytest.fixture(scope="module")
def package(county, county_meta, tmp_path_factory):
    path = tmp_path_factory.mktemp("sld") / "county.gpkg"
    made = write_geopackage(county, name="county", crs="EPSG:32648", languages=["en"], meta=county_meta)
    path.write_bytes(made.content)
    return path


def as_in_qml(answer):
    """Hold what QGIS found; ground outside the study area has no way to be said in SLD."""
    faults = {name: found for name, found in answer.items() if not found["read"] or found["differ"]}
    assert set(faults) <= {"study_area"}, faults
    assert all(found["labels"][0] == found["labels"][1] for found in answer.values())


@pytest.mark.qgis
def test_classes_colours_and_labels_are_those_of_the_qml(in_qgis, package):
    answer = in_qgis("read_sld_in_qgis.py", package).found
    assert len(answer) > 20
    as_in_qml(answer)
    assert max(len(found["sizes"]) for found in answer.values()) > 1


@pytest.mark.qgis
@pytest.mark.trial
def test_every_look_of_a_full_project_is_that_of_its_qml(in_qgis, sample_run, go_on_from, tmp_path):
    import spatial as sp  # noqa: PLC0415 - slow to import

    text = sp.sample_study().replace('languages = ["en", "zh"]', 'languages = ["en", "zh", "fr"]')
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    folder = go_on_from(sample_run, tmp_path)
    study = sp.Study.from_toml(tmp_path / "study.toml", raw=sample_run / "raw").replace(qgis={"project": "full"})
    results = sp.run(study, processed=folder / "processed", maps=folder / "maps")
    answer = in_qgis("read_sld_in_qgis.py", results.folder / "sample.gpkg").found
    assert len(answer) > 100
    as_in_qml(answer)


def name(element):
    return element.tag.rpartition("}")[2]


def breaches(root):
    """Hold each element against what the schemas let stand in it; any comparison is an `Is`."""
    found = []
    for element in root.iter():
        model = MODELS.get(name(element)) or MODELS["Is" if name(element).startswith("PropertyIs") else "Font"]
        inside = [re.sub("PropertyIs.*", "Is", name(one)) for one in element]
        pattern = re.sub("[A-Z][A-Za-z]*", r"(?:\g<0>#)", model).replace(" ", "")
        if not re.fullmatch(pattern, "".join(f"{one}#" for one in inside)):
            found.append((name(element), inside))
    return found


def test_every_element_stands_where_the_schemas_have_it(package, population):
    with sqlite3.connect(package) as file:
        texts = [text for (text,) in file.execute("SELECT styleSLD FROM layer_styles")]
    raster = write_raster(population, name="people", unit="persons", title="People", words=Words("en", "qgis"))
    texts += [item.content.decode() for item in raster.artifacts if item.name.endswith(".sld")]
    for text in texts:
        root = parsed(text)
        assert root.get("version") == "1.1.0"
        assert breaches(root) == []
        assert all(len(one) > 1 for kind in ("And", "Or") for one in root.iter(f"{OGC}{kind}"))
        for tag in ("Size", "Opacity", "Radius", "MaxScaleDenominator"):
            assert all(float(one.text) > 0.0 for one in root.iter(f"{SE}{tag}"))
    wrong = parsed(texts[0].replace("<se:Description>", "<se:Title>x</se:Title><se:Description>", 1))
    assert breaches(wrong) != []


def test_circles_have_the_sizes_of_the_legend_each_for_about_so_many_people(package):
    with sqlite3.connect(package) as file:
        query = "SELECT styleQML, styleSLD FROM layer_styles WHERE styleQML LIKE '%data-defined-size-legend%'"
        pairs = file.execute(query).fetchall()
    assert pairs
    for qml, told in pairs:
        legend = [float(one.get("size")) for one in parsed(qml.split("\n", 1)[1]).iter("class") if one.get("size")]
        assert len(legend) == 3
        drawn = {float(one.text) * 0.28 for one in parsed(told).iter(f"{SE}Size")}
        assert all(any(abs(size - one) < 0.01 for one in drawn) for size in legend)
        bounds = {
            one[1].text for one in parsed(told).iter(f"{OGC}PropertyIsGreaterThan") if one[1].text in ("316", "3162")
        }
        assert bounds == {"316", "3162"}  # square roots of 100 x 1,000 and of 1,000 x 10,000


def test_a_raster_has_the_classes_of_its_qml_and_a_bound_belongs_to_the_class_below(population):
    raster = write_raster(population, name="people", unit="persons", title="People", words=Words("en", "qgis"))
    held = {item.name: item.content.decode() for item in raster.artifacts if not item.name.endswith(".tif")}
    items = list(parsed(held["people.qml"].split("\n", 1)[1]).iter("item"))
    (classes,) = parsed(held["people.sld"]).iter(f"{SE}Categorize")
    assert classes.get("threshholdsBelongTo") == "preceding"
    assert [one.text for one in classes.iter(f"{SE}Value")] == [one.get("color") for one in items]
    assert [one.text for one in classes.iter(f"{SE}Threshold")] == [one.get("value") for one in items[:-1]]


@pytest.mark.parametrize(
    ("expression", "value", "told"),
    [
        ('"a"', "x", "a = x"),
        ("CASE WHEN \"a\" <= 5 THEN 'near' WHEN \"a\" <= 9 THEN 'far' END", "far", "(a > 5 or a null) and a <= 9"),
        ("coalesce(\"a\", 'unknown')", "unknown", "a = unknown or a null"),
        ('"a" || \' \' || "b"', "city core", "a = city and b = core"),
        ("CASE WHEN \"s\" NOT IN ('u') THEN 'none' END", "none", "(s <> u or s null) and not s null"),
        ('CASE WHEN "in" THEN "a" END', "x", "in like and a = x"),
        ("CASE WHEN \"a\" = 'x' AND false THEN 'y' ELSE \"a\" END", "z", "a = z"),
    ],
)
def test_classes_of_expressions_are_comparisons(expression, value, told):
    def said(node):
        if node.kind in ("and", "or"):
            texts = [f"({said(one)})" if one.kind == "or" else said(one) for one in node.parts]
            return f" {node.kind} ".join(texts)
        if node.kind == "not":
            return f"not {said(node.parts[0])}"
        other = [node.parts[1].text] if len(node.parts) > 1 else []
        return " ".join([node.parts[0].text, node.kind, *other])

    assert said(equals(Expression(expression).read(), value)).replace("((", "(") == told


def test_what_is_unknown_is_neither_within_a_limit_nor_beyond_it():
    within = Expression('"a" <= 5').read()
    assert {one.kind for one in holds(within, is_so=False).parts} == {">", "null"}


def test_hostile_names_are_text():
    name = "<a> & \"b\" 'c'"
    style = Style(categorised("x", [Category((name,), name, symbol("line", line("#000000", width=1.0)))]))
    root = parsed(sld(style, name=name, title=name))
    assert [one.text for one in root.iter(f"{OGC}Literal")] == [name]
    assert {one.text for one in root.iter(f"{SE}Title")} == {name}
