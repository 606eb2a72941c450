"use strict";
/* Levels, gaps and ranks in words, bars and signs: the same on the page of the score and on the fact sheet. */
(function (S) {
  const known = (value) => value !== null && value !== undefined && isFinite(value);
  S.isKnown = known;

  S.unitName = (unit) => S.pick(unit.names, unit.id);

  S.levelText = (value) => (known(value) ? S.hundredths(value) : S.t("score.not_known"));

  const missingText = (unit) => unit.missing.map((part) => S.t("score.missing_pillar", { pillar: S.t("pillar." + part.pillar), reason: S.t("score." + part.reason) })).join(S.t("sure.list"));

  /* Some gaps that have a target are measured and within it, others are not measured: too few of them, and no band is said. */
  const partly = (unit) => unit.gap_band !== "wide" && unit.gaps_measured > 0 && unit.gaps_measured < unit.gaps_targeted;

  /* Level, gaps and mandatory norms, as the bands of the table say; by how many pillars, where any is missing. */
  S.scoreAnswer = function (unit) {
    const level = S.t("score.level_" + unit.level_band), why = S.pick(unit.hidden), some = !why && unit.missing.length > 0 && unit.pillars_measured > 0;
    const told = S.t(some ? "score.answer_partial" : "score.answer", {
      level: some ? S.inText(level) : level, gap: S.t("score.gap_" + unit.gap_band + (partly(unit) ? "_some" : ""), { met: unit.gaps_met, measured: unit.gaps_measured, total: unit.gaps_targeted, n: unit.gaps_measured }),
      gates: S.t("score.gates_" + unit.mandatory_status + (unit.mandatory_status === "fail" && unit.gates_in_force === 1 ? "_only" : ""), { n: unit.mandatory_status === "pass" ? unit.gates_in_force : unit.failed.length, m: unit.gates_in_force }),
      known: unit.pillars_measured, total: unit.pillars_measured + unit.missing.length, missing: missingText(unit),
    });
    return told + (why ? S.t("page.joint") + why : "");
  };

  /* Ends of the interval of a level; null where they read as the level does. */
  S.levelSpan = (unit) => (known(unit.level_low) && known(unit.level_high) && S.hundredths(unit.level_low) !== S.hundredths(unit.level_high) ? [unit.level_low, unit.level_high] : null);

  S.intervalText = function (unit) {
    const span = S.levelSpan(unit), reasons = [];
    if (unit.missing.length) reasons.push(S.t("score.interval_pillars", { n: unit.missing.length, total: unit.pillars_measured + unit.missing.length }));
    if (unit.gates_unjudged) reasons.push(S.t("score.interval_gates", { n: unit.gates_unjudged }));
    return span ? S.t("score.interval", { low: S.hundredths(span[0]), high: S.hundredths(span[1]), reasons: reasons.join(S.t("sure.list")) }) : "";
  };

  const TERMS = ["theil", "dissimilarity", "gap_ratio", "border"];

  /* The index with the terms on which it rests: what could not be compared is none of it. */
  S.indexText = function (unit) {
    if (!known(unit.segmentation_index)) return "";
    const has = (term) => unit.terms.includes(term), value = S.hundredths(unit.segmentation_index);
    const terms = TERMS.filter(has).map((term) => S.t("segmentation_term." + term)).join(S.t("sure.list"));
    if (unit.terms.length >= TERMS.length) return S.t("score.index", { value, terms });
    return S.t(has("theil") || has("gap_ratio") ? "score.index_some" : "score.index_no_town", { value, terms });
  };

  /* How few of its terms an index in a table rests on. */
  S.termsText = (unit) => (known(unit.segmentation_index) && unit.terms.length < TERMS.length ? S.t("score.terms", { n: unit.terms.length, total: TERMS.length }) : "");

  /* How many of the gaps that have a target could be held against it. */
  S.measuredText = (unit) => (unit.gaps_measured < unit.gaps_targeted ? S.t("score.gaps_measured", { n: unit.gaps_measured, total: unit.gaps_targeted }) : "");

  /* Which norms cannot be counted on; people beyond each stand with the norms, and are never one number of all. */
  S.normsText = function (unit) {
    const score = S.data.score, left = (score.left_out.nothing_mapped || []).length;
    const unmapped = left ? S.t("score.why_unmapped", { n: left }) : "";
    if (score.in_access === 0) return [S.t("score.why_no_norm"), unmapped].filter(Boolean).join(S.t("page.joint"));
    if (!known(unit.unserved_persons) || !known(unit.population_persons)) return S.t(S.hasPeople() ? "score.why_unknown" : "score.why_places");
    return unmapped;
  };

  S.gapsText = (met, measured) => (measured ? S.t("score.gaps_met", { met, n: measured }) : S.t("score.gaps_none"));

  S.gatesText = function (unit) {
    if (!unit.gates_in_force) return S.t("score.gates_short");
    return unit.gates_unjudged === unit.gates_in_force ? S.t("score.not_known") : S.t("score.gates_met", { passed: unit.gates_passed, n: unit.gates_in_force });
  };

  /* What mandatory norms in force that are neither met nor known to fail do to the level. */
  S.unjudgedText = function (unit) {
    const n = unit.gates_unjudged;
    return n > 0 ? S.t("score.unjudged", { n }) : "";
  };

  /* A bar from 0 to 1 with the ticks of the bands; a level that is not known is hatched, an interval has ends. */
  S.levelBar = function (value, span) {
    const parts = S.data.score.bands.map((band) => S.el("i", { style: { left: 100 * band + "%" } }));
    if (known(value)) parts.unshift(S.el("b", { style: { width: 100 * value + "%" } }));
    if (span) parts.push(S.el("em", { style: { left: 100 * span[0] + "%", width: 100 * (span[1] - span[0]) + "%" } }));
    return S.el("div", { class: "level-bar" + (known(value) ? "" : " level-unknown"), "aria-hidden": "true" }, parts);
  };

  const SIGNS = { yes: ["met", "✓", "within"], no: ["not_met", "✕", "beyond"], unknown: ["not_measurable", "?", "unknown"] };

  /* What is not there, where a component has no value and that is known. */
  S.whyText = (part) => (part.detail && S.has("made." + part.detail) ? S.t("made." + part.detail) : part.why ? S.t("score.why_" + part.why) : "");

  S.gapPill = function (part) {
    const [look, sign, word] = SIGNS[part.meets_target] || SIGNS.unknown;
    const text = part.meets_target === "unknown" && part.component_status !== "measured" ? S.t("score." + part.component_status) : S.t("score." + word);
    return S.el("span", { class: "pill gap-pill status-" + look }, [S.el("span", { "aria-hidden": "true", class: "sign", text: sign }), S.el("span", { text })]);
  };

  function shown(value, unit) {
    if (unit === "share") return S.percent(value);
    if (unit === "min") return S.t("unit.min", { n: S.decimal(value) });
    if (unit === "m") return S.distance(value);
    if (unit === "count") return S.number(value);
    return S.hundredths(value);
  }

  S.partValue = (part) => (known(part.value) ? shown(part.value, part.unit) : "–");

  S.targetText = (part) => (known(part.target) ? S.t(part.at_least ? "score.target_least" : "score.target_most", { value: shown(part.target, part.unit) }) : "");

  S.flowKind = (kind) => S.word("flow_kind", kind);

  S.partName = function (part) {
    if (!S.hasPeople() && S.has("score.part_" + part.name + "_places")) return S.t("score.part_" + part.name + "_places");
    if (S.has("score.part_" + part.name)) return S.t("score.part_" + part.name);
    if (part.kind) return S.capital(S.t("component." + part.name, { kind: S.flowKind(part.kind) }));
    if (part.name === "flow_balance" && part.detail) return S.capital(S.t("component.flow_balance")) + S.t("page.colon") + S.flowKind(part.detail);
    return S.capital(S.word("component", S.has("component." + part.name + "_any") ? part.name + "_any" : part.name));
  };

  function groupName(group) {
    for (const key of ["official." + group, "group." + group + "_persons", "term." + group]) if (S.has(key)) return S.t(key);
    return group.replace(/_/g, " ");
  }

  /* The group that norms are met for least, with how many norms the groups are compared by. */
  function worstGroup(group, norms) {
    if (group === "everybody") return S.t("score.no_groups");
    const name = S.inText(groupName(group));
    return S.t("score.worst_group", { group: norms ? S.t("made.group", { group: name, norms }) : name });
  }

  /* One of several parts of a detail: a norm, who counts as a neighbour, or a number with its unit. */
  function madeBy(part) {
    const norm = S.data.score.norms[part], chance = /^p=([\d.]+)$/.exec(part), reach = /^([\d.]+) km$/.exec(part);
    if (chance) return "p = " + S.thousandths(Number(chance[1]));
    if (reach) return S.t("unit.km", { n: S.decimal(Number(reach[1])) });
    return norm ? S.normText(norm) : S.has("made." + part) ? S.t("made." + part) : part;
  }

  /* What made a component: the worst group, the road, the norm, or the service. */
  S.partDetail = function (part) {
    if (!part.detail || ["gates_passed", "flow_balance"].includes(part.name)) return "";
    if (part.name === "two_way_flow") return S.flowKind(part.detail);
    if (part.name === "worst_group_attainment" && !S.has("made." + part.detail)) return worstGroup(...part.detail.split(";norms="));
    if (part.name === "robust_coverage") return S.pick(part.detail_names) || S.t("score.road", { id: part.detail });
    if (part.detail.includes(";") || S.has("made." + part.detail)) return part.detail.split(";").map(madeBy).join(S.t("sure.list"));
    const norm = S.data.score.norms[part.detail];
    return norm ? S.normText(norm) : S.pick(part.detail_names) || S.word("service", part.detail);
  };

  /* People behind a component, with those among whom they are counted. */
  S.behindText = function (part, unit) {
    if (!S.hasPeople() || !known(part.persons) || !(part.persons > 0)) return "";
    if (part.name === "border_effect_min") return S.t("score.people_border", { n: part.persons });
    if (part.side === "gap") return unit && known(unit.population_persons) ? S.t("score.people_behind_of", { n: part.persons, total: unit.population_persons }) : S.t("score.people_behind", { n: part.persons });
    if (!known(part.persons_known)) return unit && known(unit.population_persons) ? S.t("score.people_lack_all", { n: part.persons, total: unit.population_persons }) : S.t("score.people_lack", { n: part.persons });
    return S.t("score.people_lack_of", { n: part.persons, total: part.persons_known }) + (part.persons_unknown >= 0.5 ? S.t("score.people_unknown", { n: part.persons_unknown }) : "");
  };

  /* People or places beyond a mandatory norm, by what its share is of, among all whom it asks about, and of how many nobody knows. */
  S.failedText = function (entry) {
    const people = known(entry.persons) && (entry.share_of !== "places" || !known(entry.places));
    const [n, total, unknown] = (people ? ["persons", "persons_total", "persons_unknown"] : ["places", "places_total", "places_unknown"]).map((key) => entry[key]);
    if (!known(n) || !known(total)) return "";
    const told = S.t(people ? "fact.beyond" : "fact.beyond_places", { n, base: (people ? S.peopleOf : S.placesOf)(S.data.score.norms[entry.norm] || {}, total) });
    return told + (unknown >= 0.5 ? S.t(people ? "score.people_unknown" : "score.places_unknown", { n: unknown }) : "");
  };

  /* Ends of a component of a level that read otherwise than its value. */
  S.partSpan = (part) => (part.side === "level" && known(part.low) && known(part.high) && S.percent(part.low) !== S.percent(part.high) ? [part.low, part.high] : null);

  S.spanText = function (part) {
    const span = S.partSpan(part);
    return span ? S.t("score.part_span", { low: S.percent(span[0]), high: S.percent(span[1]) }) : "";
  };

  const unitOf = (kind) => S.word("flow_unit", S.has("flow_unit." + kind) ? kind : "other");
  S.flowAmount = (value, kind) => (known(value) ? S.t("score.flow_amount", { amount: S.number(value), unit: unitOf(kind) }) : "–");

  S.normTitle = (id) => (S.data.score.norms[id] ? S.normText(S.data.score.norms[id]) + S.bracketed(id) : id);

  S.partsOf = (unit, pillar, side) => unit.parts.filter((part) => part.pillar === pillar && part.side === side);

  S.countMet = function (parts) {
    const judged = parts.filter((part) => part.meets_target === "yes" || part.meets_target === "no");
    return { met: judged.filter((part) => part.meets_target === "yes").length, measured: judged.length };
  };

  /* What is missing most, the largest first. */
  S.obstaclesOf = (unit) => unit.parts.filter((part) => part.obstacle > 0).sort((a, b) => b.obstacle - a.obstacle);

  /* Ranks 1 to n from left to right: the line is the interval, the diamond the median. */
  S.rankBar = function (unit, n) {
    const at = (rank) => 4 + (92 * (rank - 1)) / Math.max(1, n - 1);
    const x = at(unit.median_rank);
    return S.svg("svg", { viewBox: "0 0 100 14", width: "100", height: "14", class: "rank-bar", "aria-hidden": "true" }, [
      S.svg("path", { d: "M4 7H96", stroke: "#d3d7d9", "stroke-width": "2" }),
      S.svg("path", { d: "M" + at(unit.low_rank) + " 7H" + at(unit.high_rank), stroke: "#5c6f80", "stroke-width": "5" }),
      S.svg("path", { d: "M" + x + " 1.5l4.5 5.5-4.5 5.5-4.5-5.5z", fill: "#0b3c66", stroke: "#fff" }),
    ]);
  };
})(window.Spatial);
