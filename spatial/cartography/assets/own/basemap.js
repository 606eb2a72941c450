"use strict";
/* The study's own ground: area, water, boundaries and roads, drawn from line data without any tile. */
(function (S) {
  const LOOKS = {
    area: { fill: "#fbfbf9" },
    sea: { fill: "#dbe6ec" },
    water_area: { fill: "#dbe6ec", stroke: "#b9cdd8", width: 0.6 },
    water_line: { stroke: "#bcd3e0", width: 1.2, widthFar: 0.7 },
    road_minor: { stroke: "#cdcdc8", width: 1.1, widthFar: 0.5, from: 9.5 },
    road_middle: { stroke: "#b1b1ac", width: 1.8, widthFar: 0.9 },
    road_major: { stroke: "#8d8d89", width: 2.6, widthFar: 1.5 },
    ferry: { stroke: "#8fa9b8", width: 1.1, dash: [5, 5] },
    season_no: { stroke: "#a06a1c", width: 1.6, widthFar: 1.1, dash: [5, 3] },
    season_unknown: { stroke: "#c4c1b8", width: 1.2, widthFar: 0.7 },
    season_yes: { stroke: "#77807b", width: 2.2, widthFar: 1.3 },
    boundary: { stroke: "#6b7176", width: 0.9, widthFar: 0.7, dash: [6, 3] },
    outline: { stroke: "#3d4347", width: 1.5, widthFar: 1.2 },
  };

  function path(group) {
    const lines = S.lines(group.lines);
    const shape = S.newPath();
    for (let line = 0; line + 1 < lines.starts.length; line++) {
      for (let i = lines.starts[line]; i < lines.starts[line + 1]; i++) {
        if (i === lines.starts[line]) shape.moveTo(lines.x[i], lines.y[i]);
        else shape.lineTo(lines.x[i], lines.y[i]);
      }
    }
    return shape;
  }

  /* The relief is a picture in web Mercator: it lies straight on the canvas, and only on land. */
  function readRelief(relief) {
    if (!relief) return null;
    const [[south, west], [north, east]] = relief.bounds;
    const corner = S.toUnit(north, west), other = S.toUnit(south, east);
    const image = new Image();
    const shade = { image, x: corner.x, y: corner.y, width: other.x - corner.x, height: other.y - corner.y };
    shade.ready = new Promise((done) => { image.onload = image.onerror = done; });
    image.src = S.picture(relief.image);
    return shade;
  }

  function drawRelief(context, shade, land) {
    if (!shade.image.naturalWidth) return;
    context.save();
    context.clip(land, "evenodd");
    context.imageSmoothingQuality = "high";
    context.drawImage(shade.image, shade.x, shade.y, shade.width, shade.height);
    context.restore();
  }

  /* Outlines of the units by their ids, with the corners of each. */
  function readUnits(group) {
    const units = new Map();
    if (!group) return units;
    const { x, y, starts, source } = S.lines(group.lines);
    for (let line = 0; line + 1 < starts.length; line++) {
      const id = group.units[source[line]], unit = units.get(id) || { rings: [], left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
      const ring = Array.from({ length: starts[line + 1] - starts[line] }, (_, k) => [x[starts[line] + k], y[starts[line] + k]]);
      for (const [across, down] of ring) Object.assign(unit, { left: Math.min(unit.left, across), right: Math.max(unit.right, across), top: Math.min(unit.top, down), bottom: Math.max(unit.bottom, down) });
      unit.rings.push(ring);
      units.set(id, unit);
    }
    return units;
  }

  /* Whether a place lies within rings: a line from it to the right crosses them an odd number of times. */
  const isWithin = (rings, x, y) => rings.flatMap((ring) => ring.map(([ax, ay], k) => {
    const [bx, by] = ring[(k + 1) % ring.length];
    return (ay > y) !== (by > y) && x < ax + ((bx - ax) * (y - ay)) / (by - ay);
  })).filter(Boolean).length % 2 === 1;

  /* The unit that a place lies in; undefined outside of all. */
  S.unitAt = (units, { x, y }) => [...units.keys()].find((id) => {
    const { rings, left, right, top, bottom } = units.get(id);
    return x >= left && x <= right && y >= top && y <= bottom && isWithin(rings, x, y);
  });

  S.baseLayer = function (groups, relief) {
    const shade = readRelief(relief);
    const drawn = groups.filter(({ look }) => LOOKS[look]).map((group) => ({ look: LOOKS[group.look], shape: path(group) }));
    const layer = new S.CanvasLayer(function (context, view) {
      const near = Math.max(0, Math.min(1, (view.zoom - 8) / 5));
      context.lineJoin = "round";
      context.lineCap = "butt";
      for (const { look, shape } of drawn) {
        if (look.from && view.zoom < look.from) continue;
        context.setTransform(view.scale, 0, 0, view.scale, view.dx, view.dy);
        if (look.fill) {
          context.fillStyle = look.fill;
          context.fill(shape, "evenodd");
          if (shade && look === LOOKS.area) drawRelief(context, shade, shape);
        }
        if (look.stroke) {
          const far = look.widthFar === undefined ? look.width : look.widthFar;
          context.strokeStyle = look.stroke;
          context.lineWidth = ((far + (look.width - far) * near) * view.ratio) / view.scale;
          context.setLineDash((look.dash || []).map((part) => (part * view.ratio) / view.scale));
          context.stroke(shape);
        }
      }
      context.setLineDash([]);
    }, { pane: "spatialBase" });
    layer.units = readUnits(groups.find((group) => group.units));
    layer.numbers = groups.filter(({ look }) => look === "road_numbers").map(({ texts, points }) => ({ texts, points: S.points(points) }))[0] || null;
    layer.ready = shade ? shade.ready.then(() => layer.redraw()) : Promise.resolve();
    return layer;
  };
})(window.Spatial);
