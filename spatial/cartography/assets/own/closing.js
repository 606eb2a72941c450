"use strict";
/* A facility: whom it serves as the nearest, and what becomes of them if it closes. Nothing is searched here: the run has
   found the second nearest of every village, which is the nearest once the first is gone. */
(function (S) {
  const FIRST = 10; // rows until all are asked for
  const MANY = 60; // lines that would hide the map
  const INK = "#1d2327", WORSE = "#a3162e";
  const HIT_PX = 10;
  let isWhole = false;

  /* Villages and towns do not close; a page that had to be made small lacks the second nearest. */
  const canClose = () => S.data.page.service.closes;

  /* The mode of the layer shown, else the first; the standard that is judged by it, else that of plain time. */
  function judgedBy(state) {
    const { layer } = state, mode = state.travel[layer.mode] ? layer.mode : Object.keys(state.travel)[0];
    const isShown = layer.kind === "threshold" && layer.unit === "min" && layer.metric === "time_min" && layer.mode === mode && !layer.key;
    const plain = state.layers.find((one) => one.mode === mode && one.norm === null && !one.key);
    return { mode, travel: state.travel[mode], threshold: isShown ? state.threshold : plain.threshold };
  }

  S.closingOf = function (state, k) {
    const { travel, mode, threshold } = judgedBy(state), { population } = state.places, limit = S.limit(threshold), rows = [];
    for (let i = 0; i < travel.facility.length; i++) {
      if (travel.facility[i] !== k) continue;
      const now = travel.time[i], then = travel.second_time ? travel.second_time[i] : NaN;
      rows.push({ i, people: population ? population[i] : NaN, now, then, next: travel.second ? travel.second[i] : -1, isLost: now <= limit && !(then <= limit), atEdge: Boolean(travel.risk[i]) });
    }
    const size = (row) => (row.people >= 0 ? row.people : 0);
    rows.sort((a, b) => Number(b.isLost) - Number(a.isLost) || size(b) - size(a) || a.i - b.i);
    return { rows, mode, threshold, isKnown: Boolean(travel.second_time) };
  };

  const sum = (rows) => rows.reduce((total, { people }) => total + (people >= 0 ? people : 0), 0);

  /* People before places, where anybody knows the people. */
  const amount = (rows) => (S.hasPeople() ? S.t("closing.amount", { people: S.t("unit.people", { n: sum(rows) }), places: S.t("unit.places", { n: rows.length }) }) : S.t("unit.places", { n: rows.length }));

  /* Minutes longer, of those who still reach one: the mean of their people, and whoever has to go furthest more. */
  function longer(state, rows) {
    const kept = rows.filter(({ now, then }) => isFinite(now) && isFinite(then));
    if (!kept.length) return "";
    const weight = (row) => (S.hasPeople() ? (row.people >= 0 ? row.people : 0) : 1), total = kept.reduce((all, row) => all + weight(row), 0);
    const more = ({ now, then }) => Math.max(0, then - now), most = kept.reduce((a, b) => (more(b) > more(a) ? b : a));
    const mean = total > 0 ? kept.reduce((all, row) => all + weight(row) * more(row), 0) / total : more(most);
    return S.t("closing.longer", { mean: S.minutes(mean), most: S.minutes(more(most)), name: S.placeName(state.places, most.i) });
  }

  const cells = (state, row, threshold) => [
    S.placeName(state.places, row.i), ...(S.hasPeople() ? [S.peopleText(row.people, S.t("place.unknown"))] : []), S.measure(row.now, "min", threshold),
    isFinite(row.then) ? S.measure(row.then, "min", threshold) : S.t("closing.none"), S.facilityName(state, row.next) || "–",
  ];
  const heads = () => [S.t("beyond.village"), ...(S.hasPeople() ? [S.t("beyond.people")] : []), S.t("closing.now"), S.t("closing.then"), S.t("closing.next")];

  function table(state, { rows, threshold }) {
    const numeric = (at) => (at > 0 && at < heads().length - 1 ? "numeric" : undefined);
    const shown = isWhole ? rows : rows.slice(0, FIRST);
    const body = shown.map((row) => S.el("tr", { class: row.isLost ? "is-lost" : undefined }, cells(state, row, threshold).map((text, at) => (at ? S.el("td", { class: numeric(at), text })
      : S.el("th", { scope: "row" }, [S.el("button", { type: "button", class: "as-link", text, on: { click: () => S.choosePlace(row.i, true) } })])))));
    return [
      S.el("table", { class: "plain closing" }, [S.el("thead", {}, [S.el("tr", {}, heads().map((text, at) => S.el("th", { scope: "col", class: numeric(at), text })))]), S.el("tbody", {}, body)]),
      S.el("p", { class: "buttons" }, [
        shown.length < rows.length ? S.el("button", { type: "button", id: "closing-all", text: S.t("beyond.show_all", { n: rows.length }), on: { click: () => { isWhole = true; S.update(); document.querySelectorAll("#place .closing tbody button")[FIRST].focus(); } } }) : null,
        S.el("button", { type: "button", id: "closing-csv", text: S.t("closing.csv"), on: { click: () => save(state, rows, threshold) } }),
      ]),
    ];
  }

  function save(state, rows, threshold) {
    const basis = S.hasPeople() ? [[S.t("beyond.basis")], [S.t("study.basis_" + S.data.study.basis)]] : [[], []];
    const head = [S.t("closing.facility"), ...heads(), S.t("closing.becomes"), ...basis[0]], name = S.facilityName(state, state.facility);
    const lines = rows.map((row) => [name, ...cells(state, row, threshold), S.t(row.isLost ? "closing.goes_beyond" : "closing.as_before", { measure: S.limitText(threshold, "min") }), ...basis[1]]);
    S.download(S.data.page.file.replace(".html", "-closing.csv"), [head, ...lines]);
  }

  function closing(state, found) {
    const { section } = S.placeParts, { rows, threshold, isKnown, mode } = found, said = (text, more) => S.el("p", { text, ...more });
    if (!isKnown) return section(S.t("closing.title"), [said(S.t("closing.unknown"), { class: "muted" })]);
    const lost = rows.filter((row) => row.isLost), without = rows.filter(({ then }) => !isFinite(then)), edge = rows.filter(({ atEdge }) => atEdge).length;
    const measure = S.limitText(threshold, "min");
    return section(S.t("closing.title"), [
      !lost.length ? S.el("p", { class: "closing-none", text: S.t("closing.nobody", { measure }) }) : S.el("p", { class: "headline-number" }, [S.el("strong", { class: "is-worse", text: S.number(S.hasPeople() ? sum(lost) : lost.length) }), S.el("span", { text: S.t(S.hasPeople() ? "closing.lost_people" : "closing.lost_places", { n: S.hasPeople() ? sum(lost) : lost.length, measure, places: S.t("unit.places", { n: lost.length }) }) })]),
      said(longer(state, rows)),
      without.length ? said(S.t("closing.without", { amount: amount(without) })) : null,
      rows.length ? S.el("div", {}, table(state, found)) : null,
      said(S.sentences(S.t("closing.method", { mode: S.word("by", mode) }), edge && S.t("closing.edge", { n: edge })), { class: "muted" }),
    ]);
  }

  const serviceText = ({ services, service_names: names }, code) => (S.has("service." + services[code]) ? S.t("service." + services[code]) : S.pick(names[code]) || S.word("service", services[code]));

  S.showFacility = function (state, onClose) {
    const k = state.facility, found = S.closingOf(state, k), { rows, mode } = found, farthest = rows.reduce((a, b) => (a && !(b.now > a.now) ? a : b), null);
    S.fill("place", [
      S.el("div", { class: "place-head" }, [
        S.el("h2", { id: "place-name", tabindex: "-1", text: S.facilityName(state, k) }),
        S.starButton(S.mineKey.facility(state.facilities.id[k]), S.facilityName(state, k)),
        S.el("button", { type: "button", class: "close", "aria-label": S.t("place.close"), text: "×", on: { click: onClose } }),
      ]),
      S.el("p", { class: "muted", text: serviceText(state.facilities, state.facilities.service[k]) }),
      S.el("p", { text: rows.length ? S.t("closing.serves", { amount: amount(rows), mode: S.word("by", mode) }) : S.t("closing.serves_none", { mode: S.word("by", mode) }) }),
      farthest && isFinite(farthest.now) ? S.el("p", { class: "muted", text: S.t("closing.farthest", { name: S.placeName(state.places, farthest.i), minutes: S.minutes(farthest.now) }) }) : null,
      ...S.reachBox(state),
      ...(rows.length ? closing(state, found) : []),
      S.el("p", { class: "pills" }, [S.el("span", { class: "pill gate", text: S.t("about.modelled") })]),
    ]);
  };

  S.chooseFacility = function (state, k) {
    isWhole = false;
    Object.assign(state, { facility: k, target: k, selected: -1, route: null });
    S.update();
    for (const layer of [S.layers.areas, S.layers.ties]) layer.redraw();
    S.openTab("tab-place");
    S.raiseSheet(true);
    document.getElementById("place-name").focus({ preventScroll: true });
  };

  /* A facility's name as the way to its card, where it has one. */
  S.facilityLink = function (state, k) {
    const text = S.facilityName(state, k);
    return k >= 0 && canClose() ? S.el("button", { type: "button", class: "as-link", text, on: { click: () => S.chooseFacility(state, k) } }) : text;
  };

  /* The facility whose mark lies where the map was pressed, and nearer than any village. */
  S.facilityAt = function (state, latlng, isNearerThan) {
    const seen = state.facilities && state.facilities.seen;
    if (!seen || !canClose() || !Object.keys(state.travel).length) return -1;
    const { view, drawn } = seen, at = S.toUnit(latlng.lat, latlng.lng), x = at.x * view.scale + view.dx, y = at.y * view.scale + view.dy;
    let best = -1, nearest = Math.min(HIT_PX, isNearerThan) * view.ratio;
    drawn.forEach(([left, top], k) => {
      const far = Math.hypot(left - x, top - y);
      if (far < nearest) [best, nearest] = [k, far];
    });
    return best;
  };

  /* A line to each village that the chosen facility serves, darker to those who would go beyond. */
  S.tiesLayer = (state) => new S.CanvasLayer(function (context, view) {
    if (state.facility < 0) return;
    const { points } = state, facilities = state.facilities.points, at = (list, i) => [list.x[i] * view.scale + view.dx, list.y[i] * view.scale + view.dy];
    const { rows } = S.closingOf(state, state.facility), faint = rows.length > MANY ? 0.15 : 0.4;
    for (const row of rows.reverse()) {
      context.beginPath();
      context.moveTo(...at(facilities, state.facility));
      context.lineTo(...at(points, row.i));
      context.strokeStyle = row.isLost ? WORSE : INK;
      context.globalAlpha = row.isLost ? 0.9 : faint;
      context.lineWidth = (row.isLost ? 2 : 1.2) * view.ratio;
      context.stroke();
    }
    context.globalAlpha = 1;
  }, { pane: "spatialAreas" });
})(window.Spatial);
