"use strict";
/* All that is known about one settlement: who lives there, the way to the nearest facility leg by leg, the norms. */
(function (S) {
  const finite = (value) => value !== undefined && value !== null && isFinite(value);

  function facts(rows) {
    const list = [];
    for (const [label, value] of rows) {
      if (value === "" || value === null || value === undefined) continue;
      list.push(S.el("dt", { text: label }), S.el("dd", {}, [typeof value === "string" ? document.createTextNode(value) : value]));
    }
    return list.length ? S.el("dl", {}, list) : null;
  }

  function section(title, nodes) {
    const kept = nodes.filter(Boolean);
    return kept.length ? [S.el("h3", { text: title }), ...kept] : [];
  }

  /* Long lists stay closed until asked for, and open or closed as they were when another village is chosen. */
  const opened = new Set();
  function folded(title, content) {
    if (!content) return null;
    const kind = content.className;
    const remember = (open) => (open ? opened.add(kind) : opened.delete(kind));
    // The click comes before the state changes, the toggle event some time after it.
    const summary = S.el("summary", { text: title, on: { click: () => remember(!node.open) } });
    const node = S.el("details", { open: opened.has(kind) }, [summary, content]);
    node.addEventListener("toggle", () => { if (node.isConnected) remember(node.open); });
    return node;
  }

  S.placeParts = { finite, facts, section, folded };

  S.facilityName = function (state, index) {
    const facilities = state.facilities;
    if (!facilities || index < 0) return "";
    const own = facilities.names["name_" + S.language];
    const name = (own && own[index]) || facilities.names.name[index] || (facilities.names.name_en && facilities.names.name_en[index]);
    return name ? S.inScriptOrder(name) : S.t("place.unnamed", { id: facilities.id[index] });
  };

  function people(state, i) {
    const { places } = state;
    if (!places.population) return [];
    const known = places.population[i] >= 0;
    const source = places.population_sources[places.population_source[i]];
    const rows = [[S.t("place.population"), known ? S.t("unit.people", { n: places.population[i] }) + S.bracketed(S.word("population_source", source)) : S.data.study.below && source !== "none" ? S.t("study.withheld") : S.t("place.unknown")]];
    for (const [group, column] of Object.entries(places.groups)) {
      const from = places.group_sources[group];
      const told = from ? S.bracketed(S.word("group_source", places.group_source_words[from[i]])) : "";
      if (finite(column[i])) rows.push([S.word("group", group), S.t("unit.people", { n: column[i] }) + told]);
      else if (S.data.study.below) rows.push([S.word("group", group), S.t("study.withheld")]);
    }
    return rows;
  }

  const planOf = (state, i) => state.places.plans[state.places.plan[i]];

  function identity(state, i) {
    const { places } = state;
    const official = places.officials[places.official[i]];
    return facts([
      [S.t("place.tier"), S.word("tier", places.tiers[places.tier[i]]) + (official ? " · " + S.word("official", official) : "")],
      [S.t("place.plan_class"), planOf(state, i) ? S.word("plan_class", planOf(state, i)) : ""],
      [S.t("place.township"), S.townshipName(state, places.township[i])],
      ...people(state, i),
      [S.t("place.id"), places.id[i]],
    ]);
  }

  /* Legs as a bar: minutes on foot, on the network, on foot again. */
  function legBar(legs) {
    const total = legs.reduce((sum, leg) => sum + leg.minutes, 0);
    if (!(total > 0)) return null;
    return S.el("div", { class: "leg-bar", "aria-hidden": "true" }, legs.map((leg) => S.el("span", { class: "leg-" + leg.kind, style: { flexGrow: String(Math.max(leg.minutes, total * 0.01)) } })));
  }

  /* How columns that are only shown are written, by their unit or form; a row without a text is left out. */
  const number = (write) => (value) => (finite(value) ? write(value) : "");
  const SHOWN = {
    text: (value) => value, min: number(S.minutes), m: number(S.distance), share: number(S.percent), whole: number(S.number), decimal: number(S.decimal),
    index: number(S.hundredths), signed: number(S.signed), signed_share: number(S.signedTenths),
  };

  function way(state, travel, i, mode) {
    const time = travel.time[i];
    const status = travel.statuses[travel.status[i]];
    const why = status === "reached" ? "" : S.word("reach", status);
    const rows = [[S.t("place.nearest"), S.facilityLink(state, travel.facility[i]) || S.t("place.none_reached")], [S.t("place.time"), finite(time) ? S.minutes(time) : why]];
    let bar = null;
    if (finite(time)) {
      // Whoever walks past all roads has no leg on one.
      const isDirect = travel.access[i] > 0 && travel.network[i] === 0 && travel.egress[i] === 0;
      const legs = isDirect ? [{ kind: "access", minutes: travel.access[i], label: S.t("place.leg_direct") }] : [
        { kind: "access", minutes: travel.access[i], label: S.t("place.leg_access", { mode: S.word("mode", mode) }) },
        { kind: "network", minutes: travel.network[i], label: S.t("place.leg_network", { mode: S.word("mode", mode) }) },
        { kind: "egress", minutes: travel.egress[i], label: S.t("place.leg_egress", { mode: S.word("mode", mode) }) },
      ].filter((leg) => finite(leg.minutes));
      bar = legBar(legs);
      // Whole minutes of the legs are those of the way: up, where most is lost by rounding down.
      const lost = (leg) => leg.minutes - Math.floor(leg.minutes);
      const lacking = S.whole(time) - legs.reduce((sum, leg) => sum + Math.floor(leg.minutes), 0);
      const up = [...legs].sort((a, b) => lost(b) - lost(a)).slice(0, Math.max(0, lacking));
      for (const leg of legs) rows.push([leg.label, S.minutes(Math.floor(leg.minutes) + up.includes(leg))]);
    }
    for (const { name, shown, values } of travel.told) rows.push([S.t("place." + name), SHOWN[shown](values[i])]);
    const own = state.catchments && state.catchments.mode === mode ? state.catchments.facility.indexOf(travel.facility[i]) : -1;
    if (own >= 0 && travel.facility[i] >= 0) rows.push([S.t("place.catchment"), S.catchmentText(state.catchments, own)]);
    if (travel.second && travel.second[i] >= 0) {
      rows.push([S.t("place.second"), S.facilityName(state, travel.second[i]) + (finite(travel.second_time[i]) ? " · " + S.minutes(travel.second_time[i]) : "")]);
    }
    const risk = travel.risk[i] ? S.el("p", { class: "issue", text: S.t("place.edge_risk") }) : null;
    return section(S.t("place.way", { service: S.pick(S.data.page.service.names, S.data.page.service.id), mode: S.word("by", mode) }), [bar, facts(rows), risk]);
  }

  function offRoad(state, i) {
    const ways = state.off_road;
    if (!ways) return [];
    const told = finite(ways.time[i]) ? S.minutes(ways.time[i]) : S.word("reach", ways.statuses[ways.status[i]]);
    return section(S.t("place.off_road"), [facts([[S.t("place.time"), told]])]);
  }

  function snap(state, i, mode) {
    const snaps = state.snaps[mode];
    if (!snaps) return [];
    return section(S.t("place.snap", { mode: S.word("mode", mode) }), [facts([
      [S.t("place.snap_status"), S.word("snap", snaps.statuses[snaps.status[i]])],
      [S.t("place.snap_distance", { mode: S.word("mode", mode) }), finite(snaps.distance[i]) ? S.distance(snaps.distance[i]) : ""],
      [S.t("place.snap_time", { mode: S.word("mode", mode) }), snaps.time && finite(snaps.time[i]) ? S.minutes(snaps.time[i]) : ""],
      [S.t("place.snap_edge"), snaps.edge ? snaps.edge[i] : ""],
    ])]);
  }

  function lastMile(state, i) {
    const mile = state.last_mile;
    if (!mile) return [];
    const name = (codes) => S.word("last_mile", mile.classes[codes[i]]);
    const rows = [
      [S.t("place.last_mile"), name(mile.code)],
      [S.t("place.last_mile_known"), mile.code[i] === mile.known_code[i] ? "" : name(mile.known_code)],
      [S.t("place.road_distance"), finite(mile.distance[i]) ? S.distance(mile.distance[i]) : S.t("place.no_road")],
      [S.t("place.road_known_distance"), finite(mile.known_distance[i]) ? S.distance(mile.known_distance[i]) : S.t("place.no_known_road")],
      [S.t("place.road_walk"), mile.time && finite(mile.time[i]) ? S.minutes(mile.time[i]) : ""],
      [S.t("place.last_mile_share"), mile.share && finite(mile.share[i]) ? S.percent(mile.share[i]) : ""],
    ];
    for (const [key, column] of Object.entries(mile.points)) rows.push([S.t("place." + key), finite(column[i]) ? S.minutes(column[i]) : ""]);
    return section(S.t("place.last_mile_title"), [facts(rows)]);
  }

  /* A settlement's level and that of its pillars; pillars that no single place can have are not listed. */
  function levels(state, i) {
    const told = Object.entries(state.levels || {});
    const bar = (value) => S.el("span", { class: "place-level" }, [S.el("b", { style: { width: value + "%" } })]);
    const value = (hundredths) => (hundredths === 255 ? S.t("place.unknown") : S.el("span", {}, [document.createTextNode(S.hundredths(hundredths / 100)), bar(hundredths)]));
    const why = S.pick(S.data.level_hidden);
    // What makes a level low: the pillar that is lowest, and beside any level what is beyond its norm, with its minutes.
    const known = told.filter(([name, column]) => name !== "all" && column[i] !== 255);
    const low = known.reduce((least, one) => (!least || one[1][i] < least[1][i] ? one : least), null);
    const beyond = state.norms.filter((norm) => norm.places && S.data.norm_statuses[norm.places.mapped[i]] === "not_met");
    const over = (norm) => S.normText(norm) + (finite(norm.places.values[i]) ? S.bracketed(S.measure(norm.places.values[i], norm.unit, norm.threshold)) : "");
    const lines = [
      low && low[1][i] < 100 ? S.t("place.level_low", { pillar: S.t("pillar." + low[0]), value: S.hundredths(low[1][i] / 100) }) : "",
      beyond.length ? S.t("place.level_beyond", { norms: beyond.map(over).join(S.t("filter.joint")) }) : "",
    ].filter(Boolean);
    return told.length || why ? section(S.t("layer.level_all"), [...lines.map((words) => S.el("p", { text: words })), why ? S.el("p", { class: "muted", text: why }) : null, facts(told.map(([name, column]) => [S.t(name === "all" ? "place.level_all" : "pillar." + name), value(column[i])]))]) : [];
  }

  function norms(state, i) {
    const card = (norm) => {
      if (!norm.places) return null;
      const { status, mapped, values, reason } = norm.places;
      const code = status[i];
      if (code === 255) return null;
      const name = S.data.norm_statuses[code], asMapped = S.data.norm_statuses[mapped[i]];
      const why = S.reasonText(S.data.reasons[reason[i]]);
      const value = finite(values[i]) ? S.t("place.measured", { value: S.measure(values[i], norm.unit, norm.threshold) }) : "";
      return S.el("li", { class: "norm-card" }, [
        S.el("p", { class: "norm-text", text: S.normText(norm) }),
        S.el("p", { class: "pills" }, [S.statusPill(name), S.classPill(norm)]),
        S.asMapped(name, asMapped),
        asMapped === "not_met" && planOf(state, i) === "relocate" ? S.el("p", { class: "issue", text: S.t("place.mobile_service") }) : null,
        S.el("p", { class: "muted", text: [value, why, norm.id].filter(Boolean).join(" · ") }),
      ]);
    };
    const cards = state.norms.map(card);
    const own = cards.slice(0, S.data.own_norms).filter(Boolean), more = cards.slice(S.data.own_norms).filter(Boolean);
    const list = (cards) => (cards.length ? S.el("ul", { class: "norm-cards" }, cards) : null);
    return section(S.t("place.norms"), [list(own), folded(S.t("place.more_norms", { n: more.length }), list(more))]);
  }

  /* One row a service, one column a mode; a service with a page leads to the same settlement there. */
  function others(state, i) {
    const services = [...new Set(state.others.map((other) => other.service))];
    const modes = [...new Set(state.others.map((other) => other.mode))];
    const cell = (service, mode) => {
      const other = state.others.find((one) => one.service === service && one.mode === mode);
      if (!other) return S.el("td");
      return S.el("td", { class: "numeric", text: finite(other.time[i]) ? S.minutes(other.time[i]) : S.word("reach", other.statuses[other.status[i]]) });
    };
    const row = (service) => {
      const { file, names } = state.others.find((one) => one.service === service);
      const name = S.pick(names, S.capital(service.replace(/_/g, " ")));
      return S.el("tr", {}, [
        S.el("th", { scope: "row" }, [file ? S.el("a", { href: S.pageLink(file, { place: state.places.id[i] }), text: name }) : S.el("span", { text: name })]),
        ...modes.map((mode) => cell(service, mode)),
      ]);
    };
    if (!services.length) return [];
    const head = S.el("tr", {}, [S.el("td"), ...modes.map((mode) => S.el("th", { scope: "col", class: "numeric", text: S.capital(S.word("mode", mode)) }))]);
    const table = S.el("table", { class: "plain others" }, [S.el("thead", {}, [head]), S.el("tbody", {}, services.map(row))]);
    return section(S.t("place.others"), [folded(S.t("place.all_others", { n: services.length }), table)]);
  }

  S.showPlace = function (state, onClose) {
    const i = state.selected;
    if (state.facility >= 0) return S.showFacility(state, onClose);
    if (i < 0) {
      S.fill("place", [S.el("p", { class: "muted", text: S.t("place.choose") })]);
      return;
    }
    const layerMode = state.layer.mode;
    const modes = Object.keys(state.travel).sort((a, b) => Number(b === layerMode) - Number(a === layerMode));
    const other = S.otherNames(state.places, i);
    S.fill("place", [
      S.el("div", { class: "place-head" }, [
        S.el("h2", { id: "place-name", tabindex: "-1", text: S.placeName(state.places, i) }),
        S.starButton(S.mineKey.village(state.places.id[i]), S.placeName(state.places, i)),
        S.el("button", { type: "button", class: "close", "aria-label": S.t("place.close"), text: "×", on: { click: onClose } }),
      ]),
      other.length ? S.el("p", { class: "muted", text: other.join(" · ") }) : null,
      ...S.placeLines(state, i).slice(1),
      S.el("p", { class: "place-class" }, [S.swatch(S.lookOf(state.layer, S.classesOf(state.layer)[state.classes[i]] || "no_data")), S.el("span", { text: S.classLabel(state.layer, S.classesOf(state.layer)[state.classes[i]] || "no_data", state.threshold) })]),
      identity(state, i),
      ...modes.flatMap((mode) => way(state, state.travel[mode], i, mode)),
      ...offRoad(state, i),
      ...S.howSure(state, i),
      ...S.trialsOf(state, i),
      ...S.measuresOf(state, i),
      ...levels(state, i),
      ...norms(state, i),
      ...lastMile(state, i),
      ...Object.keys(state.snaps).flatMap((mode) => snap(state, i, mode)),
      ...others(state, i),
      S.el("p", { class: "muted small", text: S.t("place.sources", { credits: S.credits() }) }),
    ]);
  };
})(window.Spatial);
