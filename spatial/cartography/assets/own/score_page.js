"use strict";
/* How integrated the study is: two numbers a pillar, mandatory norms beside them, townships with sure and unsure ranks. */
(function (S) {
  const data = S.data, score = data.score, study = score.study, townships = score.townships;
  const known = S.isKnown;
  const FIRST_OBSTACLES = 5, TOWNSHIP_OBSTACLES = 3, NAMES = 8, OTHERS = 3;
  const state = { key: "rank", down: false, open: new Set() };

  const countOf = (met, n, none) => (n ? S.t("score.count", { met, n }) : S.t("score." + none));
  const stat = (key, value, nodes) => S.el("div", {}, [S.el("dt", { text: S.t("score." + key) }), S.el("dd", { class: "stat", text: value }), ...nodes.filter(Boolean).map((node) => S.el("dd", { class: "muted" }, [node]))]);
  const text = (words, options) => S.el("span", { ...options, text: words });

  function showAnswer() {
    document.getElementById("answer").className = "card answer-" + study.level_band;
    document.getElementById("answer-line").textContent = S.scoreAnswer(study);
    document.getElementById("answer-why").textContent = S.sentences(S.normsText(study), S.capital(S.indexText(study)));
    S.fill("answer-numbers", [
      stat("level", S.levelText(study.integration_level), [S.levelBar(study.integration_level, S.levelSpan(study)), S.intervalText(study) ? text(S.intervalText(study)) : null, S.pick(study.hidden) ? text(S.pick(study.hidden)) : null]),
      stat("gaps_head", countOf(study.gaps_met, study.gaps_measured, "not_known"), [S.measuredText(study)].filter(Boolean).map((words) => text(words))),
      stat("gates_head", study.gates_unjudged && study.gates_unjudged === study.gates_in_force ? S.t("score.not_known") : countOf(study.gates_passed, study.gates_in_force, "gates_short"), [gatePill(study.mandatory_status), S.unjudgedText(study) ? text(S.unjudgedText(study)) : null]),
      stat("known", known(study.known_share) ? S.percent(study.known_share) : "–", []),
    ]);
  }

  /* Components that only sum up norms: who is beyond these is said before. */
  const OF_NORMS = ["even_access", "worst_group_attainment", "gates_passed"];

  /* What else keeps the level low, in words: what flows one way, which road everything hangs on, what towns lack. */
  function plainText(part) {
    if (part.name === "two_way_flow") {
      const flow = score.flows.find((one) => one.kind === (part.kind || part.detail));
      if (!flow || !(flow.outward > 0) || !known(flow.inward)) return "";
      return S.t("score.plain_two_way_flow", { kind: S.capital(S.flowKind(flow.kind)), back: Math.round((100 * flow.inward) / flow.outward) });
    }
    if (part.name === "robust_coverage" && !part.detail) return "";
    const plain = "score.plain_" + part.name, key = S.hasPeople() || !S.has(plain + "_places") ? plain : plain + "_places";
    return S.has(key) ? S.t(key, { value: S.partValue(part) + (S.spanText(part) ? S.bracketed(S.spanText(part)) : ""), road: S.capital(S.partDetail(part)) }) : S.partName(part) + S.t("page.colon") + S.partValue(part);
  }

  /* First who is beyond which norm, and whom to begin with; then what is no norm. */
  function showHolds() {
    const beyond = (data.holds || []).map((one) => S.el("li", {}, [
      S.el("p", {}, [text(S.pick(one.text))]),
      S.pick(one.begin) ? S.el("p", { class: "muted" }, [text(S.pick(one.begin) + S.t("page.joint")), one.file ? S.el("a", { href: S.pageLink(one.file, { norm: one.norm, list: "yes" }), text: S.t("score.all_by_name") }) : null]) : null,
    ]));
    const others = S.obstaclesOf(study).filter((part) => !OF_NORMS.includes(part.name)).map(plainText).filter(Boolean).slice(0, OTHERS);
    const items = [...beyond, ...others.map((words) => S.el("li", {}, [S.el("p", { text: words })]))];
    S.fill("holds-body", [items.length ? S.el("ol", { class: "card holds" }, items) : S.el("p", { class: "none", text: S.t(known(study.integration_level) ? "score.obstacles_none" : "score.not_known") })]);
  }

  function showGain() {
    const gains = data.gains;
    document.getElementById("gain").hidden = !gains;
    if (gains) document.getElementById("gain-line").textContent = S.t(known(gains.persons) ? "fact.gains_line" : "fact.gains_line_places", { name: S.unitName(gains), n: known(gains.persons) ? gains.persons : gains.places, level: S.hundredths(gains.level), best: S.hundredths(gains.best), other: S.pick(gains.best_names, gains.best_id) });
  }

  /* The four pillars as one picture: how far each has come, and how many of its gaps are within their targets. */
  function showPicture() {
    S.fill("picture-body", [S.el("ul", { class: "card picture" }, score.pillars.map((pillar) => {
      const { met, measured } = S.countMet(S.partsOf(study, pillar, "gap"));
      return S.el("li", {}, [
        S.el("span", {}, [S.el("strong", { text: S.t("pillar." + pillar) }), S.el("br"), text(S.t("score." + pillar + "_q"), { class: "muted" })]),
        S.levelBar(study.levels[pillar]),
        S.el("strong", { class: "part-value", text: S.levelText(study.levels[pillar]) }),
        text(S.gapsText(met, measured), { class: "muted" }),
      ]);
    }))]);
  }

  /* Each term that stands on this page, once. */
  function showTerms() {
    const names = new Set(["level", "gap", "obstacle", ...[study, ...townships].flatMap((unit) => unit.parts.map((part) => part.name))]);
    const told = [...names].filter((name) => S.has("score.term_" + name)).map((name) => S.t("score.term_" + name));
    S.fill("terms", told.flatMap((words) => {
      const cut = words.search(/\s?[:：]/);
      return [S.el("dt", { text: words.slice(0, cut) }), S.el("dd", { text: words.slice(cut).replace(/^\s?[:：]\s?/, "") })];
    }));
  }

  const gatePill = (status) => S.el("span", { class: "pill gate gate-" + status }, [text({ pass: "✓", fail: "✕", unknown: "?", none_applicable: "–" }[status], { "aria-hidden": "true", class: "sign" }), text(S.t("gate." + status))]);

  const noteOf = (part, unit) => [S.partDetail(part), S.behindText(part, unit), S.spanText(part)].filter(Boolean).join(" · ");

  /* What made a value and who is behind it; without a value, why there is none. */
  function rowNote(part, unit, unknown) {
    const words = unknown ? S.whyText(part) : noteOf(part, unit);
    return words ? text(words, { class: "muted part-note" }) : null;
  }

  function levelRow(part, unit) {
    const unknown = part.component_status !== "measured";
    return S.el("li", { class: unknown ? "part muted" : "part" }, [
      text(S.partName(part), { class: "part-name" }),
      text(unknown ? S.t("score." + part.component_status) : S.partValue(part), { class: "part-value" }),
      unknown ? null : S.levelBar(part.value, S.partSpan(part)),
      rowNote(part, unit, unknown),
    ]);
  }

  function gapRow(part, unit) {
    const judged = part.meets_target !== "no_target";
    const unknown = part.component_status !== "measured";
    return S.el("li", { class: judged ? "part" : "part muted" }, [
      text(S.partName(part), { class: "part-name" }),
      text(unknown && !judged ? S.t("score." + part.component_status) : S.partValue(part), { class: "part-value" }),
      judged ? S.el("span", { class: "part-target" }, [S.gapPill(part), text(S.targetText(part), { class: "muted" })]) : null,
      rowNote(part, unit, unknown),
    ]);
  }

  /* Judged gaps first, then those without a target. */
  const ordered = (parts) => [...parts.filter((part) => part.meets_target !== "no_target"), ...parts.filter((part) => part.meets_target === "no_target")];

  function sides(unit, pillar) {
    const levels = S.partsOf(unit, pillar, "level"), gaps = S.partsOf(unit, pillar, "gap");
    const { met, measured } = S.countMet(gaps);
    return S.el("div", { class: "sides" }, [
      S.el("div", { class: "side" }, [
        S.el("p", { class: "side-head" }, [text(S.t("score.head_level")), S.el("strong", { text: S.levelText(unit.levels[pillar]) })]),
        S.levelBar(unit.levels[pillar]),
        S.el("ul", { class: "parts" }, levels.map((part) => levelRow(part, unit))),
      ]),
      S.el("div", { class: "side" }, [
        S.el("p", { class: "side-head" }, [text(S.t("score.gaps")), S.el("strong", { text: S.gapsText(met, measured) })]),
        S.el("ul", { class: "parts" }, ordered(gaps).map((part) => gapRow(part, unit))),
      ]),
    ]);
  }

  function showPillars() {
    document.getElementById("pillars-note").textContent = S.t("score.pillars_note", { low: S.hundredths(score.bands[0]), high: S.hundredths(score.bands[1]) });
    S.fill("pillars-body", score.pillars.map((pillar) => S.el("article", { class: "card pillar" }, [
      S.el("div", { class: "pillar-head" }, [S.el("h3", { text: S.t("pillar." + pillar) }), S.el("p", { class: "muted", text: S.t("score." + pillar + "_q") })]),
      pillar === "elements" && !known(study.levels.elements) ? S.el("p", { class: "issue", text: S.t("score.elements_absent") }) : null,
      sides(study, pillar),
    ])));
  }

  function failedItem(entry) {
    const norm = score.norms[entry.norm];
    const line = ["persons", "persons_total", "places", "places_total"].every((key) => known(entry[key])) ? S.t("score.failed_line", { n: entry.persons, base: S.peopleOf(norm, entry.persons_total), places: entry.places, all: entry.places_total }) : "";
    const unknown = entry.persons_unknown >= 0.5 ? S.t("score.failed_not_known", { n: entry.persons_unknown }) : "";
    return S.el("li", { class: "card failed-norm" }, [
      S.el("h3", { text: norm ? S.normText(norm) : entry.norm }),
      S.el("p", { class: "pills" }, [gatePill("fail"), norm ? S.classPill(norm) : null, text(entry.norm, { class: "muted" })]),
      S.el("p", { text: line ? line + unknown : S.failedText(entry) || S.t("score.not_known") }),
    ]);
  }

  function showFailed() {
    const none = { none_applicable: "failed_none_in_force", unknown: "failed_unknown" }[study.mandatory_status] || "failed_none";
    S.fill("failed-body", [study.failed.length ? S.el("ul", { class: "cards" }, study.failed.map(failedItem)) : S.el("p", { class: "none", text: S.t("score." + none) })]);
  }

  function obstacleList(unit, count) {
    const list = S.obstaclesOf(unit).slice(0, count);
    if (!list.length) return S.el("p", { class: "none", text: S.t(known(unit.integration_level) ? "score.obstacles_none" : "score.not_known") });
    const most = list[0].obstacle;
    return S.el("ol", { class: "obstacles" }, list.map((part) => S.el("li", {}, [
      S.el("span", { class: "part-name" }, [S.el("strong", { text: S.partName(part) }), text(" " + S.t("pillar." + part.pillar), { class: "muted" })]),
      S.el("span", { class: "obstacle-bar", "aria-hidden": "true" }, [S.el("b", { style: { width: (100 * part.obstacle) / most + "%" } })]),
      text(S.percent(part.obstacle), { class: "part-value" }),
      noteOf(part, unit) ? text(noteOf(part, unit), { class: "muted part-note" }) : null,
    ])));
  }

  const KEYS = {
    name: (unit) => S.unitName(unit), level: (unit) => unit.integration_level, gap: (unit) => unit.segmentation_index, gaps: (unit) => (unit.gaps_measured ? unit.gaps_met / unit.gaps_measured : null),
    gates: (unit) => (unit.gates_in_force ? unit.gates_passed / (1 + unit.gates_in_force) - unit.failed.length : null), rank: (unit) => unit.median_rank, people: (unit) => unit.population_persons, places: (unit) => unit.places,
  };
  for (const pillar of score.pillars) KEYS[pillar] = (unit) => unit.levels[pillar];

  function sorted() {
    const value = KEYS[state.key], sign = state.down ? -1 : 1;
    const collator = new Intl.Collator(S.locale());
    return townships.map((unit, at) => [unit, at]).sort(([a, i], [b, j]) => {
      const [x, y] = [value(a), value(b)];
      if (typeof x === "string") return sign * collator.compare(x, y) || i - j;
      if (!known(x) || !known(y)) return Number(!known(x)) - Number(!known(y)) || i - j;
      return sign * (x - y) || i - j;
    }).map(([unit]) => unit);
  }

  const headText = (key) => (score.pillars.includes(key) ? S.t("pillar." + key + "_short") : S.t("score.head_" + key));

  function headCell(key, numeric) {
    const on = state.key === key;
    const sort = () => {
      state.down = on ? !state.down : !["name", "rank"].includes(key);
      state.key = key;
      showTownships();
      document.getElementById("sort-" + key).focus();
    };
    return S.el("th", { scope: "col", class: numeric ? "numeric" : undefined, "aria-sort": on ? (state.down ? "descending" : "ascending") : "none" }, [
      S.el("button", { type: "button", class: "sort", id: "sort-" + key, on: { click: sort } }, [text(headText(key)), text(on ? (state.down ? "▼" : "▲") : "", { "aria-hidden": "true", class: "sort-sign" })]),
    ]);
  }

  const cell = (key, options, children) => S.el("td", { "data-head": headText(key), ...options }, children);

  function levelCell(key, value, unit) {
    const ends = unit ? S.levelSpan(unit) : null;
    const span = ends ? text(ends.map(S.hundredths).join("–"), { class: "muted span" }) : null;
    return cell(key, { class: "level-cell" }, [text(known(value) ? S.hundredths(value) : "–"), S.levelBar(value, ends), span]);
  }

  function rankCell(unit) {
    if (unit.in_doubt) return cell("rank", { class: "rank-cell in-doubt muted", text: S.t("score.rank_in_doubt") });
    if (!known(unit.median_rank)) return cell("rank", { class: "rank-cell", text: "–" });
    const rank = (value) => S.decimal(value);
    return cell("rank", { class: "rank-cell" }, [S.rankBar(unit, townships.length), text(S.t("score.rank_span", { rank: rank(unit.median_rank), low: rank(unit.low_rank), high: rank(unit.high_rank) }))]);
  }

  function alikeText(unit) {
    const others = score.alike[unit.id] || [];
    if (!others.length) return score.pairs && known(unit.median_rank) ? S.t("score.alike_none") : "";
    const names = others.slice(0, NAMES).map((at) => S.unitName(townships[at]));
    if (others.length > NAMES) names.push(S.t("score.more", { n: others.length - NAMES }));
    return S.t("score.alike", { names: names.join(S.t("sure.list")) });
  }

  function details(unit) {
    return S.el("tr", { class: "detail", id: "detail-" + townships.indexOf(unit) }, [S.el("td", { colspan: String(columns().length) }, [
      S.el("p", { class: "detail-line", text: S.scoreAnswer(unit) }),
      S.indexText(unit) ? S.el("p", { class: "muted", text: S.capital(S.indexText(unit)) }) : null,
      S.typeText(unit.id) ? S.el("p", { text: S.typeText(unit.id) }) : null,
      unit.failed.length ? S.el("ul", { class: "cards" }, unit.failed.map(failedItem)) : null,
      S.el("h3", { text: S.t("score.obstacles") }),
      obstacleList(unit, TOWNSHIP_OBSTACLES),
      alikeText(unit) ? S.el("p", { class: "muted", text: alikeText(unit) }) : null,
      ...(score.whole ? score.pillars : []).flatMap((pillar) => [S.el("h3", { text: S.t("pillar." + pillar) }), sides(unit, pillar)]),
    ])]);
  }

  const columns = () => ["name", "level", ...score.pillars, "gap", "gaps", "gates", "rank", S.hasPeople() ? "people" : "places"];

  function unitRows(unit) {
    const open = state.open.has(unit.id), at = townships.indexOf(unit);
    const toggle = () => {
      if (!state.open.delete(unit.id)) state.open.add(unit.id);
      showTownships();
      document.getElementById("open-" + at).focus();
    };
    const sign = { pass: "✓", fail: "✕", unknown: "?", none_applicable: "–" }[unit.mandatory_status];
    return [
      S.el("tr", { class: open ? "unit open" : "unit" }, [
        S.el("th", { scope: "row" }, [S.el("button", { type: "button", class: "as-link", id: "open-" + at, "aria-expanded": String(open), "aria-controls": open ? "detail-" + at : null, on: { click: toggle } }, [text(open ? "▾ " : "▸ ", { "aria-hidden": "true" }), text(S.unitName(unit))])]),
        levelCell("level", unit.integration_level, unit),
        ...score.pillars.map((pillar) => levelCell(pillar, unit.levels[pillar])),
        cell("gap", { class: "numeric" }, [text(known(unit.segmentation_index) ? S.hundredths(unit.segmentation_index) : "–"), S.termsText(unit) ? text(S.termsText(unit), { class: "muted span" }) : null]),
        cell("gaps", { class: "numeric", text: unit.gaps_measured ? unit.gaps_met + " / " + unit.gaps_measured : "–" }),
        cell("gates", { class: "numeric gate-cell gate-" + unit.mandatory_status }, [text(sign + " ", { "aria-hidden": "true", class: "sign" }), text(unit.gates_in_force ? (unit.gates_unjudged === unit.gates_in_force ? "–" : unit.gates_passed) + " / " + unit.gates_in_force : S.t("score.gates_short"))]),
        rankCell(unit),
        S.hasPeople() ? cell("people", { class: "numeric", text: known(unit.population_persons) ? S.number(unit.population_persons) : "–" }) : cell("places", { class: "numeric", text: S.number(unit.places) }),
      ]),
      open ? details(unit) : null,
    ].filter(Boolean);
  }

  function showTownships() {
    if (!townships.length) return S.fill("townships-body", [S.el("p", { class: "none", text: S.t("score.townships_none") })]);
    const unsure = Object.values(score.alike).reduce((sum, list) => sum + list.length, 0) / 2;
    const left = ["name", "level", ...score.pillars, "rank"];
    S.fill("townships-body", [
      S.el("p", { class: "muted" }, [text(S.t("score.townships_note") + S.t("page.joint")), text(S.t("score.townships_advice"), { class: "advice" })]),
      score.pairs ? S.el("p", { class: "muted", text: S.t("score.pairs", { n: score.pairs, unsure }) }) : null,
      S.pick(score.hidden) ? S.el("p", { class: "muted", text: S.pick(score.hidden) }) : null,
      ...score.doubts.map((known) => S.el("p", { class: "issue", text: S.issueText(known) + S.t("page.joint") + S.t("score.doubt_note") })),
      S.el("table", { class: "units" }, [
        S.el("thead", {}, [S.el("tr", {}, columns().map((key) => headCell(key, !left.includes(key))))]),
        S.el("tbody", {}, sorted().flatMap(unitRows)),
      ]),
      S.el("p", { class: "buttons" }, [S.el("button", { type: "button", id: "csv", text: S.t("score.csv"), on: { click: download } })]),
    ]);
  }

  function download() {
    const names = ["unit_id", "name", "integration_level", "level_low", "level_high", ...score.pillars.map((pillar) => "level_" + pillar), "segmentation_index", "gaps_met", "gaps_measured", "mandatory_status", "failed_gates", "median_rank", "low_rank", "high_rank", "population_persons", "unserved_persons", "known_share"];
    const rows = sorted().map((unit) => names.map((name) => {
      if (name === "unit_id") return unit.id;
      if (name === "name") return S.unitName(unit);
      if (name === "failed_gates") return unit.failed.map((entry) => entry.norm).join(";");
      return name.startsWith("level_") && score.pillars.includes(name.slice(6)) ? unit.levels[name.slice(6)] : unit[name];
    }));
    S.download(data.study.name + "-townships-score.csv", [names, ...rows]);
  }

  function flowRow(flow) {
    const most = Math.max(flow.outward || 0, flow.inward || 0) || 1;
    const line = (key, value) => S.el("div", { class: "flow-line" }, [text(S.t("score.flow_" + key)), S.el("span", { class: "obstacle-bar", "aria-hidden": "true" }, [S.el("b", { style: { width: (100 * (value || 0)) / most + "%" } })]), text(S.flowAmount(value, flow.kind), { class: "part-value" })]);
    const ratio = known(flow.net_flow_ratio) ? (1 - Math.abs(flow.net_flow_ratio)) / (1 + Math.abs(flow.net_flow_ratio)) : NaN;
    return S.el("li", { class: "card flow" }, [
      S.el("h3", { text: S.capital(S.flowKind(flow.kind)) }), line("in", flow.inward), line("out", flow.outward),
      known(ratio) ? S.el("p", { class: "muted", text: S.t("score.flow_line", { share: S.hundredths(ratio) }) }) : null,
    ]);
  }

  function showFlows() {
    S.fill("flows-body", score.flows.length
      ? [S.el("p", { class: "muted", text: S.t("score.flows_note") }), S.el("ul", { class: "cards" }, score.flows.map(flowRow))]
      : [S.el("p", { class: "none", text: S.t(study && known(study.integration_level) ? "score.flows_none" : "score.flows_bare") })]);
  }

  function showClusters() {
    const found = score.clusters, some = ["good", "bad"].map((name) => found[name] || { places: 0, persons: 0 });
    document.getElementById("clusters").hidden = !Object.keys(found).length;
    const places = some[0].places + some[1].places;
    const amount = (entry) => (S.hasPeople() ? entry.persons || 0 : entry.places);
    S.fill("clusters-body", [S.el("p", { text: places ? S.t("score.clusters_line", { good: S.counted(amount(some[0])), bad: S.counted(amount(some[1])), places: S.t("unit.places", { n: places }) }) : S.t("score.clusters_none") })]);
  }

  function showTowns() {
    document.getElementById("towns").hidden = !score.towns.length;
    const share = (value) => (known(value) ? S.percent(value) : "–");
    const column = (key, words, numeric) => S.el("td", { class: numeric ? "numeric" : "", "data-head": S.t("score.head_" + key), text: words });
    const row = (town) => S.el("tr", {}, [
      S.el("th", { scope: "row", text: S.unitName(town) }), column("fulcrum", S.hundredths(town.fulcrum_index), true), column("depend", share(town.coverage_share), true), column("pass", share(town.via_share), true),
      column("missing", town.missing.map((item) => S.inText(S.pick(item.names) || S.word("service", item.service))).join(S.t("sure.list")) || S.t("score.lacks_" + (town.asked ? "nothing" : town.unlisted ? "not_listed" : "not_asked")), false),
    ]);
    const head = ["town", "fulcrum", "depend", "pass", "missing"].map((key, k) => S.el("th", { scope: "col", class: k > 0 && k < 4 ? "numeric" : "", text: S.t("score.head_" + key) }));
    S.fill("towns-body", [S.el("p", { class: "muted", text: S.t("score.towns_note") }), S.el("table", { class: "towns" }, [S.el("thead", {}, [S.el("tr", {}, head)]), S.el("tbody", {}, score.towns.map(row))])]);
  }

  /* First the norms that could have counted, then those that nobody asks to. */
  const LEFT_OUT = ["nothing_mapped", "not_measured", "not_graded", "not_chosen", "not_in_force"];

  function showLeftOut() {
    const told = LEFT_OUT.filter((reason) => score.left_out[reason]), n = told.reduce((sum, reason) => sum + score.left_out[reason].length, 0);
    const line = (key, norms) => S.el("li", {}, [S.el("strong", { text: S.t("score." + key) }), text(S.t("page.joint") + norms.map(S.normTitle).join(S.t("filter.joint")))]);
    const doubtful = score.never_fail.length ? [line("never_fail", score.never_fail)] : [];
    document.getElementById("left-out").hidden = !n && !doubtful.length;
    S.fill("left-out-body", [
      S.el("p", { class: "muted", text: S.t("score.left_out_note", { counted: score.in_access, n }) }),
      S.el("ul", { class: "card sure-list" }, [...doubtful, ...told.map((reason) => line("left_" + reason, score.left_out[reason]))]),
    ]);
  }

  function showSure() {
    const factors = score.variance.filter((entry) => entry.share >= 0.005).map((entry) => S.t("score.factor_" + entry.factor, { share: S.percent(entry.share) }));
    const lines = [
      known(study.known_share) ? S.t("score.sure_known", { share: S.percent(study.known_share) }) : "",
      S.levelSpan(study) ? S.t("score.sure_interval") : "",
      factors.length ? S.t("score.sure_rank", { factors: factors.join(S.t("sure.list")) }) : "",
      data.certainty && S.speedStatus(data.certainty) === "uncalibrated" ? S.t("score.sure_speeds") : "", S.t(S.hasPeople() ? "sign.basis_" + data.study.basis : "score.places_counted"),
    ];
    S.fill("sure-body", [S.el("ul", { class: "card sure-list" }, lines.filter(Boolean).map((line) => S.el("li", { text: line })))]);
  }

  S.startScorePage = function () {
    S.onLanguage(() => {
      document.getElementById("page-title").textContent = S.t("score.title");
      const map = document.getElementById("to-map");
      map.hidden = !data.has_map;
      map.href = S.pageLink("score-map.html");
      S.showHead(S.t("score.title"));
      S.languageSwitch();
      if (study) {
        showAnswer();
        showHolds();
        showGain();
        showPicture();
        showTerms();
        showPillars();
        showFailed();
        S.fill("obstacles-body", [obstacleList(study, FIRST_OBSTACLES)]);
        showSure();
        showLeftOut();
      }
      showTownships();
      showFlows();
      showClusters();
      showTowns();
      S.showTypes();
      S.showAbout("about", []);
    });
    S.setLanguage(S.language);
    document.body.dataset.ready = "yes";
  };
})(window.Spatial);
