"use strict";
/* Where people gained and lost: every settlement of either run by what befell it, on the study's own ground. */
(function (S) {
  const data = S.data;
  const LOOKS = {
    gained: { fill: "#00707a", line: "#00373c" },
    lost: { fill: "#a3210f", line: "#550f06" },
    mixed: { fill: "#c9a227", line: "#5f4a08" },
    same: { fill: "#f3f2ee", dense: "#c6c6c0", line: "#7c7f80" },
    new: { fill: "#5b8fbf", line: "#1c4368" },
    gone: { fill: "#ffffff", dense: "#8f969b", line: "#1d2327", pattern: "ring" },
    unknown: { fill: "#ffffff", dense: "#8b9298", line: "#6b737a", pattern: "hatch" },
  };
  const LEVELS = { gained: "rose", lost: "fell", same: "within" };
  const RARE = ["mixed", "new", "gone", "unknown"]; // listed where there are any
  const ACCENT = "#0b5cad";

  function readPlaces() {
    const packed = data.places;
    const places = Object.assign({}, packed, { points: S.points(packed), names: Object.fromEntries(Object.entries(packed.names).map(([key, texts]) => [key, S.texts(texts)])) });
    for (const key of ["population", "tier", "change", "level_before", "level_after", "township", "county"]) places[key] = S.column(packed[key]);
    for (const key of ["id", "gained", "lost"]) places[key] = S.texts(packed[key]);
    return places;
  }

  S.comparePlaces = function () {
    if (!data.places) return null;
    S.setMiddle(data.middle[0], data.middle[1]);
    return readPlaces();
  };

  S.placeText = function (places, i) {
    const own = places.names["name_" + S.language] || [];
    return own[i] || S.inScriptOrder(places.names.name[i] || "") || (places.names.name_en || [])[i] || places.id[i];
  };

  const named = (list, code) => (code >= 0 && list[code] ? S.pick(list[code].names, list[code].id) : "");
  S.townshipText = (places, i) => named(places.townships, places.township[i]);
  S.countyText = (places, i) => named(places.counties, places.county[i]);

  /* What befell a settlement: by norms, or by its level where that changed by the threshold or more, inclusive. */
  S.classesBy = function (places, layer, threshold) {
    if (layer === "norms") return places.change;
    const code = (name) => places.changes.indexOf(name);
    return places.change.map((change, i) => {
      if (["new", "gone"].includes(places.changes[change])) return change;
      const by = places.level_after[i] - places.level_before[i];
      if (!isFinite(by)) return code("unknown");
      const reached = Math.abs(by) >= threshold - 1e-6;
      return code(reached && by > 0 ? "gained" : reached && by < 0 ? "lost" : "same");
    });
  };

  S.sumBy = function (places, classes) {
    const sums = Object.fromEntries(places.changes.map((name) => [name, { places: 0, persons: 0 }]));
    classes.forEach((code, i) => {
      const sum = sums[places.changes[code]];
      sum.places += 1;
      if (places.population[i] >= 0) sum.persons += places.population[i];
    });
    return sums;
  };

  S.changeText = (layer, name) => S.t(layer === "level" && LEVELS[name] ? "compare.level_" + LEVELS[name] : "compare.change_" + name);

  S.changeSwatch = function (name) {
    const canvas = S.el("canvas", { width: "32", height: "32", class: "swatch", "aria-hidden": "true" });
    S.drawDot(canvas.getContext("2d"), LOOKS[name], 16, 16, 11, 2);
    return canvas;
  };

  function ring(state) {
    return new S.CanvasLayer(function (context, view) {
      if (state.selected < 0) return;
      const { points } = state.places;
      const x = points.x[state.selected] * view.scale + view.dx, y = points.y[state.selected] * view.scale + view.dy;
      for (const [width, colour] of [[5, "#ffffff"], [2.5, ACCENT]]) {
        context.beginPath();
        context.arc(x, y, 13 * view.ratio, 0, 2 * Math.PI);
        context.lineWidth = width * view.ratio;
        context.strokeStyle = colour;
        context.stroke();
      }
    }, { pane: "spatialMarks" });
  }

  function makeMap() {
    const map = L.map("map", { zoomControl: false, attributionControl: false, zoomSnap: 0.25, scrollWheelZoom: false });
    ["spatialBase", "spatialPoints", "spatialMarks"].forEach((name, k) => {
      const pane = map.createPane(name);
      pane.style.zIndex = String(200 + k * 50);
      pane.style.pointerEvents = "none";
    });
    map.setMaxZoom(17);
    map.fitBounds(data.bounds, { animate: false, padding: [8, 8] });
    map.setMinZoom(Math.max(2, map.getZoom() - 2));
    map.setMaxBounds(L.latLngBounds(data.bounds).pad(1.2));
    S.addScale(map);
    return map;
  }

  /* Paper takes one picture, drawn as wide as the sheet whatever the window was. */
  function drawForPaper(layers) {
    const canvas = document.getElementById("print-canvas"), ratio = 2, size = { x: 690, y: 460 };
    canvas.width = size.x * ratio;
    canvas.height = size.y * ratio;
    const [low, high] = data.bounds.map(([latitude, longitude]) => S.toUnit(latitude, longitude));
    const scale = Math.min(size.x / (high.x - low.x), size.y / (low.y - high.y));
    const view = {
      width: canvas.width, height: canvas.height, ratio, zoom: S.UNIT_ZOOM + Math.log2(scale), scale: scale * ratio,
      dx: (size.x / 2 - (scale * (low.x + high.x)) / 2) * ratio, dy: (size.y / 2 - (scale * (low.y + high.y)) / 2) * ratio,
    };
    const context = canvas.getContext("2d");
    context.fillStyle = "#efefeb";
    context.fillRect(0, 0, view.width, view.height);
    for (const layer of layers) {
      context.setTransform(1, 0, 0, 1, 0, 0);
      layer._draw(context, view);
    }
  }

  function showLegend(state, sums, toggle) {
    document.getElementById("legend-title").textContent = S.t(S.hasPeople() ? "compare.legend_people" : "compare.legend_places");
    const listed = state.places.changes.filter((name) => sums[name].places || !RARE.includes(name));
    S.fill("legend", listed.map((name) => S.el("button", {
      type: "button", class: "legend-row", id: "legend-" + name, "aria-pressed": String(!state.hidden.has(name)), title: S.t("compare.toggle"), on: { click: () => toggle(name) },
    }, [S.changeSwatch(name), S.el("span", { class: "legend-name", text: S.changeText(state.layer, name) }), S.el("span", { class: "legend-number", text: S.partText(sums[name]) })])));
  }

  S.partText = (sum, norm) => (S.hasPeople() ? S.peopleOf(norm, sum.persons) + " · " : "") + S.t("unit.places", { n: sum.places });

  S.startCompareMap = function (state) {
    document.getElementById("map-section").hidden = false;
    const map = makeMap();
    const base = S.baseLayer(data.base, null).addTo(map);
    const points = new S.PointsLayer(state.places.points, S.hasPeople() ? state.places.population : null).addTo(map);
    const marks = ring(state).addTo(map);
    const button = (id, run) => document.getElementById(id).addEventListener("click", run);
    button("zoom-in", () => map.zoomIn());
    button("zoom-out", () => map.zoomOut());
    button("zoom-all", () => map.fitBounds(data.bounds, { padding: [8, 8] }));
    window.addEventListener("resize", () => map.invalidateSize({ animate: false }));
    window.addEventListener("beforeprint", () => drawForPaper([base, points]));

    function update() {
      const all = S.classesBy(state.places, state.layer, state.threshold);
      points.show(all.map((code) => (state.hidden.has(state.places.changes[code]) ? S.HIDDEN : code)), state.places.changes.map((name) => LOOKS[name]));
      showLegend(state, S.sumBy(state.places, all), (name) => {
        if (!state.hidden.delete(name)) state.hidden.add(name);
        update();
        document.getElementById("legend-" + name).focus();
      });
      marks.redraw();
      S.showPlaceCard(state);
    }

    map.on("click", (event) => {
      state.selected = points.nearest(event.latlng, 14);
      update();
    });
    S.showOnMap = function (i) {
      state.selected = i;
      map.setView([state.places.points.latitude[i], state.places.points.longitude[i]], Math.max(map.getZoom(), 11), { animate: false });
      update();
      document.getElementById("stage").scrollIntoView({ block: "nearest" });
    };
    S.comparisonMap = { map, points };
    return update;
  };
})(window.Spatial);
