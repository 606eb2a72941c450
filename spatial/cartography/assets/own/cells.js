"use strict";
/* Minutes from where the map is pressed: those of the nearest cell of people, which the run has computed. Where none is near,
   and where the study has no cells, nothing is said. */
(function (S) {
  const NONE = 65535;

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

  S.showCell = function (state, latlng) {
    S.map.closePopup();
    if (!state.cells) return;
    const { cell, away } = nearest(state.cells, latlng), { minutes } = state.cells;
    if (cell < 0) return;
    const mode = minutes[state.layer.mode] ? state.layer.mode : Object.keys(minutes)[0], value = minutes[mode][cell];
    const values = { service: S.inText(S.pick(S.data.page.service.names, S.data.page.service.id)), mode: S.word("by", mode), minutes: S.minutes(value) };
    const said = S.el("div", { class: "cell-said", role: "status" }, [
      S.el("strong", { text: value === NONE ? S.t("cell.none", values) : S.t("cell.about", values) }),
      S.el("span", { text: S.t("cell.from", { away: S.distance(away) }) }),
    ]);
    L.popup({ closeButton: false, autoPan: false, maxWidth: 260 }).setLatLng(latlng).setContent(said).openOn(S.map);
  };
})(window.Spatial);
