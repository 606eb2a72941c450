"use strict";
/* Which class each settlement is in, and how many people that makes. The rule is `value <= threshold`, inclusive, as
   in Python. */
(function (S) {
  S.LOOKS = {
    within: { fill: "#fbe3a6", dense: "#e3b448", line: "#7a5c12" },
    near_miss: { fill: "#ee8f3f", line: "#7c3f0c" },
    beyond: { fill: "#86162c", line: "#4b0614" },
    no_data: { fill: "#ffffff", dense: "#8b9298", line: "#6b737a", pattern: "hatch" },
    out_of_scope: { fill: "#ffffff", dense: "#c3c7ca", line: "#6b737a", pattern: "ring" },
    connected: { fill: "#fbe3a6", dense: "#e3b448", line: "#7a5c12" },
    near: { fill: "#f0b050", line: "#7d5208" },
    gap: { fill: "#d0582f", line: "#6e270d" },
    none: { fill: "#7c1029", line: "#450413" },
    unknown: { fill: "#ffffff", dense: "#8b9298", line: "#6b737a", pattern: "hatch" },
  };

  const THRESHOLD_CLASSES = ["within", "near_miss", "beyond", "no_data", "out_of_scope"];
  const FIXED = { compare: 0, beyond: 1, no_data: 2, out_of_scope: 3 };

  S.classesOf = (layer) => (layer.kind === "classes" ? layer.classes : THRESHOLD_CLASSES);

  S.classify = function (layer, threshold) {
    if (layer.kind === "classes") return layer.codes;
    const n = layer.values.length;
    const result = new Uint8Array(n);
    const limit = S.limit(threshold), near = S.limit(threshold + layer.near);
    for (let i = 0; i < n; i++) {
      const fixed = layer.fixed[i];
      if (fixed === FIXED.compare) result[i] = layer.values[i] <= limit ? 0 : layer.values[i] <= near ? 1 : 2;
      else result[i] = fixed + 1;
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
