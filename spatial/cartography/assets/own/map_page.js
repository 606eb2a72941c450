"use strict";
/* One map page: state in, drawing and panel out. */
(function (S) {
  const data = S.data;
  const KEPT_ELSEWHERE = ["township", "tier", "people", "place", "at"]; // of the view, on the page of another service
  const KEPT_IN_PARTS = ["norm", "layer", "limit", "tier", "people"]; // and on that of another part

  const LEAST_TITLE_PX = 90; // of the name of the study in the bar of links
  const BOX_HIGH = 132; // pixels of the map that the box of the chosen village may cover
  const SHEET_LAPS = 12; // pixels by which the sheet lies on the map, as in the style sheet

  const isPhone = () => window.matchMedia("(max-width: 760px)").matches;

  function readPlaces() {
    const places = Object.assign({}, data.places);
    for (const key of ["population", "population_source", "tier", "township", "official", "plan"]) places[key] = S.column(places[key]);
    places.id = S.texts(places.id);
    places.names = readTexts(places.names);
    places.group_sources = Object.fromEntries(Object.entries(places.group_sources).map(([name, column]) => [name, S.column(column)]));
    places.groups = Object.fromEntries(Object.entries(places.groups).map(([name, column]) => [name, S.column(column)]));
    return places;
  }

  const readTexts = (names) => Object.fromEntries(Object.entries(names).map(([key, packed]) => [key, S.texts(packed)]));

  /* A layer of a norm has the norm's values; a layer of plain time its own. */
  const readLayer = (layer, norms) => S.bounded(Object.assign({}, layer, {
    values: layer.norm === null ? S.column(layer.value) : norms[layer.norm].places.values,
    fixed: S.column(layer.fixed), codes: S.column(layer.codes), low: S.seconds(layer.low), high: S.seconds(layer.high),
  }));

  function readFacilities(packed) {
    if (!packed) return null;
    return { points: S.points(packed), names: readTexts(packed.names), id: S.texts(packed.id), service: S.column(packed.service), services: packed.services, service_names: packed.service_names };
  }

  /* How columns that are only shown are packed, by their unit or form; all others are numbers. */
  const READERS = { min: S.seconds, m: S.metres, text: S.texts };

  function readTravel(block, layer) {
    const result = Object.assign({}, block);
    result.time = Float64Array.from(layer.values, (value, i) => (layer.fixed[i] === 0 ? value : NaN));
    for (const key of ["access", "network", "egress", "second_time"]) result[key] = S.seconds(block[key]);
    result.told = block.told.map((column) => Object.assign({}, column, { values: (READERS[column.shown] || S.column)(column.values) }));
    for (const key of ["facility", "second", "status", "risk"]) result[key] = S.column(block[key]);
    if (!result.network) result.network = result.time.map((time, i) => Math.max(0, time - result.access[i] - result.egress[i]));
    return result;
  }

  function readSnaps(block) {
    return Object.assign({}, block, { distance: S.metres(block.distance), time: S.seconds(block.time), status: S.column(block.status), edge: S.texts(block.edge) });
  }

  function readLastMile(block) {
    if (!block) return null;
    return Object.assign({}, block, {
      code: S.column(block.code), known_code: S.column(block.known_code), distance: S.metres(block.distance),
      known_distance: S.metres(block.known_distance), time: S.seconds(block.time), share: S.column(block.share),
      points: mapValues(block.points, S.seconds),
    });
  }

  const mapValues = (entries, read) => Object.fromEntries(Object.entries(entries || {}).map(([key, value]) => [key, read(value, key)]));

  function readInterval(block) {
    if (!block) return null;
    const wet = block.wet;
    return Object.assign({}, block, {
      low: S.seconds(block.low), base: S.seconds(block.base), high: S.seconds(block.high), factor: S.column(block.factor), width: S.seconds(block.width),
      wet: wet && Object.assign({}, wet, { status: S.column(wet.status), minutes: S.seconds(wet.minutes), dry: S.seconds(wet.dry), reach: S.column(wet.reach), changes: S.column(wet.changes) }),
    });
  }

  function readNorm(norm) {
    if (!norm.places) return norm;
    const { status, mapped, value, reason } = norm.places, plan = norm.plan;
    return Object.assign({}, norm, { plan: plan && Object.assign({}, plan, { by: S.column(plan.by), after: S.column(plan.after) }), places: { status: S.column(status), mapped: S.column(mapped), values: S.column(value), reason: S.column(reason) } });
  }

  /* Where a mandatory norm fails, whichever norm the page is about, and which ones do. */
  function mandatoryOf(norms, places) {
    const failing = new Uint8Array(places.id.length), notMet = data.norm_statuses.indexOf("not_met"), found = [];
    norms.forEach((norm, k) => {
      if (norm.norm_class !== "mandatory" || !norm.places) return;
      norm.places.status.forEach((status, i) => { if (status === notMet) failing[i] = 1; });
      if (norm.places.status.includes(notMet)) found.push(k);
    });
    return { failing, places: [...failing.keys()].filter((i) => failing[i]), norms: found };
  }

  function readRoutes(routes) {
    return mapValues(routes, (packed) => {
      const lines = S.lines(packed);
      const row = new Map();
      lines.source.forEach((source, k) => row.set(source, k));
      return { lines, row };
    });
  }

  function readState() {
    S.setMiddle(data.middle[0], data.middle[1]);
    const places = readPlaces();
    const norms = data.norms.map(readNorm);
    const layers = data.layers.map((layer) => readLayer(layer, norms));
    const facilities = readFacilities(data.facilities);
    const timeLayer = (mode) => layers.find((layer) => layer.mode === mode && layer.norm === null && !layer.key);
    const travel = mapValues(data.travel, (block, mode) => readTravel(block, timeLayer(mode)));
    for (const layer of layers) S.markSearched(layer, travel);
    return {
      places, layers, points: S.points(data.places), facilities, areas: data.areas, cells: S.readCells(data.cells), catchments: S.readCatchments(data.catchments, facilities),
      travel, snaps: mapValues(data.snaps, readSnaps), last_mile: readLastMile(data.last_mile), levels: mapValues(data.levels, S.column), units: data.units,
      off_road: data.off_road && Object.assign({}, data.off_road, { time: S.seconds(data.off_road.time), status: S.column(data.off_road.status) }),
      norms, routes: readRoutes(data.routes), trials: S.readTrials(data.trials), interval: readInterval(data.interval),
      measures: data.measures.map((measure) => Object.assign({}, measure, { value: S.column(measure.value), status: S.column(measure.status), risk: S.column(measure.risk) })),
      others: data.others.map((other) => Object.assign({}, other, { time: S.seconds(other.time), status: S.column(other.status) })),
      layer: layers[0], threshold: layers[0].threshold, filter: S.noFilter(), only: null, mandatory: mandatoryOf(norms, places), selected: -1, facility: -1, target: -1, route: null,
      labels: null, classes: new Uint8Array(0), moved: false,
    };
  }

  function routeOf(state) {
    const i = state.selected;
    state.route = null;
    state.target = state.facility;
    const mode = state.travel[state.layer.mode] ? state.layer.mode : Object.keys(state.travel)[0];
    const travel = state.travel[mode];
    if (i < 0 || !travel) return;
    state.target = travel.facility[i];
    const from = [state.points.x[i], state.points.y[i]];
    const to = state.target >= 0 ? [state.facilities.points.x[state.target], state.facilities.points.y[state.target]] : null;
    const routes = state.routes[mode];
    const line = routes ? routes.row.get(i) : undefined;
    if (line === undefined) {
      if (to) state.route = [from, to];
      return;
    }
    const { x, y, starts } = routes.lines;
    const way = [from];
    for (let k = starts[line]; k < starts[line + 1]; k++) way.push([x[k], y[k]]);
    if (to) way.push(to);
    state.route = way;
  }

  /* The chosen settlement with its way, no closer than a village and its surroundings. */
  function showWay(map, state) {
    const way = state.route || [[state.points.x[state.selected], state.points.y[state.selected]]];
    const corners = way.map(([x, y]) => map.unproject(L.point(S.middle.x + x, S.middle.y + y), S.UNIT_ZOOM));
    map.fitBounds(L.latLngBounds(corners), { animate: false, paddingTopLeft: [40, 32], paddingBottomRight: [56, isPhone() ? 40 : BOX_HIGH], maxZoom: 13 });
    state.moved = true;
  }

  function makeMap() {
    const map = S.map;
    ["spatialBase", "spatialAreas", "spatialPoints", "spatialMarks"].forEach((name, k) => {
      const pane = map.createPane(name);
      pane.style.zIndex = String(200 + k * 50);
      pane.style.pointerEvents = "none";
    });
    map.setMaxZoom(17);
    S.fitMap = () => map.invalidateSize({ animate: false, pan: false }).fitBounds(data.bounds, { animate: false, padding: [16, 16] });
    S.fitMap();
    map.setMinZoom(Math.max(2, map.getZoom() - 2));
    map.setMaxBounds(L.latLngBounds(data.bounds).pad(1.2));
    S.addScale(map);
    return map;
  }

  function controls(map, state) {
    const button = (id, run) => document.getElementById(id).addEventListener("click", run);
    button("zoom-in", () => map.zoomIn());
    button("zoom-out", () => map.zoomOut());
    button("zoom-all", () => { map.fitBounds(data.bounds, { padding: [16, 16] }); state.moved = false; });
    button("print", () => window.print());
    map.on("dragend zoomend", (event) => { if (event.type === "dragend") state.moved = true; });
  }

  function startTabs() {
    const tabs = [...document.querySelectorAll("[role=tab]")];
    const open = (tab, focus) => {
      for (const other of tabs) {
        const on = other === tab;
        other.setAttribute("aria-selected", String(on));
        other.tabIndex = on ? 0 : -1;
        document.getElementById(other.getAttribute("aria-controls")).classList.toggle("open", on);
      }
      document.getElementById("panel-body").scrollTop = 0;
      if (focus) tab.focus();
    };
    tabs.forEach((tab, k) => {
      tab.addEventListener("click", () => { open(tab); S.raiseSheet(true); });
      tab.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (step) open(tabs[(k + step + tabs.length) % tabs.length], true);
      });
    });
    S.openTab = (id) => open(document.getElementById(id));
  }

  /* On a phone the map has half of the height and the sheet the other half: raised, it takes the place of the bar above,
     and all of the map is seen still. */
  function startSheet(map) {
    const handle = document.getElementById("sheet-handle"), panel = document.getElementById("panel"), stage = document.getElementById("stage");
    const tell = (up) => { document.body.classList.toggle("sheet-up", up); handle.setAttribute("aria-expanded", String(up)); };
    const raised = () => Math.max(1, panel.offsetTop - stage.offsetHeight + SHEET_LAPS);
    S.raiseSheet = function (up) {
      tell(up);
      document.getElementById("panel-body").scrollTop = 0;
      if (isPhone()) window.scrollTo(0, up ? raised() : 0);
    };
    window.addEventListener("scroll", () => { if (isPhone()) tell(window.scrollY >= raised() / 2); }, { passive: true });
    handle.addEventListener("click", () => S.raiseSheet(!document.body.classList.contains("sheet-up")));
    window.addEventListener("resize", () => map.invalidateSize({ animate: false }));
  }

  /* What stands above the map, in as many lines as its language takes. */
  function tellHeadHeight() {
    const heights = ["#banner", ".page-bar"].map((name) => document.querySelector(name).offsetHeight);
    document.body.style.setProperty("--head-height", heights[0] + heights[1] + "px");
  }

  /* The pages of all parts: the first has the name of the whole. */
  function partPages() {
    const { part, page } = data;
    if (!part) return [];
    const ending = (number) => (number === 1 ? "" : part.mark + number) + ".html", stem = page.file.slice(0, -ending(part.number).length);
    return part.names.map((names, k) => ({ file: stem + ending(k + 1), names }));
  }

  /* A page of a part says which it is, wherever the name of the study stands. */
  function namePart() {
    if (!data.part) return;
    const names = data.part.names[data.part.number - 1], { title } = data.study;
    for (const language of Object.keys(title)) title[language] += " · " + (names[language] || S.pick(names));
  }

  /* The maps of the study by service, with the limit that a norm sets: another one opens with the language, the place and
     the filters of this one. */
  function showServices() {
    const names = { last_mile: "page.last_mile", score: "page.score_map" };
    const told = data.services.map((service) => {
      const name = names[service.kind] ? S.t(names[service.kind]) : S.pick(service.names, service.id);
      return { ...service, text: service.threshold === null ? name : S.t("way.service_limit", { name, measure: S.limitText(service.threshold, service.unit) }) };
    });
    document.getElementById("service-switch").hidden = told.length < 2;
    document.getElementById("part-switch").hidden = !data.part;
    S.fill("parts", partPages().map(({ file, names }) => S.el("option", { value: file, text: S.pick(names), selected: file === data.page.file })));
    S.fill("services", told.map(({ id, file, text }) => S.el("option", { value: file, text, selected: id === data.page.service.id })));
  }

  function startTooltip(map, state, layer) {
    const tip = document.getElementById("tooltip");
    const hide = () => { tip.hidden = true; map.getContainer().style.cursor = ""; };
    map.on("mousemove", (event) => {
      const i = layer.nearest(event.latlng, 12);
      if (i < 0) return hide();
      const name = S.classesOf(state.layer)[state.classes[i]];
      const value = state.layer.kind !== "threshold" || !isFinite(state.layer.values[i]) ? S.classLabel(state.layer, name, state.threshold) : S.measure(state.layer.values[i], state.layer.unit, state.threshold);
      const span = state.layer.low ? S.spanText(state.layer.low[i], state.layer.high[i]) : "";
      const people = state.places.population && state.places.population[i] >= 0 ? S.t("unit.people", { n: state.places.population[i] }) : "";
      S.fill(tip, [S.el("strong", { text: S.placeName(state.places, i) }), S.el("span", { text: [value, people].filter(Boolean).join(" · ") }), span ? S.el("span", { text: span }) : null]);
      tip.hidden = false;
      const size = map.getSize(), at = event.containerPoint;
      tip.style.left = Math.max(4, Math.min(at.x + 14, size.x - tip.offsetWidth - 6)) + "px";
      tip.style.top = Math.max(4, at.y + 16 + tip.offsetHeight > size.y ? at.y - tip.offsetHeight - 10 : at.y + 16) + "px";
      map.getContainer().style.cursor = "pointer";
    });
    map.on("mouseout movestart zoomstart", hide);
  }

  S.startMapPage = function () {
    namePart();
    const state = readState();
    const map = makeMap();
    S.state = state;
    document.body.dataset.kind = data.page.kind;
    state.labels = S.labelsOf(state);
    const base = S.baseLayer(data.base, data.relief).addTo(map);
    const areas = S.areasLayer(state).addTo(map);
    const ties = S.tiesLayer(state).addTo(map);
    const points = new S.PointsLayer(state.points, state.places.population).addTo(map);
    if (state.facilities) state.facilities.near = points.nearestTo(state.facilities.points);
    const marks = S.marksLayer(state);
    points.ringed = state.mandatory.failing;
    const stars = S.starsLayer(state);
    S.layers = { base, areas, ties, points, marks, stars };
    marks.addTo(map);
    stars.addTo(map);
    map.on("zoomend", () => S.showSizes(points));
    const redraw = () => { areas.redraw(); ties.redraw(); marks.redraw(); };

    function update() {
      document.body.classList.toggle("has-township", state.filter.township >= 0);
      const all = S.classify(state.layer, state.threshold);
      const names = S.classesOf(state.layer);
      state.classes = all;
      const shown = all.slice();
      for (let i = 0; i < shown.length; i++) if (!S.isShown(state, i) || !S.inFilter(state, i)) shown[i] = S.HIDDEN;
      points.show(shown, names.map((name) => S.lookOf(state.layer, name)));
      marks.redraw();
      state.sums = S.sums(state, all);
      S.showFinding(state, state.sums);
      S.showHeadline(state, state.sums);
      S.showFiltered(state);
      S.showNorm(state);
      S.showCurve(state);
      S.showSlider(state);
      S.showLegend(state, state.sums, showOnly);
      S.showTable(state, chooseTownship);
      S.showBeyond(state, (i) => choosePlace(i, true), chooseTownship);
      S.showPlace(state, closePlace);
      S.showMine();
      S.showPlaceBox(state);
      S.view.changed();
    }
    S.update = update;

    /* A class alone on the map, in the list, in tables and in what is saved; pressed again, all of them. */
    function showOnly(name) {
      state.only = state.only === name ? null : name;
      update();
      document.querySelector("#legend [data-class=" + name + "]").focus();
    }

    function choosePlace(i, fly) {
      Object.assign(state, { selected: i, facility: -1 });
      routeOf(state);
      update();
      redraw();
      S.openTab("tab-place");
      S.raiseSheet(true);
      if (!fly) return;
      if (!isPhone()) window.scrollTo(0, 0);
      showWay(map, state);
      document.getElementById("place-name").focus({ preventScroll: true });
    }
    S.choosePlace = choosePlace;

    function closePlace() {
      Object.assign(state, { selected: -1, facility: -1 });
      routeOf(state);
      update();
      redraw();
      S.openTab("tab-result");
      document.getElementById("tab-result").focus();
    }

    function chooseTownship(code) {
      state.filter.township = state.filter.township === code ? -1 : code;
      S.showFilters(state);
      update();
      showTownship();
    }

    /* The township that is filtered for, or all of the study again. */
    function showTownship() {
      const own = state.places.townships[state.filter.township], unit = own && base.units.get(own.id);
      state.moved = Boolean(unit);
      if (!unit) return S.fitMap();
      const corner = (x, y) => map.unproject(L.point(S.middle.x + x, S.middle.y + y), S.UNIT_ZOOM);
      map.fitBounds(L.latLngBounds(corner(unit.left, unit.bottom), corner(unit.right, unit.top)), { animate: false, padding: [24, 24], maxZoom: 14 });
    }

    function setLayer(index) {
      map.closePopup();
      state.layer = state.layers[index];
      state.threshold = state.layer.threshold;
      state.only = null;
      routeOf(state);
      update();
      redraw();
    }

    function showLayers() {
      const select = document.getElementById("layer");
      select.parentElement.hidden = state.layers.length < 2;
      S.fill(select, state.layers.map((layer, k) => S.el("option", { value: k, text: layerName(layer), selected: layer === state.layer })));
    }

    function layerName(layer) {
      if (layer.kind !== "threshold") return S.t("layer." + layer.key, { name: layer.scenario ? S.scenarioName(layer) : layer.breaks ? S.levelName(layer) : S.measureName(layer), measure: S.limitText(layer.threshold, layer.unit), mode: S.word("by", layer.mode) });
      if (layer.key) return S.t("layer." + layer.key, { mode: S.word("by", layer.mode) });
      if (layer.norm !== null) return S.normText(data.norms[layer.norm]);
      return S.t("layer.time", { mode: S.word("by", layer.mode) });
    }

    startTabs();
    startSheet(map);
    controls(map, state);
    startTooltip(map, state, points);
    window.addEventListener("resize", tellHeadHeight);
    document.getElementById("services").addEventListener("change", (event) => { window.location.href = S.pageLink(event.target.value, S.view.told(KEPT_ELSEWHERE)); });
    document.getElementById("parts").addEventListener("change", (event) => { window.location.href = S.pageLink(event.target.value, S.view.told(KEPT_IN_PARTS)); });
    // A village that was searched for is shown, whatever was filtered.
    S.startSearch(state, (i) => {
      if (!S.inFilter(state, i) || !S.isShown(state, i)) S.clearFilters(state);
      choosePlace(i, true);
    }, partPages().filter(({ file }) => file !== data.page.file));
    S.startPrint(map, state);
    map.on("click", (event) => {
      const i = points.nearest(event.latlng, 14), k = S.facilityAt(state, event.latlng, i < 0 ? Infinity : points.pixelsTo(i, event.latlng));
      if (k >= 0) S.chooseFacility(state, k);
      else if (i >= 0) choosePlace(i, false);
      else if (state.selected >= 0 || state.facility >= 0) closePlace();
      else {
        const id = S.unitAt(base.units, S.toUnit(event.latlng.lat, event.latlng.lng)), code = state.places.townships.findIndex((township) => township.id === id);
        // Within the one that is shown already, whoever asks for minutes stays in it.
        if (code >= 0 && !(state.cells && code === state.filter.township)) chooseTownship(code);
      }
      if (k < 0 && i < 0) S.showCell(state, event.latlng);
      else map.closePopup();
    });
    // In a field Escape is the field's own.
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.target.closest("input, select, textarea") && (state.selected >= 0 || state.facility >= 0)) closePlace();
    });
    document.getElementById("slider").addEventListener("input", (event) => {
      state.threshold = Number(event.target.value);
      update();
    });
    document.getElementById("slider-reset").addEventListener("click", () => {
      state.threshold = state.layer.threshold;
      update();
      document.getElementById("slider").focus();
    });
    document.getElementById("layer").addEventListener("change", (event) => setLayer(Number(event.target.value)));
    S.startFilters(state, update);
    S.startBeyond();
    S.startMapMine(state);
    document.getElementById("csv-townships").addEventListener("click", () => S.downloadTownships(state));
    document.getElementById("csv-places").addEventListener("click", () => S.downloadPlaces(state));

    S.onLanguage(() => {
      map.closePopup();
      const service = S.pick(data.page.service.names, data.page.service.id);
      state.topic = data.page.kind === "gap" ? S.t("page.gap", { service }) : S.t(data.page.kind === "score" ? "page.score_map" : "page.last_mile");
      document.getElementById("key-facility").hidden = !state.facilities;
      document.getElementById("key-facility-text").textContent = S.t("legend.facility", { service });
      document.getElementById("key-size").hidden = !S.hasPeople();
      S.showSizes(points);
      document.getElementById("key-seasons").hidden = data.page.kind !== "last_mile";
      S.showHead(state.topic);
      showServices();
      tellHeadHeight();
      S.showAbout("about", data.page.methods, data.relief);
      S.languageSwitch();
      // Two letters of a name say nothing, and the end of one may say of which plan the map is: cut short by the links, it stands in the panel.
      const title = document.getElementById("study-title"), isCut = title.scrollWidth > title.clientWidth;
      document.getElementById("panel-study").textContent = title.textContent;
      title.classList.toggle("is-tight", title.clientWidth < LEAST_TITLE_PX && isCut);
      document.body.classList.toggle("has-cut-title", isCut);
      S.showActs(state);
      showLayers();
      S.showAreas(areas, state);
      S.showFilters(state);
      update();
      redraw();
    });
    S.setLanguage(S.language);
    // What stands above the map and below it is known by now.
    S.fitMap();
    S.startMapView(state, map, { setLayer, choosePlace, closePlace, showLayers, update });
    if (S.hash.list) document.getElementById("to-beyond").click();
    base.ready.then(() => { document.body.dataset.ready = "yes"; });
  };
})(window.Spatial);
