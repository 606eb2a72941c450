"use strict";
/* Small maps as drawings: the ground once decoded, circles by people, and labels that never cover each other. */
(function (S) {
  const LOOKS = {
    area: { fill: "#f5f5f2" },
    sea: { fill: "#dbe6ec" },
    water_area: { fill: "#dbe6ec", stroke: "#b4cbd8", "stroke-width": 0.5 },
    water_line: { stroke: "#b4cbd8", "stroke-width": 1.2 },
    road_middle: { stroke: "#a2a7a8", "stroke-width": 0.8 },
    road_major: { stroke: "#7e8588", "stroke-width": 1.5 },
    ferry: { stroke: "#a2a7a8", "stroke-width": 0.8, "stroke-dasharray": "4 4" },
    road_minor: { stroke: "#bfc2c0", "stroke-width": 0.6 },
    boundary: { stroke: "#b5babb", "stroke-width": 0.7 },
    outline: { stroke: "#3a4246", "stroke-width": 1.3 },
  };
  const INK = "#1d2529", BEYOND = "#a3162e", WITHIN = "#a7aeb1";
  const GAIN = "#0b6b66", PIN = 10;
  const LARGEST = 9, LEAST = 1.3, ALIKE = 3.2;
  const LINE = 16, PAD = 2, ABOVE = 8, NEARLY_ALL = 0.9;
  const LEAST_HEIGHT = 0.35, BOX_SHARE = 0.9, MANY = 2500;
  /* Where there are too many places for circles townships are tinted by the share beyond, in the classes of their table. */
  const STEPS = [0.1, 0.3, 0.6, 0.95];
  const SHADES = ["#e4e8e8", "#fdebc8", "#f8c98a", "#eb9350", "#c44a24", "#a3162e"], GREYS = ["#eef0f0", "#d9dddf", "#bcc3c6", "#98a2a7", "#717b80", "#4d565b"];
  const OVER_TINTS = { stroke: "#fff", "stroke-width": 0.9, opacity: 0.7 };
  const UNDER_TINTS = ["road_middle", "road_minor", "boundary"];
  /* In black and white red and green are one grey: on paper whoever is gained has a white middle. */
  const CORE = 0.42, CORE_STYLE = { class: "on-paper", fill: "#fff", stroke: "#fff", "stroke-width": 0 };

  const pen = document.createElement("canvas").getContext("2d");
  S.textWidth = function (text, weight) {
    pen.font = (weight || 400) + " 13px " + getComputedStyle(document.body).fontFamily;
    return pen.measureText(text).width;
  };

  const halo = { "paint-order": "stroke", stroke: "#fff", "stroke-width": 3, "stroke-linejoin": "round", "font-size": 13, fill: INK };
  S.haloText = (x, y, text, more) => S.svg("text", { x: x.toFixed(1), y: y.toFixed(1), ...halo, ...more, text });

  /* Decode once: the ground in pixels at zoom 14, without the numbers of roads, and points with their township. */
  function read(map) {
    S.setMiddle(map.middle[0], map.middle[1]);
    const points = {};
    for (const [level, packed] of Object.entries(map.points)) points[level] = { ...S.points(packed), township: S.column(packed.township) };
    const [[south, west], [north, east]] = map.bounds;
    return { base: map.base.filter((group) => group.lines).map((group) => ({ look: group.look, units: group.units, lines: S.lines(group.lines) })), points, low: S.toUnit(south, west), high: S.toUnit(north, east) };
  }

  /* As wide as there is room, no taller than nine tenths of that or as told, and no strip where places lie in a line: everything else follows from scale and shift. */
  function frameOf(known, width, tallest = width * BOX_SHARE) {
    const across = known.high.x - known.low.x, down = known.low.y - known.high.y;
    const height = Math.min(tallest, width * Math.max(LEAST_HEIGHT, down / across)), scale = Math.min(width / across, height / down);
    const left = (width - across * scale) / 2, top = (height - down * scale) / 2;
    return { width, height, scale, x: (x) => left + (x - known.low.x) * scale, y: (y) => top + (y - known.high.y) * scale };
  }

  /* Whether a line lies wholly beyond one edge of the frame, where nobody sees it. */
  function isOutside(lines, from, to, frame) {
    let left = true, right = true, above = true, below = true;
    for (let i = from; i < to && (left || right || above || below); i++) {
      const x = frame.x(lines.x[i]), y = frame.y(lines.y[i]);
      left = left && x < 0;
      right = right && x > frame.width;
      above = above && y < 0;
      below = below && y > frame.height;
    }
    return left || right || above || below;
  }

  function pathOf(lines, frame, close, isDrawn = () => true) {
    const parts = [];
    for (let line = 0; line + 1 < lines.starts.length; line++) {
      let last = "";
      if (!isDrawn(line) || isOutside(lines, lines.starts[line], lines.starts[line + 1], frame)) continue;
      for (let i = lines.starts[line]; i < lines.starts[line + 1]; i++) {
        const at = frame.x(lines.x[i]).toFixed(1) + " " + frame.y(lines.y[i]).toFixed(1);
        if (at !== last) parts.push((i === lines.starts[line] ? "M" : "L") + at);
        last = at;
      }
      if (close) parts.push("Z");
    }
    return parts.join("");
  }

  const isTinted = (known, always = S.data.map.is_tinted) => Boolean(always) && known.base.some((group) => group.units);

  /* Which shade a share has: the first where nobody is beyond, the last where nearly all are. */
  const shadeOf = (share) => (share > 0 ? 1 + STEPS.filter((step) => share >= step).length : 0);

  /* Townships by their share; hatched where nobody can judge, and no more than ground where nobody lives. */
  function tints(known, frame, shares, shades, name) {
    const { units, lines } = known.base.find((group) => group.units);
    const look = Array.from(lines.source, (unit) => (shares.has(units[unit]) ? (shares.get(units[unit]) === null ? -1 : shadeOf(shares.get(units[unit]))) : null));
    const path = (shade, style) => S.svg("path", { d: pathOf(lines, frame, true, (line) => look[line] === shade), "fill-rule": "evenodd", ...style });
    return [
      S.svg("pattern", { id: name + "-unjudged", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, [S.svg("path", { d: "M0 0v5", stroke: "#8d979b", "stroke-width": 1.5 })]),
      path(-1, { fill: "url(#" + name + "-unjudged)" }),
      ...shades.map((fill, shade) => path(shade, { fill, stroke: fill, "stroke-width": 0.4, class: "tint-" + shade })),
    ];
  }

  function groundOf(known, frame, map, name = "ground", tinted = null) {
    const nodes = [];
    for (const { look, lines } of known.base) {
      const style = LOOKS[look];
      if (!style || (tinted && UNDER_TINTS.includes(look))) continue;
      const d = pathOf(lines, frame, Boolean(style.fill));
      nodes.push(S.svg("path", { d, fill: "none", "fill-rule": "evenodd", ...style, ...(tinted && look === "road_major" ? OVER_TINTS : {}) }));
      if (tinted && look === "area") nodes.push(...tints(known, frame, tinted.shares, tinted.shades, name));
      if (tinted || look !== "area" || !map.relief) continue;
      const [[south, west], [north, east]] = map.relief.bounds, low = S.toUnit(south, west), high = S.toUnit(north, east);
      nodes.push(S.svg("clipPath", { id: name + "-land" }, [S.svg("path", { d, "clip-rule": "evenodd" })]));
      nodes.push(S.svg("g", { "clip-path": "url(#" + name + "-land)" }, [S.svg("image", {
        href: S.picture(map.relief.image), x: frame.x(low.x), y: frame.y(high.y), width: (high.x - low.x) * frame.scale, height: (low.y - high.y) * frame.scale, preserveAspectRatio: "none", opacity: 0.55,
      })]));
    }
    return S.svg("g", { id: name }, nodes);
  }

  /* The area of a circle is people; where nobody's number is known all are alike. */
  function radii(persons, largest) {
    const most = persons.reduce((a, b) => (b > a ? b : a), 0);
    const full = largest || LARGEST;
    return { most, largest: full, of: (people) => (most > 0 ? Math.max(LEAST, full * Math.sqrt((isFinite(people) ? people : 0) / most)) : ALIKE) };
  }

  /* Thousands of places are one path for each half pixel of radius, of lines without length and with round ends. */
  function dotted(dots, style) {
    const paths = new Map();
    for (const { x, y, r } of dots) {
      const size = Math.max(1, Math.round(2 * r));
      paths.set(size, (paths.get(size) || "") + "M" + x.toFixed(1) + " " + y.toFixed(1) + "h0");
    }
    const colour = style.fill === "#fff" ? style.stroke : style.fill;
    return [...paths].sort(([a], [b]) => b - a).map(([size, d]) => S.svg("path", { d, fill: "none", stroke: colour, "stroke-width": size, "stroke-linecap": "round", "stroke-dasharray": "none" }));
  }

  /* Circles in groups of one look each: `groups` has lists of x, y and r, `styles` the looks. */
  function circles(groups, styles) {
    const isMany = Object.values(groups).reduce((sum, dots) => sum + dots.length, 0) > MANY;
    const drawn = (dots, style) => (isMany ? dotted(dots, style) : dots.map(({ x, y, r }) => S.svg("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: r.toFixed(1) })));
    return Object.entries(groups).flatMap(([name, dots]) => [
      S.svg("g", styles[name], drawn(dots, styles[name])),
      name === "gained" && dots.length ? S.svg("g", CORE_STYLE, drawn(dots.map((dot) => ({ ...dot, r: CORE * dot.r })), CORE_STYLE)) : null,
    ]);
  }

  const overlaps = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

  /* A label tries its own place and eight around it, further out at last; without a free one the map goes without it. */
  function place(label, taken, frame) {
    const { width, height } = label, steps = [[0, 0], [0, -1], [0, 1], [1, 0], [-1, 0], [1, -1], [-1, -1], [1, 1], [-1, 1]];
    for (const far of label.ways || [0.6, 1]) {
      for (const [dx, dy] of steps) {
        const x = Math.max(PAD, Math.min(frame.width - width - PAD, label.x - width / 2 + dx * far * (width / 2 + 14)));
        const y = Math.max(PAD, Math.min(frame.height - height - PAD, label.y - height / 2 + dy * far * (height / 2 + 12)));
        const box = { x, y, width, height };
        if (!taken.some((other) => overlaps(box, other))) {
          taken.push(box);
          return box;
        }
      }
    }
    return null;
  }

  /* Of townships the name and who is beyond there, at the middle of these people; above it where nearly all of them are one place. */
  function townshipLabels(points, persons, isBeyond, frame, counts, taken, most) {
    const middles = new Map();
    for (let i = 0; i < points.n; i++) {
      if (points.township[i] < 0 || !isBeyond(i)) continue;
      const weight = persons[i] > 0 ? persons[i] : 1, sum = middles.get(points.township[i]) || { x: 0, y: 0, weight: 0, most: 0 };
      middles.set(points.township[i], { x: sum.x + weight * points.x[i], y: sum.y + weight * points.y[i], weight: sum.weight + weight, most: Math.max(sum.most, weight) });
    }
    const nodes = [];
    for (const { id, amount } of counts.slice(0, most)) {
      const code = S.data.map.township_ids.indexOf(id), middle = middles.get(code);
      if (!middle) continue;
      const name = S.pick(S.data.map.townships[code]), number = S.number(amount);
      const width = Math.max(S.textWidth(name, 700), S.textWidth(number)) + 2;
      const box = place({ x: frame.x(middle.x / middle.weight), y: frame.y(middle.y / middle.weight) - (middle.most > NEARLY_ALL * middle.weight ? LINE + ABOVE : 0), width, height: 2 * LINE }, taken, frame);
      if (!box) continue;
      const x = box.x + width / 2;
      const lines = [S.haloText(x, box.y + 12, name, { "text-anchor": "middle", "font-weight": 700 }), S.haloText(x, box.y + 28, number, { "text-anchor": "middle" })];
      nodes.push(S.svg("g", { class: "name" }, lines));
    }
    return nodes;
  }

  function seats(frame, taken) {
    return S.data.map.seats.flatMap((seat) => {
      const at = S.toUnit(seat.at[1], seat.at[0]), x = frame.x(at.x), y = frame.y(at.y), name = S.pick(seat.names);
      taken.push({ x: x - 8, y: y - 8, width: 16, height: 16 });
      const width = S.textWidth(name, 700), sides = [x + 11, x - 11 - width].map((left) => ({ x: left, y: y - 8, width, height: LINE }));
      const box = sides.find((side) => side.x > 0 && side.x + width < frame.width && !taken.some((other) => overlaps(side, other)));
      if (box) taken.push(box);
      return [
        S.svg("path", { d: "M" + (x - 7).toFixed(1) + " " + y.toFixed(1) + "l7 -7l7 7l-7 7z", fill: INK, stroke: "#fff", "stroke-width": 1.5 }),
        box ? S.haloText(box.x, y + 5, name, { class: "name", "font-weight": 700 }) : null,
      ];
    });
  }

  /* A round length of about a fifth of the width, where the map has room for it. */
  function scaleBar(frame, taken) {
    const metres = 156543.034 * Math.cos((S.data.map.middle[0] * Math.PI) / 180) / Math.pow(2, S.UNIT_ZOOM) / frame.scale;
    const wanted = (frame.width / 5) * metres, power = Math.pow(10, Math.floor(Math.log10(wanted)));
    const length = [5, 2, 1].map((step) => step * power).find((step) => step <= wanted), long = length / metres;
    const text = S.lengthText(length);
    const width = long + 8 + S.textWidth(text), y = frame.height - 8;
    const spots = [[8, y], [frame.width - width - 8, y], [(frame.width - width) / 2, y], [8, 16], [frame.width - width - 8, 16]];
    const [x, base] = spots.find(([left, at]) => !taken.some((other) => overlaps({ x: left, y: at - 10, width, height: 14 }, other))) || spots[0];
    taken.push({ x, y: base - 10, width, height: 14 });
    return [S.svg("path", { d: "M" + x.toFixed(1) + " " + (base - 5) + "v5h" + long.toFixed(1) + "v-5", fill: "none", stroke: INK, "stroke-width": 1.2 }), S.haloText(x + long + 6, base + 1, text)];
  }

  /* Actions as lines with their number in the middle, or beside a line that the number would hide; a site is a line of one point. */
  function actions(list, frame, taken) {
    const lines = [], pins = [];
    for (const { number, parts } of list) {
      const drawn = parts.map((part) => part.map(([longitude, latitude]) => {
        const unit = S.toUnit(latitude, longitude);
        return { x: frame.x(unit.x), y: frame.y(unit.y) };
      })).filter((part) => part.length);
      if (!drawn.length) continue;
      const longest = drawn.reduce((a, b) => (b.length > a.length ? b : a)), last = longest[longest.length - 1], middle = longest[Math.floor((longest.length - 1) / 2)], next = longest[Math.min(longest.length - 1, Math.floor((longest.length - 1) / 2) + 1)];
      const isShort = Math.hypot(longest[0].x - last.x, longest[0].y - last.y) < 3 * PIN;
      const at = { x: (middle.x + next.x) / 2, y: (middle.y + next.y) / 2 }, away = [[0, 0], [0, -1], [1, 0], [-1, 0], [0, 1], [1, -1], [-1, -1], [1, 1], [-1, 1]].slice(isShort ? 1 : 0);
      const spots = [1, 1.6, 2.4].flatMap((far) => away.map(([dx, dy]) => ({ x: at.x + dx * far * (PIN + 6), y: at.y + dy * far * (PIN + 6) })));
      const box = ({ x, y }) => ({ x: x - PIN - 1, y: y - PIN - 1, width: 2 * PIN + 2, height: 2 * PIN + 2 });
      const isFree = (spot) => spot.x > PIN && spot.y > PIN && spot.x < frame.width - PIN && spot.y < frame.height - PIN && !taken.some((other) => overlaps(box(spot), other));
      const spot = spots.find(isFree) || spots[0];
      taken.push(box(spot));
      for (const part of drawn) lines.push(S.svg("path", { d: part.map(({ x, y }, k) => (k ? "L" : "M") + x.toFixed(1) + " " + y.toFixed(1)).join("") + (part.length > 1 ? "" : "h0"), fill: "none", stroke: GAIN, "stroke-width": part.length > 1 ? 3.5 : 8, "stroke-linejoin": "round", "stroke-linecap": "round" }));
      pins.push(S.svg("circle", { cx: spot.x.toFixed(1), cy: spot.y.toFixed(1), r: PIN, fill: GAIN, stroke: "#fff", "stroke-width": 1.5 }));
      pins.push(S.svg("text", { x: spot.x.toFixed(1), y: (spot.y + 4.5).toFixed(1), "font-size": 13, "font-weight": 700, fill: "#fff", "text-anchor": "middle", text: S.number(number) }));
    }
    return [...lines, ...pins];
  }

  /* A drawing of one width, with what it shows said to those who do not see it. */
  const sheet = (frame, label, children) => S.svg("svg", { viewBox: "0 0 " + frame.width + " " + frame.height.toFixed(0), width: frame.width, height: frame.height.toFixed(0), role: "img", "aria-label": label }, children);

  /* What circles mean, as a key of one look with its words. */
  const key = (style, text, r) => S.el("span", {}, [S.svg("svg", { width: 2 * r + 4, height: 2 * r + 4, "aria-hidden": "true" }, [S.svg("circle", { cx: r + 2, cy: r + 2, r, ...style }), style.fill === GAIN ? S.svg("circle", { cx: r + 2, cy: r + 2, r: CORE * r, ...CORE_STYLE }) : null]), S.el("span", { text })]);

  /* Two sizes in round numbers of people; nothing where nobody's number is known. */
  function sizeKey(size) {
    if (!(size.most > 0)) return null;
    const power = Math.pow(10, Math.floor(Math.log10(size.most))), large = [5, 2, 1].map((step) => step * power).find((step) => step <= size.most);
    const sizes = [large / 5, large].map((people) => ({ people, r: size.of(people) }));
    return S.el("span", {}, [...sizes.map(({ r }) => S.svg("svg", { width: 2 * r + 3, height: 2 * r + 3, "aria-hidden": "true" }, [S.svg("circle", { cx: r + 1.5, cy: r + 1.5, r, fill: "none", stroke: "#566168" })])), S.el("span", { text: S.t("drawing.people", { small: sizes[0].people, large: sizes[1].people }) })]);
  }

  /* The shades of tinted townships with their words, of those that are there. */
  function tintKeys({ shares, shades, words = [S.t("drawing.none_beyond"), ...STEPS.map((step) => S.t("answer.share_to", { share: S.percent(step) })), S.t("answer.share_all")] }) {
    const found = [...shares.values()], swatch = (fill) => S.svg("svg", { width: 20, height: 12, "aria-hidden": "true" }, [S.svg("rect", { x: 0.5, y: 0.5, width: 19, height: 11, fill, stroke: "#8d979b", "stroke-width": 0.5 })]);
    return [
      ...shades.map((fill, shade) => (found.some((share) => share !== null && shadeOf(share) === shade) ? S.el("span", {}, [swatch(fill), S.el("span", { text: words[shade] })]) : null)),
      found.includes(null) ? S.el("span", {}, [swatch("url(#ground-unjudged)"), S.el("span", { text: S.t("answer.unjudged") })]) : null,
    ];
  }

  S.draw = { INK, BEYOND, WITHIN, GAIN, SHADES, GREYS, STEPS, isTinted, shadeOf, tintKeys, actions, read, frameOf, groundOf, radii, circles, overlaps, place, townshipLabels, seats, scaleBar, sheet, key, sizeKey };
})(window.Spatial);
