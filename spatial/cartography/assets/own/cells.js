"use strict";
/* Minutes from where the map is pressed: those of the nearest cell of people, where the study measures cells, else those of the
   nearest village, which is named. Where none is near nothing is said. */
(function (S) {
  const NONE = 65535;
  const VILLAGE_M = 2000; // further from a village its minutes say nothing of the ground

  S.readCells = (packed) => packed && {
    points: S.points(packed.points), reach: packed.reach_m, minutes: Object.fromEntries(Object.entries(packed.minutes).map(([mode, column]) => [mode, S.column(column)])),
  };

  const metresAUnit = (latitude) => (156543.034 * Math.cos((latitude * Math.PI) / 180)) / Math.pow(2, S.UNIT_ZOOM);

  function nearest({ points, reach }, latlng) {
    const at = S.toUnit(latlng.lat, latlng.lng), metres = metresAUnit(latlng.lat);
    let best = -1, least = reach / metres;
    for (let i = 0; i < points.n; i++) {
      const far = Math.hypot(points.x[i] - at.x, points.y[i] - at.y);
      if (far <= least) [best, least] = [i, far];
    }
    return { cell: best, away: least * metres };
  }

  /* What is said of a spot, and from where: the nearest cell, else the nearest village, by the mode of the layer. */
  function heard(state, latlng) {
    const { layer } = state;
    if (state.cells) {
      const { cell, away } = nearest(state.cells, latlng), { minutes } = state.cells;
      if (cell < 0) return null;
      const mode = minutes[layer.mode] ? layer.mode : Object.keys(minutes)[0], value = minutes[mode][cell];
      return { mode, value: value === NONE ? Infinity : value, from: S.t("cell.from", { away: S.distance(away) }) };
    }
    if (layer.kind !== "threshold" || layer.unit !== "min" || layer.key) return null;
    const { cell, away } = nearest({ points: state.points, reach: VILLAGE_M }, latlng);
    if (cell < 0 || Number.isNaN(layer.values[cell])) return null;
    return { mode: layer.mode || "none", value: layer.values[cell], from: S.t("cell.from_place", { name: S.placeName(state.places, cell), away: S.distance(away) }) };
  }

  S.showCell = function (state, latlng) {
    S.map.closePopup();
    const told = heard(state, latlng);
    if (!told) return;
    const values = { service: S.inText(S.pick(S.data.page.service.names, S.data.page.service.id)), mode: S.word("by", told.mode), minutes: S.minutes(told.value) };
    const said = S.el("div", { class: "cell-said", role: "status" }, [
      S.el("strong", { text: isFinite(told.value) ? S.t("cell.about", values) : S.t("cell.none", values) }),
      S.el("span", { text: told.from }),
    ]);
    L.popup({ closeButton: false, autoPan: false, maxWidth: 260 }).setLatLng(latlng).setContent(said).openOn(S.map);
  };
})(window.Spatial);
