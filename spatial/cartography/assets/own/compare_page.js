"use strict";
/* What changed between two runs: the answer, on what terms, why, for whom, where. */
(function (S) {
  const data = S.data, text = S.plainText;
  const SHOWN = 40, NORMS_SHOWN = 3, THRESHOLDS = [0.01, 0.02, 0.05, 0.1, 0.2], FIRST_THRESHOLD = 0.05, FLAT = 0.0005, MOVED = 0.00005;
  const [before, after] = data.runs.map((run) => run.name);
  const known = (value) => S.isKnown(value);
  const state = {
    places: null, layer: "norms", threshold: FIRST_THRESHOLD, hidden: new Set(), selected: -1,
    townships: { key: "change", down: true }, settlements: { key: "reach", down: true },
  };
  let updateMap = () => {};

  const values = { before, after };
  const peopleOf = (pair, norm) => (pair ? S.partText({ places: pair[0], persons: pair[1] || 0 }, norm) : "–");
  const amount = (pair) => (pair ? (S.hasPeople() ? pair[1] : pair[0]) || 0 : 0);
  const arrow = (pair, show) => pair.map((value) => (known(value) ? show(value) : "–")).join(" → ");
  const none = () => S.el("p", { class: "none", text: S.t("compare.none") });
  const normName = (id) => {
    const norm = data.norms[id];
    return norm ? S.normText(norm) || S.capital(S.pick(norm.names) || S.word("service", norm.service)) : id;
  };
  const normCell = (id) => [S.el("span", { class: "norm-name", text: normName(id) }), S.el("span", { class: "pills" }, [data.norms[id] && data.norms[id].norm_class ? S.classPill(data.norms[id]) : null, text(id, { class: "muted" })])];
  const gatePill = (gate) => S.el("span", { class: "pill gate gate-" + gate }, [text({ pass: "✓", fail: "✕", unknown: "?", none_applicable: "–" }[gate], { "aria-hidden": "true", class: "sign" }), text(S.t("turned." + gate))]);
  const gatePair = (pair) => S.el("span", { class: "gate-pair" }, [gatePill(pair[0]), text(" → ", { "aria-hidden": "true" }), gatePill(pair[1])]);

  /* A contribution moves the level from half of the last decimal that is shown of it, inclusive. */
  const moves = (contribution) => Math.abs(contribution || 0) >= MOVED;

  /* Which way the level went, by what contributed to it and not by its rounded numbers; "even" where that cancels out. */
  function direction() {
    const { level, ln_change: by } = data.whole;
    if (!level.every(known)) return "none";
    if (moves(by)) return by > 0 ? "up" : "down";
    return [...data.pillars, ...byContribution()].some((part) => moves(part.contribution)) ? "even" : "same";
  }

  function answerLine(way) {
    if (S.pick(data.whole.hidden)) return S.pick(data.whole.hidden);
    if (way === "none") return S.t(data.shared ? "compare.answer_none" : "compare.answer_no_norms");
    const [was, now] = data.whole.level.map(S.thousandths), told = { before: was, after: now, by: S.thousandths(0.001) };
    if (way === "up" || way === "down") return S.t("compare.answer_" + way + (was === now ? "_little" : ""), told);
    return S.t(was === now ? "compare.answer_same" : "compare.answer_rounded", told);
  }

  /* The township with most of those who lost, or of those who gained where they are more. */
  function whereSentence() {
    const { any } = data.people, change = amount(any.gained) > amount(any.lost) ? "gained" : "lost", of = (unit) => amount(unit.changes[change]);
    const most = data.townships.reduce((best, unit) => (best && of(best) >= of(unit) ? best : unit), null);
    return data.townships.length > 1 && of(most) > 0 ? S.t("compare.answer_where_" + change, { name: S.unitName(most), amount: S.counted(of(most)) }) : "";
  }

  const countTurns = (turn) => data.gates.filter((gate) => gate.unit_level === "study" && gate.turn === turn).length;

  function gatesSentence() {
    const [met, lost] = [countTurns("passes"), countTurns("fails")];
    if (met || lost) return S.t("compare.answer_gates", { met, lost });
    return S.t(data.whole.gates.some(([, inForce]) => inForce) ? "compare.answer_gates_none" : "compare.answer_gates_no_force");
  }

  /* The component that moved the level most. */
  function whySentence() {
    const moved = !S.pick(data.whole.hidden) && byContribution().find((part) => moves(part.contribution));
    return moved ? S.t("compare.answer_why", { name: S.partName(moved), before: shown(moved.value[0], moved.unit), after: shown(moved.value[1], moved.unit), by: S.fourDecimals(moved.contribution) }) : "";
  }

  const stat = (key, value, nodes) => S.el("div", {}, [S.el("dt", { text: S.t("compare." + key) }), S.el("dd", { class: "stat", text: value }), ...nodes.filter(Boolean).map((node) => S.el("dd", { class: "muted" }, [node]))]);
  const bars = (pair) => S.el("div", { class: "two-bars" }, pair.map((value) => S.levelBar(value)));

  function showAnswer() {
    const { level, index, gates } = data.whole, way = direction(), any = data.people.any;
    document.getElementById("answer").className = "card answer-" + way;
    document.getElementById("answer-line").textContent = answerLine(way);
    document.getElementById("answer-people").textContent = S.sentences(S.t(S.hasPeople() ? "compare.answer_people" : "compare.answer_places", { n: amount(any.gained), gained: amount(any.gained), lost: amount(any.lost) }), any.mixed && S.t(S.hasPeople() ? "compare.answer_mixed" : "compare.answer_mixed_places", { n: amount(any.mixed) }), whereSentence());
    document.getElementById("answer-gates").textContent = gatesSentence();
    document.getElementById("answer-why").textContent = whySentence();
    S.fill("answer-numbers", [
      stat("level", arrow(level, S.thousandths), [bars(level), text(S.t("compare.level_note"))]),
      stat("index", arrow(index, S.hundredths), [text(S.t(known(index[0]) ? "compare.index_note" : "compare.index_none"))]),
      stat("gates_met", gates.map(([passed, inForce]) => (inForce ? S.t("score.count", { met: passed, n: inForce }) : S.t("score.gates_short"))).join(" → "), [gatePair(data.whole.status)]),
      stat("people_all", arrow(data.whole.people, S.number), [text(S.t("study.basis_" + data.study.basis))]),
    ]);
  }

  function showTerms() {
    const { both, gone, new: added } = data.matched;
    const alone = gone[0] || added[0];
    const places = alone
      ? S.t("compare.terms_places", { ...values, n: both[0], both: both[0], gone: peopleOf(gone), added: peopleOf(added) })
      : S.t("compare.terms_places_all", { n: both[0], both: both[0] });
    const detail = (code, words) => (code === "norms" ? words.split(", ").map(normName).join(S.t("filter.joint")) : words);
    const notes = data.notes.map(([code, words]) => S.t("note." + code, { detail: detail(code, words) }));
    const dates = S.t("compare.terms_dates", { ...values, first: S.isoDate(data.runs[0].as_of), second: S.isoDate(data.runs[1].as_of) });
    const lines = [dates, S.t("compare.terms_norms", { n: data.shared }), places, ...notes];
    S.fill("terms-body", lines.map((line, k) => S.el("li", { class: k > 2 || (k === 2 && alone) ? "noted" : "", text: line })));
  }

  function showWhy() {
    const way = direction(), put = (id, words) => { document.getElementById(id).textContent = words; };
    put("why-title", S.t("compare.why_" + way));
    put("why-note", way === "none" ? S.t("compare.why_note_none") : S.sentences(S.t("compare.why_note"), way === "same" && S.t("compare.why_flat")));
    put("components-title", S.t(["none", "same"].includes(way) ? "compare.by_component" : "compare.components"));
  }

  /* Of a level that is not told no contribution is. */
  const told = (contribution) => (direction() === "none" ? null : contribution);
  const contributionBar = (contribution, most) => S.changeBar(moves(contribution) ? contribution : 0, most);

  function showPillars() {
    const most = Math.max(...data.pillars.map((pillar) => Math.abs(pillar.contribution || 0)), 1e-9);
    const row = (name, level, contribution, whole) => S.el("tr", { class: whole ? "whole" : "" }, [
      S.el("th", { scope: "row", text: name }), S.el("td", { class: "numeric", "data-head": before, text: S.thousandths(level[0]) }), S.el("td", { class: "numeric", "data-head": after, text: S.thousandths(level[1]) }),
      S.el("td", { class: "bar-cell" }, [bars(level)]),
      S.el("td", { class: "bar-cell" }, [whole ? null : contributionBar(contribution, most)]), S.el("td", { class: "numeric", "data-head": S.t("compare.contribution"), text: S.fourDecimals(contribution) }),
    ]);
    const head = [[S.t("compare.pillar"), ""], [before, "numeric"], [after, "numeric"], ["", ""], ["", ""], [S.t("compare.contribution"), "numeric"]];
    S.fill("pillars-body", [S.el("table", { class: "pillars" }, [
      S.el("thead", {}, [S.el("tr", {}, head.map(([words, look]) => (words ? S.el("th", { scope: "col", class: look, text: words }) : S.el("td", { "aria-hidden": "true" }))))]),
      S.el("tbody", {}, [...data.pillars.map((pillar) => row(S.t("pillar." + pillar.pillar), pillar.level, told(pillar.contribution), false)), row(S.t("compare.all_pillars"), data.whole.level, data.whole.ln_change, true)]),
    ])]);
  }

  const shown = (value, unit) => S.partValue({ value, unit });
  const persons = (pair) => (pair.some(known) ? arrow(pair, S.number) : "–");

  const byContribution = () => data.components.filter((part) => part.side === "level").sort((a, b) => Math.abs(b.contribution || 0) - Math.abs(a.contribution || 0));

  function showComponents() {
    const rows = byContribution();
    const most = Math.max(...rows.map((part) => Math.abs(part.contribution || 0)), 1e-9);
    const columns = [
      { key: "name", head: S.t("compare.component"), cell: (part) => [text(S.partName(part)), text(S.t("pillar." + part.pillar), { class: "muted under" })] },
      { key: "before", head: before, numeric: true, cell: (part) => shown(part.value[0], part.unit) }, { key: "after", head: after, numeric: true, cell: (part) => shown(part.value[1], part.unit) },
      { key: "lack", head: S.t("compare.lack"), numeric: true, cell: (part) => persons(part.persons) },
      { key: "contribution", head: S.t("compare.contribution"), numeric: true, cell: (part) => [contributionBar(told(part.contribution), most), text(S.fourDecimals(told(part.contribution)))] },
    ];
    S.fill("components-body", rows.length ? [S.sortTable("components", columns, rows, {}, () => {})] : [none()]);
  }

  function targetPill(part) {
    const look = { met: "met", now_met: "met", met_alone: "met", unknown: "not_measurable" }[part.turn] || "not_met";
    return S.el("span", { class: "pill status-" + look }, [text({ met: "✓", not_met: "✕", not_measurable: "?" }[look], { "aria-hidden": "true", class: "sign" }), text(S.t("turn." + part.turn))]);
  }

  function showGaps() {
    const gaps = data.components.filter((part) => part.side === "gap");
    const judged = gaps.filter((part) => known(part.target)), rest = gaps.filter((part) => !known(part.target));
    const columns = [
      { key: "name", head: S.t("compare.gap"), cell: (part) => [text(S.partName(part)), text(S.t("pillar." + part.pillar), { class: "muted under" })] },
      { key: "before", head: before, numeric: true, cell: (part) => shown(part.value[0], part.unit) }, { key: "after", head: after, numeric: true, cell: (part) => shown(part.value[1], part.unit) },
    ];
    const target = [
      { key: "target", head: S.t("compare.target"), numeric: true, cell: (part) => S.targetText(part) },
      { key: "now", head: S.t("compare.now"), cell: (part) => [targetPill(part)] },
    ];
    S.fill("gaps-body", [
      judged.length ? S.sortTable("gaps", [...columns, ...target], judged, {}, () => {}) : none(),
      rest.length ? S.el("details", { class: "more-gaps" }, [S.el("summary", { text: S.t("compare.more_gaps", { n: rest.length }) }), S.sortTable("more-gaps", columns, rest, {}, () => {})]) : null,
    ]);
  }

  function showGates() {
    const unit = (gate) => (gate.unit_level === "study" ? S.t("compare.study") : S.pick(gate.names, gate.unit));
    const columns = [
      { key: "norm", head: S.t("compare.norm"), cell: (gate) => normCell(gate.norm).concat(gate.same_terms ? [] : [text(S.t("compare.other_terms"), { class: "issue" })]) },
      { key: "unit", head: S.t("compare.unit"), cell: unit },
      { key: "turn", head: S.t("compare.turned"), cell: (gate) => [gatePair(gate.gate)] },
      { key: "persons", head: S.t("compare.beyond_it"), numeric: true, cell: (gate) => persons(gate.persons) },
    ];
    S.fill("gates-body", data.gates.length ? [S.sortTable("gates", columns, data.gates, {}, () => {})] : [none()]);
  }

  function showPeople() {
    const rows = data.people.norms;
    const number = (change) => ({ key: change, head: S.t("compare." + change), numeric: true, cell: (entry) => peopleOf(entry.changes[change], data.norms[entry.norm]) });
    const columns = [{ key: "norm", head: S.t("compare.norm"), cell: (entry) => normCell(entry.norm) }, number("gained"), number("lost"), { key: "net", head: S.t("compare.net"), numeric: true, cell: (entry) => S.signedNumber(amount(entry.changes.gained) - amount(entry.changes.lost)) }];
    S.fill("people-body", rows.length ? [S.sortTable("people", columns, rows, {}, () => {})] : [none()]);
  }

  const level = (value) => S.hundredths(value);

  function showThreshold() {
    document.getElementById("threshold-box").hidden = !state.places;
    if (!state.places) return;
    const sums = S.sumBy(state.places, S.classesBy(state.places, "level", state.threshold));
    S.fill("threshold", THRESHOLDS.map((value) => S.el("option", { value: String(value), text: level(value), selected: value === state.threshold })));
    document.getElementById("threshold-line").textContent = S.t("compare.threshold_line", { by: level(state.threshold), rose: S.partText(sums.gained), fell: S.partText(sums.lost), rest: S.partText(sums.same) });
  }

  function showLayers() {
    S.fill("layer", ["norms", "level"].map((name) => S.el("option", { value: name, selected: name === state.layer, text: S.t("compare.layer_" + name, { by: level(state.threshold) }) })));
  }

  const normList = (joined) => joined.split(";").filter(Boolean).map((at) => data.norm_ids[Number(at)]);

  function normsText(joined, all) {
    const ids = normList(joined), names = ids.slice(0, all ? ids.length : NORMS_SHOWN).map(normName);
    if (ids.length > names.length) names.push(S.t("score.more", { n: ids.length - names.length }));
    return names.join(S.t("filter.joint")) || "–";
  }

  S.showPlaceCard = function ({ places, selected: i }) {
    if (i < 0) return S.fill("place", [S.el("p", { class: "muted", text: S.t("compare.choose") })]);
    const where = [S.townshipText(places, i), S.countyText(places, i)].filter(Boolean).join(" · ");
    return S.fill("place", [
      S.el("h3", { text: S.placeText(places, i) }), S.el("p", { class: "muted", text: where }),
      S.el("p", {}, [text(S.t("compare.change_" + places.changes[places.change[i]])), text(places.population[i] >= 0 ? " · " + S.t("unit.people", { n: places.population[i] }) : "")]),
      S.el("p", { text: S.t("compare.level") + S.t("page.colon") + arrow([places.level_before[i], places.level_after[i]], S.thousandths) }),
      places.gained[i] ? S.el("p", { text: S.t("compare.norms_gained") + S.t("page.colon") + normsText(places.gained[i], true) }) : null,
      places.lost[i] ? S.el("p", { text: S.t("compare.norms_lost") + S.t("page.colon") + normsText(places.lost[i], true) }) : null,
    ]);
  };

  const rankText = ([low, high]) => (known(low) ? S.decimal(low) + "–" + S.decimal(high) : "–");
  const presence = (unit) => (unit.presence === "both" ? null : text(S.t("compare.presence_" + unit.presence), { class: "muted under" }));

  function showTownships() {
    const rows = data.townships, most = Math.max(...rows.map((unit) => Math.abs(unit.change || 0)), 1e-9);
    const turned = (unit) => data.gates.filter((gate) => gate.unit_level === "township" && gate.unit === unit.id).length;
    const sure = (unit) => data.ranks.filter(([first]) => first === unit.id).length;
    const columns = [
      { key: "name", head: S.t("compare.township"), value: (unit) => S.unitName(unit), cell: (unit) => [text(S.unitName(unit)), presence(unit)].filter(Boolean) },
      { key: "people", head: S.t("compare.people_after"), numeric: true, down: true, value: (unit) => unit.people[1], cell: (unit) => (known(unit.people[1]) ? S.number(unit.people[1]) : "–") },
      { key: "before", head: before, numeric: true, down: true, value: (unit) => unit.level[0], cell: (unit) => S.thousandths(unit.level[0]) },
      { key: "after", head: after, numeric: true, down: true, value: (unit) => unit.level[1], cell: (unit) => S.thousandths(unit.level[1]) },
      { key: "change", head: S.t("compare.change"), numeric: true, down: true, value: (unit) => unit.change, cell: (unit) => [S.changeBar(unit.change, most), text(S.signedThousandths(unit.change))] },
      { key: "gained", head: S.t("compare.gained"), numeric: true, down: true, value: (unit) => amount(unit.changes.gained), cell: (unit) => S.number(amount(unit.changes.gained)) },
      { key: "lost", head: S.t("compare.lost"), numeric: true, down: true, value: (unit) => amount(unit.changes.lost), cell: (unit) => S.number(amount(unit.changes.lost)) },
      { key: "gates", head: S.t("compare.gates_short"), numeric: true, down: true, value: turned, cell: (unit) => S.number(turned(unit)) },
      { key: "rank", head: S.t("compare.ranks"), numeric: true, value: (unit) => unit.ranks[1][0], cell: (unit) => unit.ranks.map(rankText).join(" → ") + (sure(unit) ? " ▲" : "") },
    ];
    document.getElementById("townships-note").textContent = S.sentences(S.t("compare.townships_note"), S.t(data.ranks.length ? "compare.ranks_some" : "compare.ranks_none"));
    document.getElementById("townships-advice").textContent = rows.length ? S.t("compare.sort_advice") : "";
    S.fill("townships-body", rows.length ? [S.sortTable("townships", columns, rows, state.townships, showTownships), csvButton("townships", townshipRows)] : [none()]);
  }

  const csvButton = (name, rows) => S.el("p", { class: "buttons" }, [S.el("button", { type: "button", id: "csv-" + name, text: S.t("score.csv"), on: { click: () => S.download(after + "-" + name + "-changed.csv", rows()) } })]);

  function townshipRows() {
    const head = ["township_id", "name", "county", "population_persons_before", "population_persons_after", "level_before", "level_after", "level_change", "persons_gained", "persons_lost", "mandatory_status_before", "mandatory_status_after", "low_rank_before", "high_rank_before", "low_rank_after", "high_rank_after"];
    const person = (pair) => (pair ? pair[1] : 0);
    return [head, ...data.townships.map((unit) => [unit.id, S.unitName(unit), unit.county, ...unit.people, ...unit.level, unit.change, person(unit.changes.gained), person(unit.changes.lost), ...unit.status, ...unit.ranks.flat()])];
  }

  /* Settlements whose level changed or where a norm turned, in the order of their people times the change of the level;
     where either is unknown after the others, by the change. */
  function changedPlaces() {
    const { places } = state, rows = [];
    for (let i = 0; i < places.points.n; i++) {
      const by = places.level_after[i] - places.level_before[i], turned = Boolean(places.gained[i] || places.lost[i]);
      if (!turned && !(Math.abs(by) >= FLAT)) continue;
      const people = places.population[i] >= 0 ? places.population[i] : NaN;
      rows.push({ i, by, people, reach: Math.abs(by) * people });
    }
    return S.inOrder(S.inOrder(rows, (row) => Math.abs(row.by), true), (row) => row.reach, true);
  }

  function showSettlements() {
    if (!state.places) return S.fill("settlements-body", [none()]);
    const { places } = state, all = changedPlaces();
    const column = (key, value, cell, more) => ({ key, head: S.t("compare." + key), value, cell, ...more });
    const number = { numeric: true, down: true };
    const columns = [
      column("settlement", (row) => S.placeText(places, row.i), (row) => [S.el("button", { type: "button", class: "as-link", title: S.t("compare.show"), text: S.placeText(places, row.i), on: { click: () => S.showOnMap(row.i) } })]),
      column("township", (row) => S.townshipText(places, row.i), (row) => S.townshipText(places, row.i) || "–"),
      column("county", (row) => S.countyText(places, row.i), (row) => S.countyText(places, row.i) || "–"),
      column("people_after", (row) => row.people, (row) => (known(row.people) ? S.number(row.people) : "–"), number),
      { key: "before", head: before, value: (row) => places.level_before[row.i], cell: (row) => S.thousandths(places.level_before[row.i]), ...number },
      { key: "after", head: after, value: (row) => places.level_after[row.i], cell: (row) => S.thousandths(places.level_after[row.i]), ...number },
      column("change", (row) => row.by, (row) => S.signedThousandths(row.by), number),
      { key: "reach", head: S.t("compare.reach"), value: (row) => row.reach, cell: (row) => (known(row.reach) ? S.decimal(row.reach) : "–"), ...number },
      { key: "norms_gained", head: S.t("compare.norms_gained"), cell: (row) => normsText(places.gained[row.i]) }, { key: "norms_lost", head: S.t("compare.norms_lost"), cell: (row) => normsText(places.lost[row.i]) },
    ];
    // Words that stand nowhere would only make the other columns narrow; a number that nobody knows is shown as such.
    const isTold = (one) => one.numeric || all.slice(0, SHOWN).some((row) => one.cell(row) !== "–");
    const more = all.length > SHOWN;
    document.getElementById("settlements-note").textContent = S.sentences(S.t("compare.settlements_note", { n: SHOWN }), more && S.t("compare.more", { n: all.length - SHOWN }));
    document.getElementById("settlements-advice").textContent = more ? S.t("compare.more_advice") : "";
    S.fill("settlements-body", all.length ? [S.sortTable("settlements", columns.filter(isTold), all.slice(0, SHOWN), state.settlements, showSettlements), csvButton("settlements", settlementRows)] : [none()]);
  }

  function settlementRows() {
    const { places } = state, exact = (value) => (known(value) ? Math.round(value * 1e6) / 1e6 : null);
    const head = ["settlement_id", "name", "township", "county", "population_persons", "access_change", "level_before", "level_after", "norms_gained", "norms_lost"];
    const rows = changedPlaces().map(({ i, people }) => [places.id[i], S.placeText(places, i), S.townshipText(places, i), S.countyText(places, i), exact(people), places.changes[places.change[i]], exact(places.level_before[i]), exact(places.level_after[i]), normList(places.gained[i]).join(";"), normList(places.lost[i]).join(";")]);
    return [head, ...rows];
  }

  function reasonText([code, run]) {
    return S.has("why." + code) ? S.t("why." + code, { run }) : code.replace(/_/g, " ") + (run ? S.bracketed(run) : "");
  }

  function showNorms() {
    const { norms, neither } = data.left_out;
    const columns = [
      { key: "norm", head: S.t("compare.norm"), cell: (entry) => normCell(entry.norm) },
      { key: "reason", head: S.t("compare.reason"), cell: (entry) => entry.reasons.map(reasonText).join(S.t("filter.joint")) + (entry.reasons.some(([code]) => code === "other_threshold") ? S.bracketed(arrow(entry.threshold, S.decimal)) : "") },
    ];
    S.fill("norms-body", [norms.length ? S.sortTable("norms", columns, norms, {}, () => {}) : none(), neither ? S.el("p", { class: "muted", text: S.t("compare.neither", { n: neither }) }) : null]);
  }

  function showDates() {
    document.getElementById("dates").hidden = !data.dates.length;
    const columns = [
      { key: "date", head: S.t("compare.date"), cell: (entry) => entry.run + S.bracketed(S.isoDate(entry.as_of)) },
      { key: "level", head: S.t("compare.level"), cell: (entry) => [S.levelBar(entry.level), text(S.thousandths(entry.level))] },
      { key: "beyond", head: S.t("compare.beyond"), numeric: true, cell: (entry) => (known(entry.beyond) ? S.number(entry.beyond) : "–") },
      { key: "gates", head: S.t("compare.gates_met"), numeric: true, cell: (entry) => (entry.gates[1] ? S.t("score.count", { met: entry.gates[0], n: entry.gates[1] }) : S.t("score.gates_short")) },
    ];
    S.fill("dates-body", data.dates.length ? [S.el("p", { class: "muted", text: S.t("compare.dates_note", { runs: data.dates.length }) }), S.sortTable("dates", columns, data.dates, {}, () => {})] : []);
  }

  /* What both runs are of: two studies or scenarios by their titles, one at two dates by these, else the names of the runs. */
  function pageTitle() {
    const titles = data.runs.map((run) => S.pick(run.title)), dates = data.runs.map((run) => S.isoDate(run.as_of));
    if (!titles.every(Boolean) || (titles[0] === titles[1] && dates[0] === dates[1])) return before + " → " + after;
    return titles[0] === titles[1] ? titles[0] + S.t("page.colon") + dates.join(" → ") : titles.join(" → ");
  }

  S.startComparePage = function () {
    state.places = S.comparePlaces();
    if (state.places) updateMap = S.startCompareMap(state);
    document.getElementById("print").addEventListener("click", () => window.print());
    const onChange = (id, run) => document.getElementById(id).addEventListener("change", (event) => { run(event.target.value); showThreshold(); showLayers(); updateMap(); });
    onChange("threshold", (value) => { state.threshold = Number(value); state.layer = "level"; });
    onChange("layer", (value) => { state.layer = value; state.hidden.clear(); });
    S.onLanguage(() => {
      document.getElementById("page-title").textContent = pageTitle();
      document.getElementById("kind").textContent = S.t("compare.title") + S.t("page.colon") + before + " → " + after;
      S.showHead(pageTitle());
      S.languageSwitch();
      if (data.whole) showAnswer();
      for (const show of [showTerms, showWhy, showPillars, showComponents, showGaps, showGates, showPeople, showThreshold, showLayers, showTownships, showSettlements, showNorms, showDates]) show();
      S.fill("account-body", data.lines[S.language].map((line) => S.el("li", { text: line })));
      S.labelFolds();
      updateMap();
    });
    S.setLanguage(S.language);
    S.startFolds();
    document.body.dataset.ready = "yes";
  };
})(window.Spatial);
