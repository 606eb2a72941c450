"use strict";
/* How many are within any limit: a curve over those that are judged, with the limit as the slider has it and the share
   that the norm asks for. */
(function (S) {
  const WIDTH = 352, HEIGHT = 112, LEFT = 42, RIGHT = 8, TOP = 8, BOTTOM = 20, STEPS = 120;

  /* Shares of people, or of places, within each of the steps up to the end of the slider; inclusive as classes are. */
  function sharesOf(state) {
    const { layer, places } = state, limits = Array.from({ length: STEPS + 1 }, (_, k) => S.limit((layer.max * k) / STEPS));
    const sums = new Float64Array(STEPS + 2);
    let total = 0;
    for (let i = 0; i < layer.values.length; i++) {
      if (!S.JUDGED.includes(state.classes[i]) || !S.inFilter(state, i)) continue;
      const weight = S.hasPeople() ? Math.max(0, places.population[i] || 0) : 1, value = layer.values[i];
      total += weight;
      // Close to its step, then up or down to the one that holds it.
      let k = Math.max(0, Math.min(STEPS + 1, Math.ceil((value / layer.max) * STEPS)));
      if (!isFinite(value)) k = STEPS + 1;
      while (k > 0 && value <= limits[k - 1]) k--;
      while (k <= STEPS && !(value <= limits[k])) k++;
      sums[k] += weight;
    }
    for (let k = 1; k <= STEPS; k++) sums[k] += sums[k - 1];
    return { shares: [...sums.slice(0, STEPS + 1)].map((sum) => (total > 0 ? sum / total : 0)), total };
  }

  S.showCurve = function (state) {
    const { layer, threshold } = state, box = document.getElementById("curve");
    const { shares, total } = layer.kind === "threshold" ? sharesOf(state) : { shares: [], total: 0 };
    box.hidden = !(total > 0);
    if (box.hidden) return;
    const noun = S.hasPeople() ? "people" : "places", { within, judged } = S.split(S.hasPeople() ? state.sums.people : state.sums.places);
    const norm = layer.norm === null || layer.norm === undefined ? null : state.norms[layer.norm], target = norm && norm.target_share;
    const x = (value) => LEFT + ((WIDTH - LEFT - RIGHT) * value) / layer.max, y = (share) => HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share;
    const text = (at, down, words, more) => S.svg("text", { x: at.toFixed(1), y: down.toFixed(1), "font-size": 13, fill: "#566168", ...more, text: words });
    const line = shares.map((share, k) => (k ? "L" : "M") + x((layer.max * k) / STEPS).toFixed(1) + " " + y(share).toFixed(1)).join("");
    const share = judged > 0 ? within / judged : 0, at = x(threshold), colour = norm && share < target ? "#a3162e" : "#1d2529", isRight = threshold > layer.max * 0.7;
    const bar = (d, more) => S.svg("path", { d, fill: "none", stroke: "#1d2529", "stroke-width": 1, ...more });
    // The share at the point stands below the curve, where no line is.
    const told = text(at + (isRight ? -8 : 8), Math.min(y(share) + 18, HEIGHT - BOTTOM - 4), S.percent(share), { fill: colour, "font-weight": 700, "text-anchor": isRight ? "end" : "start" });
    document.getElementById("curve-title").textContent = S.t("curve.title_" + noun + "_" + (layer.unit === "min" ? "min" : "m"));
    S.fill("curve-drawing", [S.svg("svg", { viewBox: "0 0 " + WIDTH + " " + HEIGHT, width: WIDTH, height: HEIGHT, role: "img", "aria-label": S.t("curve.label_" + noun, { share: S.percent(share), measure: S.limitText(threshold, layer.unit) }) }, [
      target ? bar("M" + LEFT + " " + y(target).toFixed(1) + "H" + (WIDTH - RIGHT), { "stroke-dasharray": "3 3", stroke: "#566168" }) : null,
      target ? text(LEFT - 4, y(target) + 5, S.percent(target), { "text-anchor": "end" }) : null,
      bar("M" + LEFT + " " + y(0) + "H" + (WIDTH - RIGHT), { stroke: "#a9aeb0" }),
      bar("M" + at.toFixed(1) + " " + TOP + "V" + y(0), { stroke: "#566168" }),
      bar(line, { "stroke-width": 2, "stroke-linejoin": "round" }),
      S.svg("circle", { cx: at.toFixed(1), cy: y(share).toFixed(1), r: 5, fill: colour, stroke: "#fff", "stroke-width": 1.5 }),
      told,
      text(LEFT, HEIGHT - 4, "0"),
      // A limit that is the end of the slider is written once.
      threshold < layer.max ? text(Math.max(LEFT + 40, Math.min(at, WIDTH - RIGHT - 70)), HEIGHT - 4, S.limitText(threshold, layer.unit), { "text-anchor": "middle", fill: "#1d2529" }) : null,
      text(WIDTH - RIGHT, HEIGHT - 4, S.measure(layer.max, layer.unit), { "text-anchor": "end" }),
    ])]);
  };
})(window.Spatial);
