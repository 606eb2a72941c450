"use strict";
/* The table by township: the map in words and numbers, to sort and to take away. */
(function (S) {
  let order = { column: "bad", down: true };

  /* Every township, or with a class alone those that have any of it. */
  function rowsOf(state) {
    const { rows, outside } = S.sumsByTownship(state, state.classes);
    const all = rows.map((sums, code) => ({ code, sums }));
    if (outside.places.some((value) => value > 0)) all.push({ code: -1, sums: outside });
    return all.map(({ code, sums }) => {
      const amounts = S.hasPeople() ? sums.people : sums.places;
      const names = S.classesOf(state.layer), isGraded = state.layer.kind === "threshold", split = S.split;
      const good = isGraded ? split(amounts).within : names.map((name, k) => (["within", "connected", "near", "sure_within", "kept", "ample", "fair", "room_served", "level_5", "level_4"].includes(name) ? amounts[k] : 0)).reduce((a, b) => a + b, 0);
      const bad = isGraded ? split(amounts).beyond : names.map((name, k) => (["gap", "none", "may", "sure_beyond", "none_there", "slower", "lost", "short", "nothing", "change_gained", "change_lost", "room_partly_served", "room_full", "room_not_reached", "level_3", "level_2", "level_1"].includes(name) ? amounts[k] : 0)).reduce((a, b) => a + b, 0);
      return { code, name: S.townshipName(state, code), amounts, good, bad, share: good + bad > 0 ? good / (good + bad) : NaN, total: amounts.reduce((a, b) => a + b, 0) };
    });
  }

  function sorted(rows) {
    const collator = new Intl.Collator(S.language);
    const key = (row) => (order.column.startsWith("class") ? amountOf(row, order.codes) : row[order.column]);
    const sign = order.down ? -1 : 1;
    return rows.slice().sort((a, b) => {
      if (order.column === "name") return sign * collator.compare(a.name, b.name);
      const x = key(a), y = key(b);
      if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
      return sign * (x - y) || collator.compare(a.name, b.name);
    });
  }

  /* A class that is shown alone stands alone; classes by a limit are two columns, within and beyond. */
  function columns(state) {
    const { layer } = state, names = S.classesOf(layer), measure = S.limitText(state.threshold, layer.unit);
    const ofClass = (name) => ({ key: "class" + names.indexOf(name), codes: [names.indexOf(name)], look: S.lookOf(layer, name), text: S.classLabel(layer, name, state.threshold) });
    // Who has no way is among those beyond, whose column has them already.
    const ofThese = (column) => (S.BEYOND.includes(column.codes[0]) ? { ...column, text: S.t("table.of_these", { what: column.text }) } : column);
    const name = { key: "name", text: S.t("table.township") };
    if (state.only) return [name, ofClass(state.only)];
    const listed = names.filter((_, code) => S.isListed(state, code, state.sums));
    const graded = [
      { key: "classes", codes: S.JUDGED.filter((code) => !S.BEYOND.includes(code)), text: S.t("class.within", { measure }) },
      { key: "class_beyond", codes: S.BEYOND, text: S.t("class.beyond", { measure }) },
    ];
    const shown = layer.kind === "threshold" ? [...graded, ...listed.filter((one) => names.indexOf(one) >= S.NO_WAY).map(ofClass).map(ofThese)] : listed.map(ofClass);
    return [name, { key: "total", text: S.t(S.hasPeople() ? "table.people" : "table.places") }, ...shown, ...(isUnjudged(layer) ? [] : [{ key: "share", text: S.t("table.share") }])];
  }

  const isUnjudged = (layer) => layer.scenario || layer.key === "none_mapped" || S.data.page.kind === "score";
  const captionKind = (layer) => (isUnjudged(layer) ? "_changes" : ["wet", "measure", "room"].includes(layer.key) ? "_classes" : "");
  const amountOf = (row, codes) => codes.reduce((sum, code) => sum + row.amounts[code], 0);
  const value = (row, column) => (column.codes ? amountOf(row, column.codes) : row[column.key]);

  S.showTable = function (state, onTownship) {
    const cells = columns(state);
    const head = S.el("tr", {}, cells.map((column) => S.el("th", {
      scope: "col", class: column.key === "name" ? "" : "numeric",
      "aria-sort": order.column === column.key ? (order.down ? "descending" : "ascending") : "none",
    }, [S.el("button", {
      type: "button", title: column.text,
      on: { click: () => { order = { column: column.key, codes: column.codes, down: order.column === column.key ? !order.down : column.key !== "name" }; S.showTable(state, onTownship); } },
    }, [column.look ? S.swatch(column.look) : null, S.el("span", { class: column.look ? "print-only" : "", text: column.text }), column.look ? S.el("span", { class: "visually-hidden", text: column.text }) : null])])));
    const body = sorted(rowsOf(state)).map((row) => S.el("tr", { class: row.code === state.filter.township && row.code >= 0 ? "chosen" : "" }, cells.map((column) => {
      if (column.key === "name") {
        return S.el("th", { scope: "row" }, [row.code >= 0 ? S.el("button", { type: "button", class: "as-link", text: row.name, on: { click: () => onTownship(row.code) } }) : S.el("span", { text: row.name })]);
      }
      return S.el("td", { class: "numeric", text: column.key === "share" ? S.percent(row.share) : S.number(value(row, column)) });
    })));
    S.fill("table-head", [head]);
    S.fill("table-body", body);
    const only = S.filterText(state, true);
    document.getElementById("table-caption").textContent = S.t((S.hasPeople() ? "table.caption_people" : "table.caption_places") + captionKind(state.layer), { measure: S.limitText(state.threshold, state.layer.unit) }) +
      (only ? " " + S.t("filter.only", { where: only }) : "");
  };

  /* Numbers of people mean nothing without who is counted: a last column says it. */
  S.withBasis = (lines) => (S.hasPeople() ? lines.map((line, n) => [...line, n ? S.data.study.basis : "population_basis"]) : lines);

  S.downloadTownships = function (state) {
    const cells = columns(state);
    const rows = sorted(rowsOf(state)).map((row) => cells.map((column) => {
      if (column.key === "name") return row.name;
      const number = value(row, column);
      return Number.isNaN(number) ? null : column.key === "share" ? Number(number.toFixed(4)) : Math.round(number);
    }));
    S.download(S.data.page.file.replace(".html", "-townships.csv"), S.withBasis([cells.map((column) => column.text)].concat(rows)));
  };

  S.downloadPlaces = function (state) {
    const { places, layer } = state;
    const names = S.classesOf(layer);
    const head = ["settlement_id", "name", "tier", "township", "population_persons", "class"];
    if (layer.kind !== "classes") head.splice(5, 0, layer.unit === "min" ? "travel_time_min" : layer.unit === "m" ? "distance_m" : "value");
    if (layer.low) head.push("at_best_min", "at_worst_min");
    const tried = layer.scenario ? state.trials.scenarios.find((one) => one.scenario === layer.scenario) : null;
    if (tried) head.push("before_min", "after_min");
    const minutes = (value) => (isFinite(value) ? Math.round(value * 100) / 100 : null);
    const rows = [];
    for (let i = 0; i < state.points.n; i++) {
      if (!S.inFilter(state, i) || !S.isShown(state, i)) continue;
      const row = [places.id[i], S.placeName(places, i), places.tiers[places.tier[i]], S.townshipName(state, places.township[i]),
        places.population && places.population[i] >= 0 ? places.population[i] : S.data.study.below ? S.t("study.withheld") : null, names[state.classes[i]]];
      if (tried) row.push(minutes(tried.before[i]), minutes(tried.after[i]));
      if (layer.low) row.push(minutes(layer.low[i]), minutes(layer.high[i]));
      if (layer.kind !== "classes") row.splice(5, 0, isFinite(layer.values[i]) ? Math.round(layer.values[i] * 100) / 100 : null);
      rows.push(row);
    }
    S.download(S.data.page.file.replace(".html", "-places.csv"), S.withBasis([head].concat(rows)));
  };
})(window.Spatial);
