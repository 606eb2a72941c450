"""QGIS beside the package: its plugin put into a profile, and what the plugin's algorithms ask for."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio

from spatial import runs
from spatial.access.analyst import cost_to_closest, travel_times
from spatial.access.isochrones import catchment_areas, isochrones
from spatial.crs import WGS84, working_crs_for
from spatial.errors import ContractError, StoreError
from spatial.formats.columns import CARRIED
from spatial.inputs.user_tables import as_facilities, as_settlements
from spatial.messages import Words, languages
from spatial.network.build import build_network
from spatial.network.graph import TravelGraph
from spatial.plain_text import one_line
from spatial.planning.siting import mclp, p_center, p_median
from spatial.qgis.joins import neighbour_colours
from spatial.qgis.looks_access import catchments_look, drawn_look, isochrones_look, minutes_look
from spatial.qgis.looks_results import ranked_look
from spatial.qgis.styles import TINTS, Style, qml
from spatial.results import read_results
from spatial.runner.stage import EVERYTHING, Options, Progress
from spatial.stages.explain import closing_lines, explain_settlement
from spatial.stages.scenarios import scenarios
from spatial.stages.what_if import GROUND
from spatial.store import replace_folder
from spatial.study import Study
from spatial.study.scenarios import ScenarioOptions
from spatial.study.sources import TableSource
from spatial.tables.words import NAMES

PLUGIN = "spatial_integration"
"""Folder of the plugin among those of a profile."""
SETTINGS = "settings.json"
"""Names the Python that has the package; no plugin of another has it beside our texts."""
TEXTS = "texts.json"
PROFILES = {"win32": "AppData/Roaming/QGIS/QGIS3/profiles", "darwin": "Library/Application Support/QGIS/QGIS3/profiles"}
"""Where QGIS keeps its profiles below the user's folder; elsewhere as on Linux."""
LINUX_PROFILES = ".local/share/QGIS/QGIS3/profiles"


def plugin_folder(profile: str = "default", folder: Path | None = None) -> Path:
    """Name the folder of the plugin: in `folder`, the plugins of some profile, or in a profile of this user."""
    profiles = Path.home() / PROFILES.get(sys.platform, LINUX_PROFILES)
    return (folder or profiles / profile / "python" / "plugins") / PLUGIN


def install_plugin(target: Path, *, python: str = "") -> Path:
    """Put the plugin into its folder, in place of an older one; the Python that runs now is the one that it calls."""
    _refuse_foreign(target)
    texts = {}
    for code in languages():
        words = Words(code, "qgis")
        named = {"mode": words.messages["modes"], "road_class": words.of("results").messages["road_class"]}
        choices = {f"{name}_{choice}": text for name, said in named.items() for choice, text in said.items()}
        texts[code] = choices | dict(words.messages["algorithms"])
    settings = {"python": python or sys.executable}
    with replace_folder(target) as new:
        for source in (files("spatial.qgis") / "plugin").iterdir():
            if source.is_file():
                (new / source.name).write_bytes(source.read_bytes())
        for name, content in ((TEXTS, texts), (SETTINGS, settings)):
            text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
            (new / name).write_text(text, encoding="utf-8", newline="\n")
    return target


def remove_plugin(target: Path) -> bool:
    """Take the plugin away; tells whether it was there."""
    if not target.exists():
        return False
    _refuse_foreign(target)
    try:
        shutil.rmtree(target)
    except OSError as error:
        raise StoreError(f"{target}: the plugin cannot be removed ({error}); is QGIS open?") from error
    return True


def _refuse_foreign(target: Path) -> None:
    """Leave alone what this command did not put there."""
    is_ours = all((target / name).is_file() for name in (SETTINGS, TEXTS, "algorithms.json"))
    if target.is_symlink() or (target.exists() and any(target.iterdir()) and not is_ours):
        raise StoreError(f"{target}: is not the plugin that this command writes; it is left as it is, move it away")


# What the algorithms ask for.


class Answer(NamedTuple):
    """What an algorithm found: outputs beside the layers that it wrote, and lines for the log."""

    outputs: dict[str, str]
    lines: list[str]


LONGEST_CUTOFF = 24.0 * 60.0
SITE, STANDS = "site:", "existing:"
"""Begin the ids of sites that may open, and of what stands."""
GOALS: dict[str, Callable[..., Any]] = {"most_people": mclp, "least_minutes": p_median, "shortest_longest": p_center}
TRIED = "drawn"
"""Name of the scenario of what is drawn."""


def answer_call(name: str, asked: Path, answer: Path, say: Callable[[str], None]) -> None:
    """Do what is asked in one file, and write the outputs into another; ends where standard input does."""

    def end_with_input() -> None:
        # Whoever called has gone, or cancels. A reader of Python's own would hold a lock at the end of the program.
        with contextlib.suppress(OSError, ValueError):
            while os.read(sys.stdin.fileno(), 1):
                pass
        # A shell that starts QGIS in the background has what it starts ignore SIGINT.
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end_with_input, daemon=True).start()

    def report(share: float, message: str) -> None:
        say(f"progress {min(max(share, 0.0), 1.0):.3f} {one_line(message)}")

    found = call(name, json.loads(asked.read_text(encoding="utf-8")), report)
    for line in found.lines:
        say(one_line(line))
    answer.write_text(json.dumps(found.outputs), encoding="utf-8", newline="\n")


def call(name: str, given: Mapping[str, Any], progress: Progress) -> Answer:
    """Do what an algorithm of QGIS asks for; layers come as files, and go where their outputs are to lie."""
    if name not in CALLS:
        raise ContractError("qgis call", [f"{name!r} is no algorithm; there are {', '.join(CALLS)}"])
    return CALLS[name](given, progress)


def _study(given: Mapping[str, Any]) -> tuple[Study, Path, Path]:
    """Read the study, from its own folder where nothing else is said, as the command does; with the output folders."""
    raw = Path(given["raw"]) if given.get("raw") else Path("data/raw") if Path("data/raw").is_dir() else Path()
    study = Study.from_toml(Path(given["study"]), raw=raw)
    return study, Path(given.get("processed") or "data/processed"), Path(given.get("maps") or "maps")


def run_study(given: Mapping[str, Any], progress: Progress) -> Answer:
    """Run what changed of a study, as it is or as a scenario has it."""
    study, processed, maps = _study(given)
    study = study.model_copy(update={"qgis": study.qgis.model_copy(update={"project": given["project_kind"]})})
    results = runs.run(study, scenario=given.get("scenario_name"), processed=processed, maps=maps, progress=progress)
    folder = results.folder.absolute()
    project, pages = folder / f"{folder.name}.qgz", results.index_page
    told = {"PROJECT": str(project), "PAGES": str(pages.absolute()) if pages else "", "TABLES": str(folder)}
    return Answer(told, [*closing_lines(study, results.summary), *told.values()])


def explain(given: Mapping[str, Any], _progress: Progress) -> Answer:
    """Explain one settlement of a finished run."""
    study, processed, _ = _study(given)
    if given.get("scenario_name"):
        study = runs.scenario_study(study, given["scenario_name"], processed)
    results = read_results(runs.folders_of(study, processed)[0])
    text = explain_settlement(study, results, given["settlement"], language=given["language"], is_brief=False)
    return Answer({"TEXT": text}, text.splitlines())


def drawn_scenario(given: Mapping[str, Any], progress: Progress) -> Answer:
    """Try drawn roads, closures and facilities on a finished run, whose folder stays as it is."""
    study, processed, _ = _study(given)
    results = read_results(runs.folders_of(study, processed)[0])
    changes: dict[str, Any] = {}
    roads, closures, facilities = (_read(given, name) for name in ("new_roads", "closures", "new_facilities"))
    with tempfile.TemporaryDirectory(prefix="spatial-drawn-") as folder:
        if roads is not None:
            own = roads["road_class"] if "road_class" in roads else pd.Series(index=roads.index, dtype="str")
            roads = roads.assign(road_id=_numbered(roads), road_class=own.fillna(given["road_class"]).astype("str"))
            changes["new_roads"] = _source(roads, Path(folder) / "roads.geojson")
        if closures is not None:
            changes["close_file"] = _source(closures, Path(folder) / "closures.geojson")
        if facilities is not None:
            word = given.get("new_service") or "service"
            if word == "service" and word not in facilities:
                raise ContractError("new facilities", ["name their service, or the column that holds it"])
            opened = facilities.assign(facility_id=_numbered(facilities), service=facilities.get(word, word))
            changes["new_facilities"] = _source(opened, Path(folder) / "facilities.geojson")
            changes["services"] = tuple(dict.fromkeys(opened["service"].dropna().astype("str")))
        if not changes:
            raise ContractError("scenario", ["nothing is drawn: give new roads, closures or new facilities"])
        item = ScenarioOptions(name=TRIED, **changes)
        progress(0.2, "scenario")
        tables = {name: getattr(results, name) for name in (*GROUND, "facilities")}
        options = Options(study.model_copy(update={"scenarios": (item,)}), EVERYTHING)
        made: Any = scenarios(**tables, options=options)["scenario_access"]
    found = pd.DataFrame(made).drop(columns="scenario")
    settlements = results.settlements
    names = settlements[["settlement_id", *(name for name in NAMES if name in settlements), settlements.geometry.name]]
    words = Words(given["language"], "qgis")
    _write(gpd.GeoDataFrame(names.merge(found, on="settlement_id")), given["changes"], partial(drawn_look, words=words))
    lines = []
    by = ["service", "class_change", "cutoff_min"]
    changed = found.loc[found["class_change"] != "same"].groupby(by)["population_persons"].sum().reset_index()
    for row in changed.to_dict("records"):
        change = words.say("change", row["class_change"], minutes=words.figure(row["cutoff_min"]))
        lines.append(f"{row['service']}: {change}: {words.number(row['population_persons'])}")
    return Answer({"CHANGES": given["changes"]}, lines)


def access(given: Mapping[str, Any], progress: Progress) -> Answer:
    """Find the nearest facility of every settlement by road."""
    graph = _graph(given, "settlements", progress)
    places = _read(given, "settlements")
    settlements = as_settlements(places[[places.geometry.name]].to_crs(graph.crs), tier="village")
    facilities, service = _offered(given, graph)
    progress(0.5, "times")
    found = cost_to_closest(graph, settlements, facilities, service=service).set_index("from_id")
    found = found.loc[settlements["settlement_id"]].reset_index(drop=True)
    names = facilities.set_index("facility_id")["name"] if "name" in facilities else pd.Series(dtype="str")
    told = {"facility_id": found["to_id"], "facility_name": found["to_id"].map(names)}
    told |= {name: found[name] for name in ("travel_time_min", "network_distance_m", "reach_status")}
    look = partial(minutes_look, words=Words(given["language"], "qgis"))
    _write(_beside(places, told), given["times"], look)
    lines = [f"{status}: {count}" for status, count in found["reach_status"].value_counts().sort_index().items()]
    return Answer({"TIMES": given["times"]}, lines)


def catchments(given: Mapping[str, Any], progress: Progress) -> Answer:
    """Draw the ground nearest to each facility, and what lies within some minutes of any."""
    graph = _graph(given, "facilities", progress)
    try:
        cutoffs = [float(text) for text in str(given["cutoffs"]).replace(";", ",").split(",")]
    except ValueError:
        raise ContractError("catchments", [f"minutes: write them as 15, 30, 60, not {given['cutoffs']!r}"]) from None
    facilities, service = _offered(given, graph)
    places = _read(given, "facilities")
    progress(0.4, "catchments")
    nearest = catchment_areas(graph, facilities, service=service, max_time_min=max(cutoffs))
    if "name" in facilities:
        nearest = nearest.merge(facilities[["facility_id", "name"]], on="facility_id", how="left")
    nearest = nearest.assign(tint=neighbour_colours(nearest.geometry.to_numpy(), len(TINTS)))
    progress(0.7, "areas within reach")
    reach = isochrones(graph, facilities, cutoffs_min=cutoffs, service=service)
    reach = reach.sort_values("cutoff_min", ascending=False).to_crs(places.crs)
    words = Words(given["language"], "qgis")
    _write(nearest.to_crs(places.crs), given["nearest"], partial(catchments_look, words=words))
    _write(reach, given["reach"], partial(isochrones_look, words=words))
    return Answer({"NEAREST": given["nearest"], "REACH": given["reach"]}, [])


def best_sites(given: Mapping[str, Any], progress: Progress) -> Answer:
    """Choose the sites that serve people best, beside those that stand."""
    graph = _graph(given, "settlements", progress)
    places, stands = _read(given, "settlements"), _read(given, "existing")
    candidates = _read(given, "candidates")
    candidates = places if candidates is None else candidates
    people = places[[given["people"], places.geometry.name]].to_crs(graph.crs)
    settlements = as_settlements(people, population=given["people"], tier="village")
    parts = []
    for frame, start, status in ((candidates, SITE, "candidate"), (stands, STANDS, "existing")):
        if frame is not None:
            ids = [f"{start}{number}" for number in range(len(frame))]
            points = frame.geometry.to_crs(graph.crs).to_numpy()
            parts.append(gpd.GeoDataFrame({"facility_id": ids, "status": status}, geometry=points, crs=graph.crs))
    sites = as_facilities(gpd.GeoDataFrame(pd.concat(parts, ignore_index=True)), service="site")
    within, number = float(given["within_min"]), int(given["number"])
    is_cover = given["goal"] == "most_people"
    progress(0.3, "times")
    limit = within if is_cover else LONGEST_CUTOFF
    od = travel_times(graph, settlements, sites, cutoff_min=limit, status=("existing", "candidate"))
    progress(0.6, "sites")
    more = {"service_radius": within} if is_cover else {}
    plan = GOALS[given["goal"]](od, settlements, sites, n_facilities=number, **more)
    new = plan.gain_by_site.reset_index(drop=True)
    rows = [int(name.removeprefix(SITE)) for name in new["facility_id"]]
    told = {"site_id": new["facility_id"], "rank": pd.Series(np.arange(1, len(new) + 1))}
    told |= {name: new[name] for name in ("persons_alone", "persons_in_order")}
    _write(_beside(candidates.iloc[rows].reset_index(drop=True), told), given["sites"], lambda _: ranked_look())
    assigned = plan.assignment.drop_duplicates("from_id").set_index("from_id").reindex(settlements["settlement_id"])
    assigned = assigned.reset_index(drop=True)
    served = {"site_id": assigned["to_id"], "travel_time_min": assigned["travel_time_min"]}
    served["reach_status"] = plan.demand["reach"].reset_index(drop=True)
    _write(_beside(places, served), given["served"], partial(minutes_look, words=Words(given["language"], "qgis")))
    lines = [f"{plan.model}: {plan.objective:g} ({plan.status})"]
    return Answer({"SITES": given["sites"], "SERVED": given["served"]}, lines)


CALLS: dict[str, Callable[[Mapping[str, Any], Progress], Answer]] = {
    "run": run_study,
    "scenario": drawn_scenario,
    "access": access,
    "catchments": catchments,
    "best_sites": best_sites,
    "explain": explain,
}


def _read(given: Mapping[str, Any], name: str) -> Any:
    """Read a layer as QGIS wrote it; None where none is given."""
    return gpd.read_file(given[name]) if given.get(name) else None


def _graph(given: Mapping[str, Any], places: str, progress: Progress) -> TravelGraph:
    """Build the network of the roads that are given, in the metres of where the places are."""
    progress(0.05, "roads")
    roads = _read(given, "roads")
    crs = working_crs_for(_read(given, places))
    return build_network(roads.to_crs(crs), mode=given["mode"], speeds=given["speeds"])


def _offered(given: Mapping[str, Any], graph: TravelGraph) -> tuple[gpd.GeoDataFrame, str | frozenset[str]]:
    """Take the facilities, and which of their services counts: the one that is asked for, or every one as if one."""
    frame, column, wanted = _read(given, "facilities"), given.get("service_field"), given.get("service")
    kept = [name for name in dict.fromkeys((column, "name")) if name in frame]
    facilities = as_facilities(
        frame[[*kept, frame.geometry.name]].to_crs(graph.crs), service=column or wanted or "facility"
    )
    return facilities, wanted or frozenset(facilities["service"])


def _beside(frame: gpd.GeoDataFrame, found: Mapping[str, pd.Series[Any]]) -> gpd.GeoDataFrame:
    """Put results beside the columns of a layer, of which none is lost where it has the name of a result."""
    taken = {column: f"{CARRIED}{column}" for column in frame.columns if column.lower() in found}
    return gpd.GeoDataFrame(frame.rename(columns=taken).assign(**found))


def _source(frame: gpd.GeoDataFrame, path: Path) -> TableSource:
    """Write a drawn layer as stages read one."""
    frame.to_crs(WGS84).to_file(path)
    return TableSource(path=str(path.absolute()))


def _numbered(frame: gpd.GeoDataFrame) -> list[str]:
    """Give drawn features ids that no table has."""
    return [f"{TRIED}:{number}" for number in range(len(frame))]


def _write(frame: gpd.GeoDataFrame, path: str, look: Callable[[gpd.GeoDataFrame], Style]) -> None:
    """Write a layer where QGIS wants it, and its look beside it."""
    target = Path(path)
    # A column of the user's may be called as a GeoPackage calls its own.
    own = {"FID": "spatial_fid", "GEOMETRY_NAME": "spatial_geometry"} if target.suffix.lower() == ".gpkg" else {}
    geometry = next((kind for kind in frame.geom_type.dropna()), "Point").removeprefix("Multi")
    try:
        pyogrio.write_dataframe(frame, target, layer_options=own, **({"layer": target.stem} if own else {}))
        target.with_suffix(".qml").write_text(qml(look(frame), {}, geometry=geometry), encoding="utf-8", newline="\n")
    except (pyogrio.errors.DataSourceError, OSError) as error:
        raise StoreError(f"{target}: the layer cannot be written ({error})") from error
