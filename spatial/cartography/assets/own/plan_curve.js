"use strict";
/* What each further action brings: the share within by number of actions, or by kilometres, with the line of the norm. */
(function (S) {
  const INK = "#1d2529", GREY = "#566168", GAINED = "#0b6b66", BEYOND = "#a3162e";
  const LEAST = 170, MOST = 230, LEFT = 52, RIGHT = 34, TOP = 26, BOTTOM = 44;

  /* What each point brings beyond the one before it: as whole as in the list of actions, where it is the same step. */
  function rising(record) {
    return record.curve.map((point, k) => {
      if (!k) return { ...point, more: 0 };
      const before = record.curve[k - 1], action = record.actions[k - 1], own = action ? action[record.counted + "_gained"] : NaN;
      const isSame = Math.abs(point.gained - before.gained - own) < 0.01;
      return { ...point, more: isSame ? action.shown[record.counted] : S.whole(point.gained) - S.whole(before.gained) };
    });
  }
  S.curvePoints = rising;

  S.drawPlanCurve = function (record, width) {
    const height = Math.round(Math.max(LEAST, Math.min(MOST, 0.42 * width)));
    const points = rising(record), last = points[points.length - 1];
    const byLength = points.slice(1).every((point) => point.length_km !== null) && points.length > 1;
    const across = (point) => (byLength ? point.length_km || 0 : point.number), most = Math.max(across(last), 1e-9);
    const shares = points.map((point) => point.share_after), target = record.norm_id ? record.target_share : null;
    const ends = [...shares, ...(target === null ? [] : [target])], low = Math.min(...ends), high = Math.max(...ends);
    // Grid lines at round shares: fifths, tenths or twentieths of the whole, whichever gives three to six.
    const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25].find((one) => Math.ceil(high / one - 1e-9) - Math.floor(low / one + 1e-9) <= 5) || 0.25;
    // With room for what stands below the point of today, where the share is not near none.
    const floor = Math.floor(low / step + 1e-9), bottom = (floor > 0 && low / step - floor < 0.6 ? floor - 1 : floor) * step, top = Math.min(1, Math.max(Math.ceil(high / step - 1e-9) * step, bottom + step));
    const x = (value) => LEFT + (value / most) * (width - LEFT - RIGHT), y = (share) => TOP + ((top - share) / (top - bottom)) * (height - TOP - BOTTOM);
    const at = (point) => ({ x: x(across(point)), y: y(point.share_after) });
    const nodes = [];
    for (let share = bottom; share <= top + 1e-9; share += step) {
      nodes.push(S.svg("path", { d: "M" + LEFT + " " + y(share).toFixed(1) + "H" + (width - RIGHT + 16), stroke: "#e6e6e1" }));
      nodes.push(S.svg("text", { x: LEFT - 8, y: (y(share) + 4.5).toFixed(1), "text-anchor": "end", "font-size": 13, fill: GREY, text: S.percent(Math.round(share * 1000) / 1000) }));
    }
    // Of labels that would cover each other that of the norm stays, then the one that brings most.
    const boxes = [];
    if (target !== null) {
      const text = S.t("plan.curve_norm", { share: S.percent(target) }), spot = { left: LEFT + 4, y: y(target) - 5 };
      nodes.push(S.svg("path", { d: "M" + LEFT + " " + y(target).toFixed(1) + "H" + (width - RIGHT + 16), stroke: INK, "stroke-dasharray": "4 3" }));
      nodes.push(S.haloText(spot.left, spot.y, text));
      boxes.push({ ...spot, wide: S.textWidth(text, 400) });
    }
    const ticks = byLength ? [0, most / 2, most] : points.map(across);
    for (const tick of ticks) nodes.push(S.svg("text", { x: x(tick).toFixed(1), y: height - BOTTOM + 18, "text-anchor": "middle", "font-size": 13, fill: GREY, text: S.decimal(tick) }));
    nodes.push(S.svg("text", { x: ((LEFT + width - RIGHT) / 2).toFixed(1), y: height - 6, "text-anchor": "middle", "font-size": 13, fill: GREY, text: S.t(byLength ? "plan.curve_axis_km" : "plan.curve_axis_number") }));
    for (let k = 1; k < points.length; k++) {
      const from = at(points[k - 1]), to = at(points[k]), isPlan = points[k].number <= record.actions.length;
      nodes.push(S.svg("path", { d: "M" + from.x.toFixed(1) + " " + from.y.toFixed(1) + "L" + to.x.toFixed(1) + " " + to.y.toFixed(1), stroke: GAINED, "stroke-width": 2, "stroke-dasharray": isPlan ? null : "4 3" }));
    }
    const order = points.map((point, k) => k).sort((a, b) => Number(a > 0) - Number(b > 0) || points[b].more - points[a].more);
    for (const k of order) {
      const point = points[k], spot = at(point), isPlan = point.number <= record.actions.length;
      nodes.push(S.svg("circle", { cx: spot.x.toFixed(1), cy: spot.y.toFixed(1), r: 4.5, fill: !k ? BEYOND : isPlan ? GAINED : "#fff", stroke: k ? GAINED : BEYOND, "stroke-width": 1.5 }));
      const text = k ? "+" + S.number(point.more) : S.t("plan.curve_today", { share: S.percent(point.share_after) });
      const wide = S.textWidth(text, 700), isSteep = !k && points.length > 1 && spot.y - at(points[1]).y > 28;
      const left = Math.max(LEFT + 2, Math.min(width - wide - 2, k ? spot.x - wide + 12 : spot.x + (isSteep ? 12 : 0)));
      const isUnder = !k && !isSteep && height - BOTTOM - spot.y > 22;
      const places = k ? [{ left, y: spot.y - 10 }, { left: Math.min(spot.x - 6, width - wide - 2), y: spot.y + 20 }] : [isSteep ? 4 : isUnder ? 20 : -28, 20, -28].map((down) => ({ left, y: spot.y + down }));
      const free = places.find((one) => !boxes.some((box) => one.left < box.left + box.wide && box.left < one.left + wide && Math.abs(one.y - box.y) < 15));
      if (!free) continue;
      boxes.push({ left: free.left, wide, y: free.y });
      nodes.push(S.haloText(free.left, free.y, text, { "font-weight": isPlan ? 700 : 400, fill: k ? INK : BEYOND }));
    }
    const told = points.slice(1).map((point) => point.number + S.t("page.colon") + "+" + S.number(point.more)).join(S.t("sure.list"));
    S.fill("curve", [S.svg("svg", { viewBox: "0 0 " + width + " " + height, width, height: height, role: "img", "aria-label": document.getElementById("curve-note").textContent + " " + told }, nodes)]);
  };
})(window.Spatial);
