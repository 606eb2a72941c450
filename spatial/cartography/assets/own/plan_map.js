"use strict";
/* The maps of a plan: today, and with it. */
(function (S) {
  const D = S.draw, INK = D.INK;
  const GAINED = "#0b6b66", WITHIN_SIZE = 0.55, PIN = 9, STOP = 7;

  /* Plans that share room call who is within those who find room. */
  S.planText = (record, key, values) => S.t("plan." + key + (S.has("plan." + key + "_" + record.question) ? "_" + record.question : ""), values);

  /* The ground, and what becomes of each place by plan. */
  function read(map) {
    const plans = {};
    for (const [id, plan] of Object.entries(map.plans)) plans[id] = { ...plan, outcome: S.column(plan.outcome), persons: S.column(plan.persons) };
    return { ...D.read(map), plans };
  }

  const STYLES = {
    within: { fill: D.WITHIN, stroke: "#fff", "stroke-width": 0.4 },
    unknown: { fill: "#fff", stroke: "#6d7478", "stroke-width": 1, "stroke-dasharray": "2 1.5" },
    gained: { fill: GAINED, stroke: "#fff", "stroke-width": 0.6 },
    beyond: { fill: D.BEYOND, stroke: "#fff", "stroke-width": 0.6 },
    none_reached: { fill: "#fff", stroke: D.BEYOND, "stroke-width": 2 },
  };

  function circles(known, plan, frame, isAfter) {
    const points = known.points[plan.level], names = S.data.map.outcomes, size = D.radii(plan.persons);
    const groups = { within: [], unknown: [], gained: [], beyond: [], none_reached: [] };
    const order = Array.from(plan.outcome.keys()).sort((a, b) => (plan.persons[b] || 0) - (plan.persons[a] || 0));
    for (const i of order) {
      let name = names[plan.outcome[i]];
      if (!name) continue;
      if (name === "gained" && !isAfter) name = "beyond";
      const r = size.of(plan.persons[i]) * (name === "within" ? WITHIN_SIZE : 1);
      groups[name].push({ x: frame.x(points.x[i]), y: frame.y(points.y[i]), r });
    }
    return D.circles(groups, STYLES);
  }

  /* Sites are pins beside the village that they stand in; links and upgrades are lines with their number in the middle.
     Room is a pin at its facility with a thin line to each village that it takes people of. */
  function actions(plan, frame, taken, isRoom) {
    const lines = [], pins = [];
    plan.shapes.forEach((parts, at) => {
      const drawn = parts.map((part) => part.map(([longitude, latitude]) => {
        const unit = S.toUnit(latitude, longitude);
        return { x: frame.x(unit.x), y: frame.y(unit.y) };
      }));
      if (!drawn.length) return;
      if (isRoom) for (const part of drawn) lines.push(S.svg("path", { d: "M" + part.map((point) => point.x.toFixed(1) + " " + point.y.toFixed(1)).join("L"), fill: "none", stroke: INK, "stroke-width": 1 }));
      const longest = isRoom ? [drawn[0][0]] : drawn.reduce((a, b) => (b.length > a.length ? b : a)), isSite = longest.length === 1;
      const tip = longest[Math.floor((longest.length - 1) / 2)], next = longest[Math.min(longest.length - 1, Math.floor((longest.length - 1) / 2) + (isSite ? 0 : 1))];
      // Beside a line that the number would hide, else in its middle.
      const isShort = !isSite && Math.hypot(longest[0].x - longest[longest.length - 1].x, longest[0].y - longest[longest.length - 1].y) < 3 * PIN;
      const x = (tip.x + next.x) / 2, y = (tip.y + next.y) / 2 - (isSite || isShort ? PIN + 6 : 0);
      if (!isSite) {
        for (const part of drawn) lines.push(S.svg("path", { d: part.map((point, k) => (k ? "L" : "M") + point.x.toFixed(1) + " " + point.y.toFixed(1)).join(""), fill: "none", stroke: INK, "stroke-width": 3, "stroke-linejoin": "round" }));
      } else {
        lines.push(S.svg("path", { d: "M" + (x - 5).toFixed(1) + " " + (y + 7).toFixed(1) + "L" + tip.x.toFixed(1) + " " + tip.y.toFixed(1) + "L" + (x + 5).toFixed(1) + " " + (y + 7).toFixed(1) + "Z", fill: INK }));
      }
      taken.push({ x: x - PIN - 2, y: y - PIN - 2, width: 2 * PIN + 4, height: 2 * PIN + 4 + (isSite ? 6 : 0) });
      pins.push(S.svg("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: PIN, fill: INK, stroke: "#fff", "stroke-width": 1.5 }));
      pins.push(S.svg("text", { x: x.toFixed(1), y: (y + 4.5).toFixed(1), "font-size": 13, "font-weight": 700, fill: "#fff", "text-anchor": "middle", text: S.number(at + 1) }));
    });
    return [...lines, ...pins];
  }

  /* Where a mobile service stops: a square with the day in it, and thin lines from each stop of a day to the next. */
  function stops(plan, frame, taken) {
    const lines = [], marks = [];
    let last = null;
    for (const [longitude, latitude, day] of plan.stops) {
      const unit = S.toUnit(latitude, longitude), x = frame.x(unit.x), y = frame.y(unit.y);
      if (last && last.day === day) lines.push(S.svg("path", { d: "M" + last.x.toFixed(1) + " " + last.y.toFixed(1) + "L" + x.toFixed(1) + " " + y.toFixed(1), fill: "none", stroke: INK, "stroke-width": 1.2, "stroke-dasharray": "3 2" }));
      last = { x, y, day };
      taken.push({ x: x - STOP, y: y - STOP, width: 2 * STOP, height: 2 * STOP });
      marks.push(S.svg("rect", { x: (x - STOP).toFixed(1), y: (y - STOP).toFixed(1), width: 2 * STOP, height: 2 * STOP, fill: "#fff", stroke: INK, "stroke-width": 1.2 }));
      marks.push(S.svg("text", { x: x.toFixed(1), y: (y + 4).toFixed(1), "font-size": 11, "font-weight": 700, fill: INK, "text-anchor": "middle", text: S.number(day) }));
    }
    return [...lines, ...marks];
  }

  const stopKey = () => S.el("span", {}, [S.svg("svg", { width: 16, height: 16, "aria-hidden": "true" }, [S.svg("rect", { x: 1, y: 1, width: 14, height: 14, fill: "#fff", stroke: INK, "stroke-width": 1.2 }), S.svg("text", { x: 8, y: 12, "font-size": 11, "font-weight": 700, fill: INK, "text-anchor": "middle", text: S.number(1) })]), S.el("span", { text: S.t("plan.legend_stop") })]);

  let known = null;

  /* Both maps at one width, of which they leave some where they would be too tall: today, and with the plan. */
  S.drawPlanMaps = function (record, width, counts, tallest) {
    const map = S.data.map;
    if (!known) known = read(map);
    const wide = D.frameOf(known, width), frame = wide.height > tallest ? D.frameOf(known, (width * tallest) / wide.height) : wide;
    const plan = known.plans[record.plan_id], most = width < 420 ? 5 : 9;
    const drawn = (isAfter) => {
      const taken = [], round = isAfter ? stops(plan, frame, taken) : [];
      const pins = isAfter ? actions(plan, frame, taken, record.question === "matching") : [], seat = D.seats(frame, taken), bar = D.scaleBar(frame, taken);
      const isBeyond = (i) => ["beyond", "none_reached", ...(isAfter ? [] : ["gained"])].includes(map.outcomes[plan.outcome[i]]);
      const labels = D.townshipLabels(known.points[plan.level], plan.persons, isBeyond, frame, isAfter ? counts.after : counts.before, taken, most);
      const label = S.planText(record, isAfter ? "map_plan" : "map_today", { amount: S.pick(record.texts).amounts[isAfter ? "beyond" : "today"] });
      return D.sheet(frame, label, [isAfter ? S.svg("use", { href: "#ground" }) : D.groundOf(known, frame, map), ...circles(known, plan, frame, isAfter), ...round, ...seat, ...bar, ...labels, ...pins]);
    };
    S.fill("map-today", [drawn(false)]);
    S.fill("map-plan", [drawn(true)]);
    return legend(record, plan);
  };

  /* What is on the maps alone, with two sizes in round numbers of people. */
  function legend(record, plan) {
    const names = new Set(Array.from(plan.outcome, (code) => S.data.map.outcomes[code]));
    const shown = ["beyond", "none_reached", "gained", "within", "unknown"].filter((name) => names.has(name) || (name === "beyond" && names.has("gained")));
    return [...shown.map((name) => D.key({ ...STYLES[name], ...(name === "none_reached" || name === "unknown" ? {} : { stroke: "none" }) }, S.planText(record, "legend_" + name), name === "within" ? 3 : 5)), ...(plan.stops.length ? [stopKey()] : []), D.sizeKey(D.radii(plan.persons))];
  }
})(window.Spatial);
