"use strict";
/* How far people are from the service of the first finding: the curve of people within, and the places that are farthest. */
(function (S) {
  const D = S.draw;
  const HEIGHT = 240, LEFT = 52, RIGHT = 16, TOP = 20, BOTTOM = 28, GRID = "#e3e6e6", FAINT = "#566168";
  const ROW = 22, NAME_PX = 150, VALUE_PX = 64;
  const label = (x, y, text, more) => S.svg("text", { x: x.toFixed(1), y: y.toFixed(1), "font-size": 13, fill: FAINT, ...more, text });
  const line = (d, more) => S.svg("path", { d, fill: "none", ...more });

  /* Round marks along an axis, at most so many steps: whole ones, as they are written without decimals. */
  function marksUpTo(most, count) {
    const power = Math.pow(10, Math.floor(Math.log10(most / 4))), step = [1, 1.5, 2, 3, 5, 10].map((one) => one * power).find((one) => most / one <= count && one % 1 === 0);
    return Array.from({ length: Math.floor(most / step) + 1 }, (_, k) => k * step);
  }

  function curve(reach, width) {
    const most = Math.max(reach.curve[reach.curve.length - 1][0], reach.threshold || 0) || 1, across = width - LEFT - RIGHT, down = HEIGHT - TOP - BOTTOM;
    const x = (value) => LEFT + (across * value) / most, y = (sum) => TOP + down * (1 - sum / reach.all);
    const points = reach.curve.map(([value, sum]) => x(value).toFixed(1) + " " + y(sum).toFixed(1));
    const limit = reach.threshold, at = limit === null ? null : reach.curve.find(([value]) => value >= limit) || reach.curve[reach.curve.length - 1];
    const beyond = at ? reach.curve.filter(([value]) => value >= limit) : [];
    const nodes = [
      ...[0, 0.25, 0.5, 0.75, 1].flatMap((share) => [line("M" + LEFT + " " + y(share * reach.all).toFixed(1) + "h" + across, { stroke: GRID }), label(LEFT - 6, y(share * reach.all) + 4, S.percent(share), { "text-anchor": "end" })]),
      ...marksUpTo(most, width < 420 ? 3 : 6).map((value) => label(x(value), HEIGHT - 8, S.measure(value, reach.unit), { "text-anchor": !value ? "start" : x(value) + S.textWidth(S.measure(value, reach.unit)) / 2 > width ? "end" : "middle" })),
      beyond.length > 1 ? line("M" + beyond.map(([value, sum]) => x(value).toFixed(1) + " " + y(sum).toFixed(1)).join("L") + "L" + x(most).toFixed(1) + " " + TOP + "L" + x(limit).toFixed(1) + " " + TOP + "Z", { fill: D.BEYOND, opacity: 0.12 }) : null,
      line("M" + points.join("L"), { stroke: D.INK, "stroke-width": 2.5, "stroke-linejoin": "round" }),
    ];
    if (at) {
      nodes.push(line("M" + x(limit).toFixed(1) + " " + TOP + "v" + down, { stroke: D.BEYOND, "stroke-dasharray": "4 3", "stroke-width": 1.5 }));
      nodes.push(S.svg("circle", { cx: x(limit).toFixed(1), cy: y(at[1]).toFixed(1), r: 5, fill: D.BEYOND, stroke: "#fff", "stroke-width": 1.5 }));
      const isRight = x(limit) < width * 0.6;
      nodes.push(S.haloText(x(limit) + (isRight ? 9 : -9), y(at[1]) + 18, S.percent(at[1] / reach.all), { "font-weight": 700, fill: D.BEYOND, "text-anchor": isRight ? "start" : "end" }));
    }
    if (reach.target) nodes.push(line("M" + LEFT + " " + y(reach.target * reach.all).toFixed(1) + "h" + across, { stroke: D.INK, "stroke-dasharray": "2 3" }), S.haloText(LEFT + 6, y(reach.target * reach.all) - 5, S.t("answer.curve_target", { share: S.percent(reach.target) })));
    return D.sheet({ width, height: HEIGHT }, S.pick(S.data.answer.texts).curve, nodes);
  }

  function shortened(text, width) {
    if (S.textWidth(text) <= width) return text;
    let kept = [...text];
    while (kept.length && S.textWidth(kept.join("") + "…") > width) kept = kept.slice(0, -1);
    return kept.join("") + "…";
  }

  /* Each place as a stick from the limit, or from nothing, to how far it is. */
  function farthest(reach, width) {
    const most = Math.max(...reach.farthest.map((place) => place.value)), from = reach.threshold && reach.threshold < most ? reach.threshold : 0, across = width - NAME_PX - 8 - VALUE_PX;
    const lost = [[reach.searched.places, "class.searched"], [reach.no_way.places, "answer.no_way"]].filter(([n]) => n);
    const x = (value) => NAME_PX + 8 + (across * (value - from)) / (most - from || 1), height = (reach.farthest.length + lost.length) * ROW + 22;
    const nodes = reach.farthest.flatMap((place, k) => {
      const y = 14 + k * ROW, end = x(Math.max(place.value, from));
      return [
        label(NAME_PX, y + 4, shortened(S.answerParts.named(place.names), NAME_PX), { "text-anchor": "end", fill: D.INK }),
        line("M" + x(from).toFixed(1) + " " + y + "H" + end.toFixed(1), { stroke: "#c9cdcd", "stroke-width": 2 }),
        S.svg("circle", { cx: end.toFixed(1), cy: y, r: 5, fill: reach.threshold === null ? S.answerParts.DARK : place.value > reach.threshold ? D.BEYOND : D.WITHIN }),
        label(end + 10, y + 4, S.measure(place.value, reach.unit, reach.threshold === null ? undefined : reach.threshold), { fill: D.INK }),
      ];
    });
    // Neither is a number of minutes: a ring of its own, last.
    lost.forEach(([n, key], k) => {
      const y = 10 + (reach.farthest.length + k) * ROW;
      nodes.push(label(NAME_PX, y + 8, S.t("unit.places", { n }), { "text-anchor": "end", fill: D.INK }), S.svg("circle", { cx: NAME_PX + 16, cy: y + 4, r: 5, fill: "#fff", stroke: D.BEYOND, "stroke-width": 2 }), label(NAME_PX + 28, y + 8, S.t(key), { fill: D.INK }));
    });
    if (from) nodes.push(line("M" + x(from).toFixed(1) + " 2v" + (reach.farthest.length * ROW + 4), { stroke: D.BEYOND, "stroke-dasharray": "4 3" }), label(x(from), height - 4, S.measure(from, reach.unit), { "text-anchor": "middle", fill: D.BEYOND }));
    return D.sheet({ width, height }, S.pick(S.data.answer.texts).farthest, nodes);
  }

  S.showReach = function () {
    const reach = S.data.answer && S.data.answer.reach;
    document.getElementById("reach").hidden = !reach;
    if (!reach) return;
    const texts = S.pick(S.data.answer.texts);
    document.getElementById("curve-title").textContent = S.isolated(texts.curve);
    document.getElementById("farthest-title").textContent = S.isolated(texts.farthest);
    for (const [id, draw] of [["curve-drawing", curve], ["farthest-drawing", farthest]]) S.fill(id, [draw(reach, Math.max(280, document.getElementById(id).clientWidth || 560))]);
  };
})(window.Spatial);
