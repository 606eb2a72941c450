"use strict";
/* Which class each settlement is in, and how many people that makes. The rule is `value <= threshold`, inclusive, as
   in Python. */
(function (S) {
  S.LOOKS = {
    within_half: { fill: "#fdebc8", dense: "#efcf8e", line: "#9a7a2e" },
    within_limit: { fill: "#f8c98a", line: "#8f6a24" },
    over_quarter: { fill: "#eb9350", line: "#8a4310" },
    over_half: { fill: "#c44a24", line: "#6e2409" },
    over_most: { fill: "#a3162e", line: "#5c0a18" },
    searched: { fill: "#a3162e", line: "#5c0a18" },
    no_way: { fill: "#ffffff", dense: "#a3162e", line: "#a3162e", pattern: "open" },
    no_data: { fill: "#ffffff", dense: "#8b9298", line: "#6b737a", pattern: "hatch" },
    out_of_scope: { fill: "#ffffff", dense: "#c3c7ca", line: "#9aa1a6", pattern: "ring", most: 3 },
    none_mapped: { fill: "#ffffff", dense: "#8b9298", line: "#6b737a", pattern: "hatch" },
    none_there: { fill: "#86162c", line: "#4b0614" },
    connected: { fill: "#fbe3a6", dense: "#e3b448", line: "#7a5c12" },
    near: { fill: "#f0b050", line: "#7d5208" },
    gap: { fill: "#d0582f", line: "#6e270d" },
    none: { fill: "#7c1029", line: "#450413" },
    sure_within: { fill: "#fbe3a6", dense: "#e3b448", line: "#7a5c12" },
    may: { fill: "#ee8f3f", line: "#7c3f0c" },
    sure_beyond: { fill: "#86162c", line: "#4b0614" },
    kept: { fill: "#fbe3a6", dense: "#e3b448", line: "#7a5c12" },
    slower: { fill: "#ee8f3f", line: "#7c3f0c" },
    lost: { fill: "#86162c", line: "#4b0614" },
    not_served: { fill: "#8f969b", line: "#3f474d" },
    ample: { fill: "#fbe3a6", dense: "#e3b448", line: "#7a5c12" },
    fair: { fill: "#f0b050", line: "#7d5208" },
    short: { fill: "#d0582f", line: "#6e270d" },
    nothing: { fill: "#7c1029", line: "#450413" },
    unknown: { fill: "#ffffff", dense: "#8b9298", line: "#6b737a", pattern: "hatch" },
    change_gained: { fill: "#00707a", line: "#00373c" },
    change_quicker: { fill: "#97d2c7", line: "#2e6f66" },
    change_same: { fill: "#f3f2ee", dense: "#c6c6c0", line: "#7c7f80" },
    change_slower: { fill: "#f2a97c", line: "#8a4a1e" },
    change_lost: { fill: "#a3210f", line: "#550f06" },
    change_neither: { fill: "#8f969b", line: "#3f474d" },
    change_unknown: { fill: "#ffffff", dense: "#8b9298", line: "#6b737a", pattern: "hatch" },
    room_served: { fill: "#fbe3a6", dense: "#e3b448", line: "#7a5c12" },
    room_partly_served: { fill: "#f0b050", line: "#7d5208" },
    room_full: { fill: "#d0582f", line: "#6e270d" },
    room_not_reached: { fill: "#7c1029", line: "#450413" },
    room_nobody: { fill: "#ffffff", dense: "#c3c7ca", line: "#6b737a", pattern: "ring" },
    level_5: { fill: "#fbe3a6", dense: "#e3b448", line: "#7a5c12" },
    level_4: { fill: "#f0b050", line: "#7d5208" },
    level_3: { fill: "#e0763a", line: "#7c3f0c" },
    level_2: { fill: "#b3322f", line: "#5c1211" },
    level_1: { fill: "#5d0c22", line: "#2f0410" },
    cluster_good: { fill: "#00707a", line: "#00373c" },
    cluster_good_among_bad: { fill: "#97d2c7", line: "#2e6f66" },
    cluster_none: { fill: "#f3f2ee", dense: "#c6c6c0", line: "#7c7f80" },
    cluster_bad_among_good: { fill: "#f2a97c", line: "#8a4a1e" },
    cluster_bad: { fill: "#a3210f", line: "#550f06" },
    fulcrum_high: { fill: "#0b3c66", line: "#04203a" },
    fulcrum_middle: { fill: "#5b8fbf", line: "#27537d" },
    fulcrum_low: { fill: "#bcd6ec", line: "#4f7699" },
    fulcrum_none: { fill: "#f3f2ee", dense: "#c6c6c0", line: "#9a9d9e" },
    room_unknown: { fill: "#ffffff", dense: "#8b9298", line: "#6b737a", pattern: "hatch" },
  };

  /* Where no norm asks for it nobody is beyond one: greys, which call for nothing. */
  const PLAIN_LOOKS = {
    within_half: { fill: "#eef0f0", dense: "#cfd4d6", line: "#78838a" },
    within_limit: { fill: "#cfd4d6", line: "#6b757b" },
    over_quarter: { fill: "#a3abaf", line: "#566168" },
    over_half: { fill: "#78838a", line: "#3f484d" },
    over_most: { fill: "#4d565b", line: "#262c2f" },
    searched: { fill: "#4d565b", line: "#262c2f" },
    no_way: { fill: "#ffffff", dense: "#4d565b", line: "#4d565b", pattern: "open" },
  };
  S.lookOf = (layer, name) => (layer.kind === "threshold" && layer.norm === null && !layer.key && PLAIN_LOOKS[name]) || S.LOOKS[name];

  /* A limit parts two classes within from three beyond; then come those beyond without a value, and those not judged. */
  const GRADED = ["within_half", "within_limit", "over_quarter", "over_half", "over_most", "searched", "no_way", "no_data", "out_of_scope"];
  const OVER = 2;
  S.NO_WAY = GRADED.indexOf("no_way");
  S.JUDGED = [...GRADED.keys()].slice(0, S.NO_WAY + 1);
  S.BEYOND = S.JUDGED.slice(OVER);
  const FIXED = { compare: 0, beyond: 1, no_data: 2, out_of_scope: 3, searched: 4 };
  const CODE_OF_FIXED = [0, S.NO_WAY, GRADED.indexOf("no_data"), GRADED.indexOf("out_of_scope"), GRADED.indexOf("searched")];

  S.classesOf = (layer) => layer.classes || GRADED;

  /* As `class_limits` in Python: half of the limit, the limit, a quarter and a half above it, in whole steps. */
  S.classLimits = function (threshold, step) {
    const up = (share) => Math.ceil((threshold * share) / step) * step;
    return [Math.min(threshold, up(0.5)), threshold, threshold + Math.max(step, up(0.25)), threshold + Math.max(2 * step, up(0.5))];
  };

  /* People or places within and beyond, of those that are judged. */
  S.split = function (amounts) {
    const sum = (codes) => codes.reduce((total, code) => total + amounts[code], 0);
    return { within: sum(S.JUDGED.slice(0, OVER)), beyond: sum(S.BEYOND), judged: sum(S.JUDGED) };
  };

  /* Beyond without a value: no way is mapped, or there may be one that is longer than was searched. */
  S.markSearched = function (layer, ways) {
    if (layer.kind !== "threshold") return;
    const own = ways[layer.mode], told = own ? [own] : Object.values(ways);
    for (let i = 0; i < layer.fixed.length; i++) {
      if (layer.fixed[i] === FIXED.beyond && told.some((way) => way.statuses[way.status[i]] === "beyond_cutoff")) layer.fixed[i] = FIXED.searched;
    }
  };

  /* Seconds begun may be more than the exact time: at best is never above the time as assumed, at worst never below. */
  S.bounded = function (layer) {
    if (!layer.low || !layer.values) return layer;
    const bound = (side, pick) => side.map((value, i) => (isFinite(value) && isFinite(layer.values[i]) ? pick(value, layer.values[i]) : value));
    return Object.assign(layer, { low: bound(layer.low, Math.min), high: bound(layer.high, Math.max) });
  };

  /* At best and at worst of the runs: within in both, in one of them, or in none. No minutes are no way. */
  function classifySure(layer, threshold) {
    const limit = S.limit(threshold);
    return Uint8Array.from(layer.fixed, (fixed, i) => {
      if (fixed === FIXED.no_data || fixed === FIXED.out_of_scope) return fixed + 1;
      return layer.high[i] <= limit ? 0 : layer.low[i] <= limit ? 1 : 2;
    });
  }

  S.classify = function (layer, threshold) {
    if (layer.kind === "classes") return layer.codes;
    if (layer.kind === "sure") return classifySure(layer, threshold);
    const n = layer.values.length;
    const result = new Uint8Array(n);
    const limits = S.classLimits(threshold, layer.step).map(S.limit);
    for (let i = 0; i < n; i++) {
      let code = CODE_OF_FIXED[layer.fixed[i]];
      if (layer.fixed[i] === FIXED.compare) while (code < limits.length && !(layer.values[i] <= limits[code])) code++;
      result[i] = code;
    }
    return result;
  };

  function emptySums(n) {
    return { people: new Float64Array(n), places: new Float64Array(n), uncounted: 0 };
  }

  function add(sums, code, population) {
    sums.places[code] += 1;
    if (population >= 0) sums.people[code] += population;
    else sums.uncounted += 1;
  }

  /* People and places a class, over what the filters leave. */
  S.sums = function (state, classes) {
    const sums = emptySums(S.classesOf(state.layer).length);
    const population = state.places.population;
    for (let i = 0; i < classes.length; i++) {
      if (S.inFilter(state, i)) add(sums, classes[i], population ? population[i] : NaN);
    }
    return sums;
  };

  /* Who is beyond at best and at worst, among those that the layer judges; null without runs. */
  S.spanOf = function (state) {
    const { layer, threshold } = state;
    if (layer.kind !== "threshold" || !layer.low) return null;
    const span = { low: 0, high: 0 }, limit = S.limit(threshold);
    for (let i = 0; i < layer.fixed.length; i++) {
      if (layer.fixed[i] === FIXED.no_data || layer.fixed[i] === FIXED.out_of_scope || !S.inFilter(state, i)) continue;
      const weight = S.hasPeople() ? Math.max(0, state.places.population[i] || 0) : 1;
      if (!(layer.low[i] <= limit)) span.low += weight;
      if (!(layer.high[i] <= limit)) span.high += weight;
    }
    return span;
  };

  S.sumsByTownship = function (state, classes) {
    const n = S.classesOf(state.layer).length;
    const rows = state.places.townships.map(() => emptySums(n));
    const outside = emptySums(n);
    const population = state.places.population;
    for (let i = 0; i < classes.length; i++) {
      if (!S.inFilterBesideTownship(state, i)) continue;
      const township = state.places.township[i];
      add(township >= 0 ? rows[township] : outside, classes[i], population ? population[i] : NaN);
    }
    return { rows, outside };
  };
})(window.Spatial);
