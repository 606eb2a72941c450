"use strict";
/* What of a map page the address says: norm or other layer, standard, a class shown alone, filters, ground, village, and where
   the map stands. */
(function (S) {
  const OPENING = { padding: [16, 16] };
  const PLACES = 5, ZOOM_STEPS = 100; // decimals of a degree; steps a zoom level

  /* A name of a layer that stays the same when a study gains others. */
  const isNorm = (layer) => layer.kind === "threshold" && layer.norm !== null && layer.norm !== undefined && !layer.key;
  const layerKey = (layer) => [layer.key || "time", layer.mode, layer.scenario || layer.measure || layer.pillar || ""].filter(Boolean).join(":");

  S.startMapView = function (state, map, { setLayer, choosePlace, closePlace, showLayers, update }) {
    const { places, norms, layers } = state, { areas } = S.layers;
    const bounds = L.latLngBounds(S.data.bounds);
    const choose = (layer) => { if (layer && layer !== state.layer) { setLayer(layers.indexOf(layer)); showLayers(); } };

    S.view.register("norm", () => (isNorm(state.layer) && state.layer !== layers[0] ? norms[state.layer.norm].id : ""),
      (id) => choose(id ? layers.find((layer) => isNorm(layer) && norms[layer.norm].id === id) : S.hash.layer ? null : layers[0]));
    S.view.register("layer", () => (isNorm(state.layer) || state.layer === layers[0] ? "" : layerKey(state.layer)),
      (key) => { if (key) choose(layers.find((layer) => !isNorm(layer) && layerKey(layer) === key)); });
    S.view.register("limit", () => (state.threshold === state.layer.threshold ? "" : String(state.threshold)), (text) => {
      const wanted = text.trim() ? Number(text) : NaN;
      state.threshold = isFinite(wanted) && state.layer.kind === "threshold" ? Math.max(0, Math.min(state.layer.max, wanted)) : state.layer.threshold;
      update();
    });
    // The class that is shown alone.
    S.view.register("class", () => state.only || "", (name) => {
      state.only = S.classesOf(state.layer).includes(name) ? name : null;
      update();
    });
    const filter = (key, name, list, none) => S.view.register(key, () => (state.filter[name] === none ? "" : String(list ? list()[state.filter[name]] : state.filter[name])), (text) => {
      const at = list ? list().indexOf(text) : Math.max(0, Number(text) || 0);
      if (state.filter[name] === at) return;
      state.filter[name] = at;
      S.showFilters(state);
      update();
    });
    filter("township", "township", () => places.townships.map(({ id }) => id), -1);
    filter("tier", "tier", () => places.tiers, -1);
    filter("people", "people", null, 0);
    filter("fails", "norm", () => norms.map((norm) => (norm.places ? norm.id : "")), -1);
    const grounds = () => Object.keys(areas.shown).filter((name) => areas.shown[name]).join(","), opening = grounds();
    S.view.register("ground", () => (grounds() === opening ? "" : grounds() || "none"), (text) => {
      const wanted = (text || opening).split(",");
      for (const name of Object.keys(areas.shown)) areas.shown[name] = wanted.includes(name) && Boolean(state[name]);
      S.showAreas(areas, state);
    });
    S.view.register("place", () => (state.selected < 0 ? "" : places.id[state.selected]), (id) => {
      const i = id ? places.id.indexOf(id) : -1;
      if (i >= 0 && i !== state.selected) choosePlace(i, true);
      else if (i < 0 && state.selected >= 0) closePlace();
    });
    S.view.register("facility", () => (state.facility < 0 ? "" : state.facilities.id[state.facility]), (id) => {
      const k = id && state.facilities && S.data.page.service.closes ? state.facilities.id.indexOf(id) : -1;
      if (k >= 0 && k !== state.facility) S.chooseFacility(state, k);
      else if (k < 0 && state.facility >= 0) closePlace();
    });
    const isOpening = () => {
      const { center, zoom } = map._getBoundsCenterZoom(bounds, OPENING), near = map.project(center, zoom).distanceTo(map.project(map.getCenter(), zoom));
      return zoom === map.getZoom() && near < 2;
    };
    S.view.register("at", () => {
      if (isOpening()) return "";
      const { lat, lng } = map.getCenter();
      return [lat.toFixed(PLACES), lng.toFixed(PLACES), Math.round(map.getZoom() * ZOOM_STEPS) / ZOOM_STEPS].join(",");
    }, (text) => {
      const [lat, lng, zoom] = text.split(",").map((part) => (part.trim() ? Number(part) : NaN));
      if (![lat, lng, zoom].every(isFinite) || !bounds.pad(1.2).contains([lat, lng])) {
        if (!text) map.fitBounds(bounds, { ...OPENING, animate: false });
        return;
      }
      map.setView([lat, lng], Math.max(map.getMinZoom(), Math.min(map.getMaxZoom(), zoom)), { animate: false });
      state.moved = true;
    });
    map.on("moveend", S.view.changed);
    S.view.read(false);
    S.followAddress();
  };

  S.showActs = () => S.fill("acts", [S.linkButton(), ...S.pictureButtons(), S.mineLink()]);
})(window.Spatial);
