"use strict";
/* The reader's own list on a map page: what is told of each mark, and the stars on the map. */
(function (S) {
  const INK = "#1d2327", ARMS = 5, SIZE = 8;

  const find = (state, key) => (key.startsWith("f:") ? { k: state.facilities ? state.facilities.id.indexOf(key.slice(2)) : -1, i: -1 } : { i: state.places.id.indexOf(key), k: -1 });

  /* Value and class by the layer shown. */
  function valueText(state, i) {
    const { layer, threshold } = state, label = S.classLabel(layer, S.classesOf(layer)[state.classes[i]] || "no_data", threshold), value = layer.values && layer.values[i];
    if (layer.kind !== "threshold" || !isFinite(value)) return label;
    return S.beyondText(value, layer.unit, threshold) + S.t("filter.joint") + label;
  }

  function describe(state, key) {
    const { i, k } = find(state, key), { population, townships, township } = state.places;
    const cells = (name, where, people, value) => [name, ...(townships.length ? [where] : []), ...(S.hasPeople() ? [people] : []), value];
    if (i >= 0) {
      const people = S.peopleText(population ? population[i] : null, S.t("place.unknown"));
      return { cells: cells(S.placeName(state.places, i), S.townshipName(state, township[i]), people, valueText(state, i)), choose: () => S.choosePlace(i, true) };
    }
    if (k < 0 || !S.data.page.service.closes) return null;
    const { rows } = S.closingOf(state, k), people = rows.reduce((sum, row) => sum + (row.people >= 0 ? row.people : 0), 0);
    return { cells: cells(S.facilityName(state, k), "–", S.number(people), S.t("mine.serves", { places: S.t("unit.places", { n: rows.length }) })), choose: () => S.chooseFacility(state, k) };
  }

  S.startMapMine = function (state) {
    const { townships } = state.places;
    const heads = () => [S.t("mine.name"), ...(townships.length ? [S.t("beyond.township")] : []), ...(S.hasPeople() ? [S.t("beyond.people")] : []), S.t("mine.here")];
    S.startMine({
      heads, describe: (key) => describe(state, key), numeric: S.hasPeople() ? [townships.length ? 2 : 1] : [], file: S.data.page.file.replace(".html", "-list.csv"),
      redraw: S.update, changed: () => S.layers.stars.redraw(),
    });
  };

  function star(context, x, y, ratio) {
    context.beginPath();
    for (let k = 0; k < 2 * ARMS; k++) {
      const turn = (k * Math.PI) / ARMS - Math.PI / 2, long = (k % 2 ? 0.45 : 1) * SIZE * ratio;
      if (k) context.lineTo(x + long * Math.cos(turn), y + long * Math.sin(turn));
      else context.moveTo(x + long * Math.cos(turn), y + long * Math.sin(turn));
    }
    context.closePath();
    Object.assign(context, { lineJoin: "round", lineWidth: 3 * ratio, strokeStyle: "#ffffff", fillStyle: INK });
    context.stroke();
    context.fill();
  }

  /* Above and left of what is marked, so that its class is still seen. */
  S.starsLayer = (state) => new S.CanvasLayer(function (context, view) {
    for (const key of S.mineKeys()) {
      const { i, k } = find(state, key);
      if (i < 0 && k < 0) continue;
      const points = i >= 0 ? state.points : state.facilities.points, n = i >= 0 ? i : k, away = (i >= 0 ? S.layers.points.radiusAt(i, view.zoom) * 0.7 : 6) * view.ratio + 4 * view.ratio;
      star(context, points.x[n] * view.scale + view.dx - away, points.y[n] * view.scale + view.dy - away, view.ratio);
    }
  }, { pane: "spatialMarks" });
})(window.Spatial);
