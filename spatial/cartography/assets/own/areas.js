"use strict";
/* Ground under the settlements: within reach of the facilities, and nearest to each of them; drawn when asked for. */
(function (S) {
  const REACH = ["#0b5a55", "#2f8a83", "#6fb3ad", "#a5d0cc"];
  const REACH_FILL = 0.16;
  const TINTS = ["#c6bbe6", "#a3c4ea", "#b4dfd3", "#c3c9cf"];
  const TINT_FILL = 0.5;
  const EDGE = "#4a3f74";
  const UNIT_FILL = 0.45, UNIT_EDGE = "#59636b", UNIT_UNKNOWN = "#d5d9dc";

  function path(lines, item) {
    const shape = S.newPath();
    for (let line = 0; line + 1 < lines.starts.length; line++) {
      if (lines.source[line] !== item) continue;
      for (let i = lines.starts[line]; i < lines.starts[line + 1]; i++) {
        if (i === lines.starts[line]) shape.moveTo(lines.x[i], lines.y[i]);
        else shape.lineTo(lines.x[i], lines.y[i]);
      }
      shape.closePath();
    }
    return shape;
  }

  const tone = (item) => REACH[Math.min(item, REACH.length - 1)];

  /* Numbers of each catchment, by the position of its facility on this page. */
  S.readCatchments = function (packed, facilities) {
    if (!packed || !facilities) return null;
    const ids = S.texts(packed.facility), position = new Map(facilities.id.map((id, k) => [id, k]));
    return {
      mode: packed.mode, tint: S.column(packed.tint), people: S.column(packed.people), minutes: S.column(packed.minutes),
      area: S.column(packed.area), facility: ids.map((id) => (position.has(id) ? position.get(id) : -1)), lines: packed.lines,
    };
  };

  /* The longest reach first: where areas lie on each other the ground is darker the nearer it is. */
  function drawReach(context, shapes) {
    for (let item = shapes.length - 1; item >= 0; item--) {
      context.globalAlpha = REACH_FILL;
      context.fillStyle = tone(0);
      context.fill(shapes[item], "evenodd");
      context.globalAlpha = 1;
      context.strokeStyle = tone(item);
      context.stroke(shapes[item]);
    }
  }

  function drawCatchments(context, shapes, catchments, target) {
    const width = context.lineWidth;
    shapes.forEach((shape, item) => {
      const chosen = target >= 0 && catchments.facility[item] === target;
      context.globalAlpha = chosen ? 1 : TINT_FILL;
      context.fillStyle = TINTS[catchments.tint[item]];
      context.fill(shape, "evenodd");
      context.globalAlpha = 1;
      context.strokeStyle = EDGE;
      context.lineWidth = chosen ? 2.5 * width : width;
      context.stroke(shape);
    });
    context.lineWidth = width;
  }

  function drawUnits(context, shapes, units, levels) {
    shapes.forEach((shape, item) => {
      const look = S.LOOKS[units.classes[levels[item]]];
      context.globalAlpha = UNIT_FILL;
      context.fillStyle = look.pattern ? UNIT_UNKNOWN : look.fill;
      context.fill(shape, "evenodd");
      context.globalAlpha = 1;
      context.strokeStyle = UNIT_EDGE;
      context.stroke(shape);
    });
  }

  /* The catchment of the facility that is chosen; -1 without one. */
  S.catchmentOf = ({ areas, catchments, facility }) => (facility >= 0 && areas && catchments && areas.mode === catchments.mode ? catchments.facility.indexOf(facility) : -1);

  S.areasLayer = function (state) {
    const { areas, catchments, units } = state;
    const shown = { areas: false, catchments: false, units: Boolean(units) };
    const levels = units ? S.column(units.code) : null;
    const shapesOf = (block, n) => { const lines = S.lines(block.lines); return Array.from({ length: n }, (_, item) => path(lines, item)); };
    const drawn = {};
    const shapes = (name) => drawn[name] || (drawn[name] = shapesOf(...{ areas: () => [areas, areas.items.length], catchments: () => [catchments, catchments.tint.length], units: () => [units, levels.length] }[name]()));
    const layer = new S.CanvasLayer(function (context, view) {
      context.setTransform(view.scale, 0, 0, view.scale, view.dx, view.dy);
      context.lineJoin = "round";
      context.lineWidth = (1.2 * view.ratio) / view.scale;
      if (shown.units) drawUnits(context, shapes("units"), units, levels);
      if (shown.catchments) drawCatchments(context, shapes("catchments"), catchments, state.target);
      if (!shown.areas) return;
      // Of a chosen facility: what is within reach of any, where it is the nearest one.
      const own = S.catchmentOf(state);
      context.save();
      if (own >= 0) context.clip(shapes("catchments")[own], "evenodd");
      drawReach(context, shapes("areas"));
      context.restore();
    }, { pane: "spatialAreas" });
    layer.shown = shown;
    return layer;
  };

  function swatch(fills, edge) {
    const size = 18, ratio = Math.min(window.devicePixelRatio || 1, 2) * 2;
    const canvas = S.el("canvas", { class: "swatch", "aria-hidden": "true", width: size * ratio, height: size * ratio });
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    for (const [colour, alpha] of fills) {
      context.globalAlpha = alpha;
      context.fillStyle = colour;
      context.fillRect(2, 3, 14, 12);
    }
    context.globalAlpha = 1;
    context.strokeStyle = edge;
    context.lineWidth = 1.4;
    context.strokeRect(2, 3, 14, 12);
    return canvas;
  }

  const row = (sign, label, more) => S.el("li", {}, [sign, S.el("span", { text: label }), S.el("span", { class: "muted", text: more })]);

  function reachRows(areas, isWhole = true) {
    const fills = (item) => areas.items.slice(item).map(() => [tone(0), REACH_FILL]);
    return areas.items.map((item, k) => row(swatch(fills(k), tone(k)), S.t("areas.within", { minutes: S.limitText(item.cutoff, "min") }), isWhole ? S.t("areas.size", { area: item.area_km2 }) : ""));
  }

  /* People of a catchment where they are known, and its ground. */
  S.catchmentText = function (catchments, item) {
    const people = catchments.people[item];
    return [people >= 0 ? S.t("unit.people", { n: people }) : "", S.t("areas.size", { area: catchments.area[item] })].filter(Boolean).join(" · ");
  };

  function largest(state) {
    const { people, area, facility } = state.catchments;
    const size = (item) => (people[item] >= 0 ? people[item] : area[item]);
    let first = 0;
    for (let item = 1; item < area.length; item++) if (size(item) > size(first)) first = item;
    return S.t("areas.largest", { name: S.facilityName(state, facility[first]) || "–", size: S.catchmentText(state.catchments, first) });
  }

  function box(layer, name, title, rows, note) {
    const on = layer.shown[name];
    const input = S.el("input", { type: "checkbox", id: name + "-on", on: { change: (event) => { layer.shown[name] = event.target.checked; show(); } } });
    input.checked = on;
    const legend = S.el("ul", { class: "ground-legend" }, rows), words = S.el("p", { class: "muted", text: note });
    const whole = S.el("div", { class: "ground" }, [S.el("label", { class: "check" }, [input, S.el("span", { text: title })]), legend, words]);
    const show = () => {
      whole.classList.toggle("on", layer.shown[name]);
      legend.hidden = words.hidden = !layer.shown[name];
      layer.redraw();
    };
    show();
    return whole;
  }

  function unitRows(units) {
    const levels = S.column(units.code);
    const rows = units.classes.map((name, code) => {
      const n = levels.reduce((sum, level) => sum + Number(level === code), 0), look = S.LOOKS[name];
      const label = name === "unknown" ? S.t("class.unknown") : S.levelLabel(units.breaks, name);
      return n ? row(swatch([[look.pattern ? UNIT_UNKNOWN : look.fill, UNIT_FILL]], UNIT_EDGE), label, S.number(n)) : null;
    });
    if (units.without) rows.push(row(swatch([], UNIT_EDGE), S.t("areas.units_without"), S.number(units.without)));
    return rows.filter(Boolean);
  }

  /* How many pillars some township has: where not all, nobody shall read that they have. */
  const unitsNote = (units) => S.t(units.pillars < units.all_pillars ? "areas.units_note_some" : "areas.units_note", { n: units.pillars, total: units.all_pillars });

  /* On a facility's card: its ground on the map, or that of all where nobody knows which is whose. */
  S.reachBox = function (state) {
    const { areas } = state, layer = S.layers.areas;
    if (!areas) return [];
    const input = S.el("input", { type: "checkbox", id: "reach-on", on: { change: (event) => { layer.shown.areas = event.target.checked; S.showAreas(layer, state); S.update(); document.getElementById("reach-on").focus(); } } });
    input.checked = layer.shown.areas;
    const title = S.t(S.catchmentOf(state) >= 0 ? "closing.reach_own" : "closing.reach_all", { mode: S.word("by", areas.mode) });
    return [S.el("label", { class: "check" }, [input, S.el("span", { text: title })]), layer.shown.areas ? S.el("ul", { class: "ground-legend" }, reachRows(areas, S.catchmentOf(state) < 0)) : null];
  };

  S.showAreas = function (layer, state) {
    const { areas, catchments, units } = state;
    document.getElementById("ground").hidden = !areas && !catchments && !units;
    S.fill("ground", [
      units && box(layer, "units", S.t("areas.units"), unitRows(units), unitsNote(units)),
      areas && box(layer, "areas", S.t("areas.title", { mode: S.word("by", areas.mode) }), reachRows(areas), S.t("areas.note", { minutes: S.minutes(Math.max(...areas.items.map((item) => item.walk || 0))) })),
      catchments && box(layer, "catchments", S.t("areas.catchments", { mode: S.word("by", catchments.mode) }),
        [row(swatch([[TINTS[0], TINT_FILL]], EDGE), S.t("areas.catchment"), S.number(catchments.tint.length))], S.sentences(largest(state), S.t("areas.catchments_note"))),
    ]);
  };
})(window.Spatial);
