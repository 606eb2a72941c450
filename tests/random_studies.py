"""Studies drawn at random: a small valley, lists and rasters of any kind, and options from every section."""

from __future__ import annotations

import json
import random
import tomllib
from pathlib import Path

import numpy as np
import rasterio
import rasterio.transform

OPTIONS = tomllib.loads((Path(__file__).parent / "data" / "random_options.toml").read_text(encoding="utf-8"))
SERVICES = [
    "hospital", "primary_school", "health_centre", "pharmacy", "kindergarten", "secondary_school", "elderly_care",
    "disability_service", "post_office", "parcel_point", "bank", "market", "bus_stop", "fire_station",
]  # fmt: skip
NAMES = ("石桥", "<b>x</b>", 'O\'Neil "Q"', "=1+1", "دمشق", "A" * 90, "", "Ç'la")
TOWNSHIPS = ("西镇", "东镇")
MODES = ("drive", "walk", "drive walk", "walk+drive walk", "cycle drive", "drive motorcycle walk", "drive walk bus")
ROOM = {
    "enlarge": {"enlarge": True},
    "match": {"match": True},
    "new_sizes": {"new_sizes": [10.0, 50.0]},
    "close": {"close": True, "enlarge": True, "budget": 50.0},
}
"""What a plan of room does; each needs known capacities, and the last costs."""


def toml(value):
    """Write a value as a study file has it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(inner)}" for key, inner in value.items()) + "}"
    return "[" + ", ".join(map(toml, value)) + "]" if isinstance(value, list) else json.dumps(value)


class RandomStudy:
    """A study of the tiny valley of which a seed draws everything; it is written by `save`, and must run."""

    def __init__(self, tiny, seed):
        self.tiny, self.draw = tiny, random.Random(seed)  # noqa: S311 - a seed must give the same study again
        self.cells = np.random.default_rng(seed)
        draw = self.draw
        self.places = draw.sample(tiny.places, draw.choice([1, 2, 4, 8, 8, 8]))
        self.services = draw.sample(SERVICES, draw.randint(1, 5))
        self.has_costs, self.has_room, self.has_townships = (draw.random() < share for share in (0.6, 0.4, 0.75))
        self.modes = draw.choice(MODES).split()
        self.sections = {"": {**tiny.tables[""], "title": tiny.tables["title"]}}
        for name in ("region", "sources", "network", "access", "measures", "areas", "off_road", "uncertainty"):
            self.sections[name] = self.some(name, 0.15)
        for name in ("population", "planning", "score", "official", "outputs", "qgis", "sharing"):
            self.sections[name] = self.some(name, 0.15)
        self.lists = {"norms.add": [], "emergency": [], "scenarios": [], "plans": []}
        self.draw_lists()
        self.draw_ground()
        self.draw_network()
        self.draw_wishes()
        self.draw_scenarios()
        self.draw_plans()

    def may(self, share):
        """Decide whether something is there."""
        return self.draw.random() < share

    def some(self, section, share):
        """Give some of the options of a section."""
        return {name: self.draw.choice(values) for name, values in OPTIONS.get(section, {}).items() if self.may(share)}

    def spot(self):
        """Longitude and latitude on a street, between streets or outside."""
        column, row = self.draw.choice([0, 1, 2, 3, 4, 2.5, 4.3, -0.7]), self.draw.choice([0, 1, 2, 3, 4, 0.4])
        return [self.tiny.west + self.tiny.step * column, self.tiny.south + self.tiny.step * row]

    def table(self, name, head, rows, **columns):
        """Write a table and say where it lies and what its columns are."""
        self.tiny.write(name, "\n".join([head, *(",".join(map(str, row)) for row in rows)]))
        at = {"longitude": "lon", "latitude": "lat", "crs": "EPSG:4326"} if "lon" in head.split(",") else {}
        return {"path": f"tiny/{name}", **at, **({"columns": columns} if columns else {})}

    def shapes(self, name, kind, shapes):
        """Write properties and coordinates as a file of shapes."""
        features = [
            {"type": "Feature", "properties": told, "geometry": {"type": kind, "coordinates": at}}
            for told, at in shapes
        ]
        self.tiny.write(name, json.dumps({"type": "FeatureCollection", "features": features}))
        return {"path": f"tiny/{name}"}

    def boxes(self, name, **told):
        """Write three areas somewhere in the valley."""
        rings = []
        for number in range(3):
            (west, south), size = self.spot(), self.draw.choice([0.001, 0.01])
            east, north = west + size, south + size
            ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
            rings.append(
                ({key: f"{value}{number}" if key.endswith("_id") else value for key, value in told.items()}, [ring])
            )
        return self.shapes(name, "Polygon", rings)

    def raster(self, name, values):
        """Write a raster of the valley."""
        rows, columns = values.shape
        shape = {"width": columns, "height": rows, "count": 1, "dtype": values.dtype.name}
        where = rasterio.transform.from_origin(103.99, 30.05, 0.06 / columns, 0.06 / rows)
        with rasterio.open(
            self.tiny.path(name), "w", driver="GTiff", crs="EPSG:4326", transform=where, **shape
        ) as file:
            file.write(values, 1)
        return {"paths": [f"tiny/{name}"]}

    def draw_lists(self):
        """Places with their people, facilities, and what else bureaus list."""
        draw, sources = self.draw, self.sections["sources"]
        people, tiers = draw.choice(["", "", "none", "large", "parts"]), draw.choice(["", "", "any", "villages"])
        rows = []
        for code, name, tier, column, row, persons in self.places:
            count = {"none": draw.choice([0, persons]), "large": persons * 12_345, "parts": persons + 0.37}
            kind = {"any": draw.choice(["village", "town", "city", "county_seat"]), "villages": "village"}
            shown = '"' + (draw.choice(NAMES) if self.may(0.1) else name).replace('"', '""') + '"'
            about = [draw.choice(["urban", "rural"]), draw.randint(1, 9)]
            counted = count.get(people, persons)
            rows.append(
                [code, shown, kind.get(tiers, tier), self.tiny.at(column, row), counted, int(counted) // 5, *about]
            )
        columns = {"settlement_id": "code", "tier": "level", "population_persons": "people", "income": "income"}
        columns |= {"elderly_persons": "old"} if self.may(0.4) else {}
        columns |= {"official_class": "class"} if self.may(0.3) else {}
        self.has_elderly = "elderly_persons" in columns
        head = "code,name,level,lon,lat,people,old,class,income"
        sources["settlements"] = self.table("settlements.csv", head, rows, **columns)
        codes = [code for code, *_ in self.places]
        if self.may(0.2):
            kids = [[code, draw.randint(0, 9)] for code in codes[:3]]
            known = {"settlement_id": "code", "children_persons": "kids"}
            sources["attributes"] = [self.table("more.csv", "code,kids", kids, **known)]
        sizes = ["20", "10", "50", "0", "2.5", *([] if self.has_room else [""])]
        rows = [
            [
                f"f{number}",
                draw.choice(self.services),
                draw.choice(["甲", "石桥医院", ""]),
                *self.spot(),
                draw.choice(sizes),
            ]
            for number in range(draw.choice([1, 2, 4, 8, 12]))
        ]
        columns = {
            "facility_id": "code",
            "service": "kind",
            **({"capacity": "capacity"} if self.may(0.6) or self.has_room else {}),
        }
        found = self.table("facilities.csv", "code,kind,name,lon,lat,capacity", rows, **columns)
        sources["facilities"] = [{**found, "inventory": draw.choice(["complete", "partial", "unknown"])}]
        if self.may(0.35):
            kinds = ["commuting", "parcels", "goods"]
            flows = sorted({(draw.choice(codes), draw.choice(codes), draw.choice(kinds)) for _ in range(12)})
            rows = [[*flow, draw.choice([0, 3, 40.5])] for flow in flows]
            sources["flows"] = self.table("flows.csv", "from_id,to_id,kind,volume", rows)
        if self.may(0.15) and len(codes) > 4:
            rows = [[a, b, draw.uniform(1, 9)] for a in codes for b in codes if a != b]
            observed = self.table("trips.csv", "from_id,to_id,observed_min", rows)
            self.sections["calibration"] = {"minimum": 4, "observed": observed, "apply": self.may(0.4)}

    def draw_ground(self):
        """Townships and their official numbers, people, hills, land cover and water on the ground."""
        draw, sources = self.draw, self.sections["sources"]
        self.sections["region"] |= {"bbox": self.tiny.tables["region"]["bbox"]}
        if self.has_townships:
            self.sections["region"]["unit_levels"] = [8]
            sources["boundaries"] = {"path": "tiny/townships.geojson"}
            rows = [[f"b{number}", name, draw.choice([10, 100, 100_000])] for number, name in enumerate(TOWNSHIPS, 1)]
            census = self.table("census.csv", "official_id,name,population_persons", rows)
            sources["official_units"] = {**census, "source": "Census 2020"}
        else:
            self.sections["population"].pop("rescale_to", None)
        if self.may(0.4):
            grid = np.ones((24, 24)) if self.may(0.5) else self.cells.poisson(draw.choice([0.02, 0.5, 3]), (24, 24))
            sources["population"] = self.raster("population.tif", grid.astype(float))
            self.sections["access"] |= (
                {"origins": "cells", "cell_m": draw.choice([300.0, 1000.0])} if self.may(0.5) else {}
            )
            if self.may(0.3):
                sources["population_groups"] = {"elderly": self.raster("old.tif", grid / 4)}
        if self.may(0.4):
            hills = self.cells.random((48, 48)) * draw.choice([5, 300])
            sources["elevation"] = self.raster("dem.tif", hills.astype("float32"))
            self.sections["network"]["slope"] = self.may(0.5)
        if self.may(0.4):
            classes = draw.choice([[10, 12, 14], [10, 17, 13], [17]])
            sources["landcover"] = self.raster("cover.tif", self.cells.choice(classes, (48, 48)).astype("uint8"))
            self.sections["off_road"]["service"] = draw.choice(self.services)
        else:
            del self.sections["off_road"]
        if self.may(0.2):
            sources["water"] = [self.boxes("water.geojson", water_id="w", kind="lake", is_barrier=True)]

    def draw_network(self):
        """Roads of the extract or of a list, turns, and lines of buses."""
        draw, network = self.draw, self.sections["network"]
        extract = dict.fromkeys(("settlements", "facilities", "boundaries"), False)
        self.sections["sources"]["osm"] = {"path": "tiny/roads.osm", **extract}
        network["modes"] = self.modes
        self.has_own_roads = self.may(0.25)
        if self.has_own_roads:
            lines = [({"road_id": "r0", "road_class": "tertiary"}, [[104.0, 30.0], [104.04, 30.04]])]
            for number in range(draw.choice([1, 8, 20])):
                ends, kind = [self.spot(), self.spot()], draw.choice(["tertiary", "track", "primary"])
                told = {"road_id": f"r{number + 1}", "road_class": kind, **self.some("roads", 0.3)}
                lines += [(told, ends)] if ends[0] != ends[1] else []
            noded = {"noding": draw.choice(["none", "snap", "report"]), "tolerance_m": draw.choice([5.0, 50.0])}
            self.sections["sources"]["roads"] = {**self.shapes("roads.geojson", "LineString", lines), **noded}
        elif self.may(0.2):
            network["turns"] = True
        if "bus" in self.modes:
            stops = [*(code for code, *_ in self.places[:3]), *([] if len(self.places) > 1 else [[104.04, 30.0]])]
            network["bus"] = [
                {"line": "1", "stops": stops, "headway_min": draw.choice([10.0, 120.0]), "speed_km_h": 25.0}
            ]
            network["max_snap_m"] = 50_000.0  # a stop off the roads is refused

    def draw_wishes(self):
        """What is asked: services, norms, measures, how sure."""
        draw = self.draw
        self.sections[""]["jurisdictions"] = draw.choice([["CN"], ["KM"], ["GB-ENG"], [], ["CN-51"]])
        self.sections["norms"] = draw.choice([{}, {}, {"only": ["GL-PHC-1H", "GL-EMERG-2H"]}, {"only": []}])
        for number in range(draw.choice([0, 0, 1, 2])):
            norm = {"id": f"OWN-{number}", "service": draw.choice([*self.services, "town"]), "threshold": 5.0}
            self.lists["norms.add"].append(norm | self.some("norms_add", 0.3))
        self.sections["access"] |= draw.choice(
            [{}, {"services": self.services}, {"services": draw.sample(SERVICES, 3)}]
        )
        for section in ("areas", "uncertainty"):
            self.sections[section] |= {"services": self.services[:1]} if self.may(0.2) else {}
        measures = self.sections["measures"]
        if self.has_room:
            measures["persons_per_unit"] = {service: draw.choice([1.0, 5.0, 30.0]) for service in SERVICES}
        if self.has_elderly and self.may(0.3):
            walk = {"walk_km_h": 2.5, "max_walk_m": draw.choice([300.0, 5000.0])}
            measures["groups"] = [{"name": "elderly", "column": "elderly_persons", **walk}]
        if self.may(0.2):
            self.sections["inventory"] = {service: draw.choice(["complete", "partial"]) for service in self.services}
        if self.may(0.3) and {"drive", "motorcycle"} & {*self.modes}:
            crews = {"service": draw.choice(self.services), "mobilisation_min": draw.choice([0.0, 2.0])}
            self.lists["emergency"].append({**crews, "targets_min": [2.0, 10.0]})
        if self.may(0.2):
            self.sections["sharing"]["withhold_facilities"] = self.services[:1]

    def draw_scenarios(self):
        """What opens, closes and is built."""
        draw = self.draw
        for name in ["one", "two"][: draw.choice([0, 0, 1, 2])]:
            changes = self.some("scenarios", 0.25)
            if self.may(0.3):
                changes["close"] = ["r0"] if self.has_own_roads else ["w1", "w6"]
            if self.may(0.2) and not self.has_own_roads:
                flood = ({}, [[104.005, 29.995], [104.005, draw.choice([30.005, 30.045])]])
                changes["close_file"] = self.shapes(f"flood-{name}.geojson", "LineString", [flood])
            if self.may(0.2) and "season" not in self.sections["network"]:
                changes["season"] = "wet"
            if self.may(0.2) and "close_facilities" not in changes:
                changes["change_capacity"] = {"f0": draw.choice([0.0, 5.0])}
            if self.may(0.2):
                stop = {"service": draw.choice(self.services), "at": [self.places[0][0]]}
                changes["mobile_stops"] = [{**stop, "days_a_week": draw.choice([0.5, 5.0]), "capacity": 5.0}]
            if self.may(0.2):
                rows = [[f"p{number}", draw.choice(self.services), *self.spot(), 10] for number in range(2)]
                changes["new_facilities"] = self.table("open.csv", "facility_id,service,lon,lat,capacity", rows)
            if changes:
                if self.may(0.3):
                    changes |= {"services": self.services[:1], "mode": draw.choice(self.modes)}
                self.lists["scenarios"].append({"name": name, **changes})

    def draw_plans(self):
        """What is planned, where, and what it costs."""
        draw, planning = self.draw, self.sections["planning"]
        candidates = ["settlements", *(["grid"] if "grid_m" in planning else [])]
        if self.may(0.3):
            idle = [
                ({"idle_id": f"i{n}", "name": draw.choice(NAMES), "area_m2": 5000.0}, self.spot()) for n in range(3)
            ]
            planning["idle"] = self.shapes("idle.geojson", "Point", idle)
            candidates.append("idle")
        if self.may(0.2):
            effect = draw.choice(["exclude", "flag"])
            planning["constraints"] = [self.boxes("kept.geojson", kind="permanent_farmland", effect=effect)]
        planning["candidates"] = candidates
        if self.has_costs:
            by_service = {"open": draw.choice([1.0, 0.0, 100.0]), "unit": 1.0, "close": 2.0}
            costs = {name: dict.fromkeys([*SERVICES, "primary_care"], cost) for name, cost in by_service.items()}
            planning["costs"] = {"currency": "yuan", "link_km": 7.5, "road_km": 0.5, **costs}
        kinds = ["service", "service", "norm", "services", *(ROOM if self.has_room else ())]
        for number in range(draw.choice([0, 0, 1, 3])):
            kind = draw.choice([kind for kind in kinds if kind != "close" or self.has_costs])
            plan = {"name": f"p{number}", **ROOM.get(kind, {})}
            if kind == "norm":
                plan["norm"] = "GL-PHC-1H"
            elif kind == "services":
                plan |= {"services": sorted({*self.services, "bank", "hospital"})[:2], "within_min": 5.0}
            else:
                plan |= {"service": draw.choice(self.services), "within_min": draw.choice([1.0, 3.0, 10.0])}
            if kind not in ROOM and self.may(0.3):
                plan["sites"] = draw.choice([1, 2, 5])
            elif kind not in ROOM and self.has_costs and self.may(0.5):
                plan["budget"] = draw.choice([100.0, 1000.0])
            if kind in {"service", "norm"} and self.has_townships and self.may(0.2):
                plan["units"] = ["西镇"]
            if kind == "service" and self.may(0.2):
                base = {"base": self.places[0][0], "within_min": draw.choice([1.0, 10.0])}
                plan |= {"round": {**base, "days": draw.choice([1, 10])}, "group": "elderly_persons"}
            self.lists["plans"].append(plan)

    def save(self):
        """Write the study file."""
        whole = self.sections.pop("")
        lines = [f"{name} = {toml(value)}" for name, value in whole.items()]
        for name, options in self.sections.items():
            lines += [f"[{name}]", *(f"{key} = {toml(value)}" for key, value in options.items())]
        for name, items in self.lists.items():
            for item in items:
                lines += [f"[[{name}]]", *(f"{key} = {toml(value)}" for key, value in item.items())]
        self.tiny.file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return self.tiny.file
