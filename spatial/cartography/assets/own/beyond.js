"use strict";
/* Who is beyond, by name: the rows behind the headline, most people first, to sort, to search and to take along as they
   are read. Filters, the standard and hidden classes count here as they do on the map. */
(function (S) {
  const FIRST = 20;     // rows until all are asked for
  const BATCH = 500;    // rows that are drawn at once; more follow as the reader comes to them
  const CHIPS = 7;      // townships until all are asked for
  const BAR_PX = 56;
  const list = { column: "people", down: true, text: "", all: false, chips: false, rows: [], drawn: 0 };
  const words = { columns: [], choose: null, state: null };

  /* Classes that are beyond, or the one that is shown alone, and what was measured; null where nothing is asked for. */
  S.beyondOf = function (state) {
    const { layer, last_mile, only } = state, alone = only ? [S.classesOf(layer).indexOf(only)] : null;
    if (layer.kind === "threshold") return { codes: alone || S.BEYOND, values: layer.values, unit: layer.unit, threshold: state.threshold };
    if (S.data.page.kind !== "last_mile" || !last_mile) return alone && { codes: alone, values: null };
    const codes = alone || ["gap", "none"].map((name) => layer.classes.indexOf(name));
    return { codes, values: layer.key === "known" ? last_mile.known_distance : last_mile.distance, unit: "m", threshold: layer.threshold };
  };

  const classText = (state, i) => S.classLabel(state.layer, S.classesOf(state.layer)[state.classes[i]], state.threshold);

  /* A value beyond a limit is never printed as the limit: with as many digits more, as sentences have, as tell them apart. */
  S.beyondText = function (value, unit, threshold) {
    const step = unit === "m" && value >= 999.5 ? 100 : 1;
    if (!(value > threshold) || S.whole(value / step) * step > threshold) return S.measure(value, unit);
    if (unit !== "min") return S.t("unit.m", { n: S.whole(value) > threshold ? value : Math.ceil(value) });
    const told = [10, 100].find((parts) => S.whole(value * parts) / parts > threshold);
    return S.t("unit.min", { n: told === 100 ? S.hundredths(value) : S.decimal(told ? value : Math.ceil(value * 10) / 10) });
  };
  const overText = (row, judged) => {
    const over = judged.unit === "min" ? S.whole(row.value) - judged.threshold : row.value - judged.threshold;
    return over < 1 ? S.t("beyond.below", { measure: S.t("unit." + judged.unit, { n: 1 }) }) : S.measure(over, judged.unit);
  };

  /* The way that is judged: of several modes the fastest. */
  function wayOf(state, i) {
    const own = state.travel[state.layer.mode], ways = own ? [own] : Object.values(state.travel);
    return ways.reduce((found, way) => (!found || way.time[i] < found.time[i] || isNaN(found.time[i]) ? way : found), null);
  }
  const nearest = (state, i) => { const best = wayOf(state, i); return (best && S.facilityName(state, best.facility[i])) || "–"; };

  function roadMetres(state, i) {
    const best = wayOf(state, i), column = best && best.told.find(({ name }) => name === "network_distance_m");
    return column ? column.values[i] : NaN;
  }
  const roadText = (metres) => (isFinite(metres) ? S.t("unit.km", { n: metres < 9950 ? S.decimal(metres / 1000) : metres / 1000 }) : "");

  /* A village in three lines, beside the map and on its card: who, how far, and what would help. */
  S.placeLines = function (state, i) {
    const { places, norms, layer } = state, judged = S.beyondOf({ ...state, only: null }), plan = layer.norm === null || layer.norm === undefined ? null : norms[layer.norm].plan;
    const value = judged && judged.values ? judged.values[i] : NaN, names = S.classesOf(layer), isOver = judged && judged.codes.includes(state.classes[i]);
    const facility = wayOf(state, i) && nearest(state, i), told = isFinite(value) ? S.beyondText(value, judged.unit, judged.threshold) : names[state.classes[i]] ? classText(state, i) : "";
    const far = isFinite(value) && facility && facility !== "–" ? S.t("beyond.to", { value: told, facility }) : told;
    const over = isOver && isFinite(value) ? S.t("beyond.over_by", { measure: overText({ value }, judged) }) : "", known = people(state, i);
    const road = roadText(roadMetres(state, i)), failing = state.mandatory.norms.filter((k) => norms[k].places.status[i] === S.data.norm_statuses.indexOf("not_met"));
    return [
      S.el("p", {}, [S.el("strong", { text: S.placeName(places, i) }), S.el("span", { text: places.township[i] >= 0 ? " · " + S.townshipName(state, places.township[i]) : "" })]),
      S.el("p", { class: "place-far", text: [far, over, known >= 0 ? S.t("unit.people", { n: known }) : ""].filter(Boolean).join(" · ") }),
      S.el("p", { class: "muted", text: [road ? S.t("beyond.road", { length: road }) : "", plan && isOver ? help(plan, i, judged) : ""].filter(Boolean).join(" · ") }),
      ...failing.map((k) => S.el("p", { class: "is-failing", text: S.t("beyond.failing", { norm: S.normText(norms[k]) }) })),
    ];
  };

  S.showPlaceBox = function (state) {
    const box = document.getElementById("place-box");
    box.hidden = state.selected < 0;
    if (!box.hidden) S.fill(box, S.placeLines(state, state.selected));
  };

  /* What the plan for this norm does for a place: the action that brings it within, and its value then. */
  function help(plan, i, judged) {
    const by = plan.by[i], after = plan.after[i];
    if (by === plan.none) return S.t("beyond.still_no_way");
    if (!isFinite(after)) return "";
    const value = S.beyondText(after, judged.unit, judged.threshold);
    if (!(after <= S.limit(judged.threshold))) return S.t("beyond.still", { value });
    return by ? S.t("beyond.helped", { what: S.pick(plan.actions[by - 1]), value }) : S.t("beyond.then_within", { value });
  }

  const people = (state, i) => (state.places.population ? state.places.population[i] : NaN);

  const hasRoad = (state) => Object.values(state.travel).some((way) => way.told.some(({ name }) => name === "network_distance_m"));

  function columnsOf(state, judged) {
    const { layer } = state, plan = layer.norm === null || layer.norm === undefined ? null : state.norms[layer.norm].plan;
    return [
      { key: "name", head: S.t("beyond.village"), text: (row) => S.placeName(state.places, row.i) },
      state.places.townships.length ? { key: "township", head: S.t("beyond.township"), text: (row) => S.townshipName(state, state.places.township[row.i]) } : null,
      S.hasPeople() ? { key: "people", head: S.t("beyond.people"), numeric: true, number: (row) => row.people, text: (row) => S.peopleText(row.people, S.t("place.unknown")) } : null,
      judged.values ? { key: "value", head: S.t("beyond.value_" + judged.unit), numeric: true, number: (row) => row.value, text: (row) => (isFinite(row.value) ? S.beyondText(row.value, judged.unit, judged.threshold) : classText(state, row.i)) } : null,
      judged.values && judged.isOver ? { key: "over", head: S.t("beyond.over"), number: (row) => row.value, text: (row) => (isFinite(row.value) ? overText(row, judged) : "") } : null,
      // Where there is one facility alone, the title names it.
      Object.keys(state.travel).length && state.facilities.points.n > 1 ? { key: "nearest", head: S.t("beyond.nearest"), text: (row) => nearest(state, row.i) } : null,
      hasRoad(state) ? { key: "road", head: S.t("beyond.road_km"), numeric: true, number: (row) => roadMetres(state, row.i), text: (row) => roadText(roadMetres(state, row.i)) } : null,
      plan ? { key: "help", head: S.t("beyond.help"), text: (row) => help(plan, row.i, judged) } : null,
    ].filter(Boolean);
  }

  /* Whoever has no value comes last, whatever the rows are sorted by; equal ones stay in the order of people. */
  function sorted(rows, column) {
    const sign = list.down ? -1 : 1, last = (value) => (value >= 0 ? value : -Infinity);
    const base = (a, b) => Number(isNaN(a.value)) - Number(isNaN(b.value));
    const rest = (a, b) => last(b.people) - last(a.people) || b.value - a.value || a.i - b.i;
    if (column.number) return rows.sort((a, b) => base(a, b) || sign * (last(column.number(a)) - last(column.number(b))) || rest(a, b));
    const collator = new Intl.Collator(S.language), texts = new Map(rows.map((row) => [row, column.text(row)]));
    return rows.sort((a, b) => base(a, b) || sign * collator.compare(texts.get(a), texts.get(b)) || rest(a, b));
  }

  function gather(state, judged) {
    const { layer, classes, filter, places } = state, names = S.classesOf(layer), rows = [], townships = new Map();
    for (let i = 0; i < classes.length; i++) {
      if (!judged.codes.includes(classes[i]) || !S.inFilterBesideTownship(state, i)) continue;
      const known = people(state, i), at = townships.get(places.township[i]) || { code: places.township[i], places: 0, people: 0 };
      at.places += 1;
      at.people += known >= 0 ? known : 0;
      townships.set(at.code, at);
      if (filter.township < 0 || filter.township === at.code) rows.push({ i, people: known, value: judged.values ? judged.values[i] : 0, look: S.lookOf(layer, names[classes[i]]) });
    }
    return { rows, townships: [...townships.values()].sort((a, b) => b.people - a.people || b.places - a.places || a.code - b.code) };
  }

  /* Where a town or a larger place is among them, they are not all villages. */
  S.villagesOf = (state, found) => S.t(found.some((i) => state.places.tiers[state.places.tier[i]] !== "village") ? "unit.places" : "beyond.villages", { n: found.length });

  /* How many are in some classes, whichever class is shown; in the words of all that stand together, if some do. */
  S.villagesIn = function (state, codes, together = codes) {
    const { labels: { seats, towns }, sums, classes } = state, n = codes.reduce((sum, code) => sum + sums.places[code], 0);
    return S.t([...seats, ...towns].some((i) => together.includes(classes[i]) && S.inFilter(state, i)) ? "unit.places" : "beyond.villages", { n });
  };

  function heading(state, rows) {
    const amount = S.villagesOf(state, rows.map(({ i }) => i));
    if (state.only) return S.t("beyond.title_only", { what: S.capital(S.classLabel(state.layer, state.only, state.threshold)), amount });
    if (!rows.length) return S.t("beyond.title_none");
    const withValue = rows.filter((row) => isFinite(row.value)).length, title = S.t(list.column === "people" && list.down && S.hasPeople() ? "beyond.title_first" : "beyond.title", { amount });
    return withValue > 0 && withValue < rows.length ? title + S.bracketed(S.t("beyond.ways_last")) : title;
  }

  function headRow() {
    return S.el("tr", {}, words.columns.map((column) => S.el("th", {
      scope: "col", class: "is-" + column.key + (column.numeric ? " numeric" : ""), "aria-sort": list.column === column.key ? (list.down ? "descending" : "ascending") : "none",
    }, [S.el("button", { type: "button", "data-column": column.key, text: column.head, on: { click: () => sortBy(column) } })])));
  }

  function sortBy(column) {
    list.down = list.column === column.key ? !list.down : Boolean(column.number);
    list.column = column.key;
    S.update();
    document.querySelector("#beyond-head [data-column=" + column.key + "]").focus();
  }

  function bar(row, share) {
    return S.el("i", { class: "over-bar", "aria-hidden": "true", style: { width: Math.max(2, share * BAR_PX) + "px", background: row.look.fill } });
  }

  function drawRow(row) {
    const { state, judged, most } = words;
    return S.el("tr", { "data-place": String(row.i), "aria-current": row.i === state.selected ? "true" : undefined, on: { click: () => words.choose(row.i) } }, words.columns.map((column) => {
      const text = column.text(row), kind = "is-" + column.key + (column.numeric ? " numeric" : "");
      if (column.key === "name") return S.el("th", { scope: "row", class: kind }, [S.el("button", { type: "button", text }), S.starButton(S.mineKey.village(state.places.id[row.i]), text)]);
      if (column.key !== "over" || !text) return S.el("td", { class: kind + (text ? "" : " is-empty") + (column.key === "value" && isNaN(row.value) ? " is-words" : ""), text });
      return S.el("td", { class: kind }, [bar(row, most > 0 ? (row.value - judged.threshold) / most : 0), S.el("span", { class: "on-desk", text }), S.el("span", { class: "on-phone", text: S.t("beyond.over_by", { measure: text }) })]);
    }));
  }

  function drawTo(count) {
    const body = document.getElementById("beyond-body");
    for (; list.drawn < Math.min(count, list.rows.length); list.drawn++) body.append(drawRow(list.rows[list.drawn]));
  }

  function chip(text, n, pressed, run) {
    return S.el("button", { type: "button", class: "chip", "aria-pressed": String(pressed), on: { click: run } }, [S.el("bdi", { text }), document.createTextNode(" "), S.el("strong", { text: S.number(n) })]);
  }

  function showChips(state, townships, onTownship) {
    const own = state.filter.township, total = townships.reduce((sum, at) => sum + at.places, 0);
    const shown = list.chips || townships.length === CHIPS + 1 ? townships : townships.filter((at, k) => k < CHIPS || at.code === own);
    const rest = townships.length - shown.length;
    const press = (code) => () => { onTownship(code); (document.querySelector("#beyond-chips [aria-pressed=true]") || document.body).focus(); };
    S.fill("beyond-chips", townships.length < 2 && own < 0 ? [] : [
      chip(S.t("beyond.all_townships"), total, own < 0, press(own)),
      ...shown.filter((at) => at.code >= 0).map((at) => chip(S.townshipName(state, at.code), at.places, at.code === own, press(at.code))),
      rest > 0 ? S.el("button", { type: "button", class: "chip", text: S.t("beyond.more", { n: rest }), on: { click: () => { list.chips = true; S.update(); document.querySelectorAll("#beyond-chips .chip")[CHIPS + 1].focus(); } } }) : null,
    ]);
  }

  /* The table for the layer, the standard and the filters as they are. */
  S.showBeyond = function (state, onChoose, onTownship) {
    const judged = S.beyondOf(state), section = document.getElementById("beyond");
    section.classList.toggle("is-hint", !judged);
    document.getElementById("to-beyond").hidden = !judged;
    // Where no class is beyond another, any of them can be listed alone.
    if (!judged) {
      section.classList.add("is-empty");
      S.fill("beyond-chips", []);
      for (const [id, text] of [["beyond-title", S.t("beyond.choose")], ["beyond-note", ""]]) document.getElementById(id).textContent = text;
      document.getElementById("beyond-all").hidden = true;
      return;
    }
    const { rows, townships } = gather(state, judged);
    judged.isOver = judged.codes.some((code) => (state.layer.kind === "threshold" ? S.BEYOND.includes(code) : ["gap", "none"].includes(state.layer.classes[code])));
    const most = rows.reduce((best, row) => Math.max(best, isFinite(row.value) ? row.value - judged.threshold : 0), 0);
    const columns = columnsOf(state, judged);
    Object.assign(words, { state, judged, most, columns, choose: onChoose });
    document.getElementById("beyond-title").textContent = heading(state, rows);
    document.getElementById("to-beyond").hidden = rows.length === 0;
    showChips(state, townships, onTownship);
    const found = new Set(list.text ? S.find(state, list.text, Infinity) : []);
    const column = columns.find((one) => one.key === list.column) || columns.find((one) => one.number) || columns[0];
    list.rows = sorted(list.text ? rows.filter((row) => found.has(row.i)) : rows, column);
    list.drawn = 0;
    S.fill("beyond-head", [headRow()]);
    S.fill("beyond-body", list.rows.length || !list.text ? [] : [S.el("tr", {}, [S.el("td", { colspan: String(columns.length), text: S.t("beyond.nothing") })])]);
    // A village chosen on the map stands in the list, however far down.
    drawTo(Math.max(list.all ? BATCH : FIRST, 1 + list.rows.findIndex((row) => row.i === state.selected)));
    section.classList.toggle("is-empty", rows.length === 0);
    document.getElementById("beyond-all").hidden = list.all || list.rows.length <= list.drawn;
    document.getElementById("beyond-all").textContent = S.t("beyond.show_all", { n: list.rows.length });
    document.getElementById("beyond-note").textContent = [
      list.text || list.drawn < rows.length ? S.t("beyond.found", { shown: Math.min(list.drawn, list.rows.length), n: rows.length }) : "",
      S.hasPeople() ? S.t("beyond.basis_is", { basis: S.t("study.basis_" + S.data.study.basis) }) : "",
    ].filter(Boolean).join(" · ");
  };

  /* As it is read: the rows, words and numbers of the page, in its order and language. */
  function save() {
    const basis = S.hasPeople() ? [[S.t("beyond.basis")], [S.t("study.basis_" + S.data.study.basis)]] : [[], []];
    const rows = list.rows.map((row) => words.columns.map((column) => column.text(row)).concat(basis[1]));
    S.download(S.data.page.file.replace(".html", "-beyond.csv"), [words.columns.map((column) => column.head).concat(basis[0])].concat(rows));
  }

  S.startBeyond = function () {
    document.getElementById("beyond-search").addEventListener("input", (event) => { list.text = event.target.value.trim(); S.update(); });
    document.getElementById("beyond-csv").addEventListener("click", save);
    document.getElementById("beyond-all").addEventListener("click", () => {
      const from = list.drawn;
      list.all = true;
      S.update();
      document.querySelectorAll("#beyond-body th > button:first-child")[from].focus();
    });
    const end = document.getElementById("beyond-note");
    const coming = new IntersectionObserver((entries) => {
      if (!list.all || list.drawn >= list.rows.length || !entries.some((entry) => entry.isIntersecting)) return;
      drawTo(list.drawn + BATCH);
      // Asked anew, since one who jumps to the end never leaves it.
      coming.unobserve(end);
      coming.observe(end);
    }, { rootMargin: "600px" });
    coming.observe(end);
    document.getElementById("to-beyond").addEventListener("click", () => {
      const section = document.getElementById("beyond");
      section.scrollIntoView();
      document.getElementById("beyond-title").focus({ preventScroll: true });
    });
  };
})(window.Spatial);
