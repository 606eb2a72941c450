"use strict";
/* Above the settlements: facilities, the chosen village with its way, and names: the seat, whoever is beyond by people,
   townships. */
(function (S) {
  const ACCENT = "#1d2327";

  function diamond(context, x, y, size, ratio) {
    context.beginPath();
    context.moveTo(x, y - size);
    context.lineTo(x + size, y);
    context.lineTo(x, y + size);
    context.lineTo(x - size, y);
    context.closePath();
    context.fillStyle = ACCENT;
    context.fill();
    context.lineWidth = 1.4 * ratio;
    context.strokeStyle = "#ffffff";
    context.stroke();
  }

  /* Many facilities on a small map are small, so that villages show between them. */
  function markSize(view, n) {
    if (view.zoom >= 12) return 6;
    const room = Math.sqrt((view.width * view.height) / (view.ratio * view.ratio) / Math.max(1, n));
    return Math.max(3, Math.min(6, room / 14));
  }

  function drawRoute(context, view, route) {
    const trace = () => {
      context.beginPath();
      route.forEach(([x, y], k) => {
        const px = x * view.scale + view.dx, py = y * view.scale + view.dy;
        if (k === 0) context.moveTo(px, py);
        else context.lineTo(px, py);
      });
    };
    context.lineJoin = context.lineCap = "round";
    trace();
    context.lineWidth = 6 * view.ratio;
    context.strokeStyle = "#ffffff";
    context.stroke();
    trace();
    context.lineWidth = 3 * view.ratio;
    context.strokeStyle = ACCENT;
    context.stroke();
  }

  /* The township that is filtered for. */
  function drawTownship(context, view, state) {
    const own = state.places.townships[state.filter.township], unit = own && S.layers.base.units.get(own.id);
    if (!unit) return;
    context.lineJoin = "round";
    for (const [width, colour] of [[6, "rgba(255,255,255,0.9)"], [3, ACCENT]]) {
      context.beginPath();
      for (const ring of unit.rings) ring.forEach(([x, y], k) => context[k ? "lineTo" : "moveTo"](x * view.scale + view.dx, y * view.scale + view.dy));
      context.lineWidth = width * view.ratio;
      context.strokeStyle = colour;
      context.stroke();
    }
  }

  /* Where a label may stand beside its circle: right, left, above, below, then the corners. */
  const SIDES = [[1, 0], [-1, 0], [0, -1], [0, 1], [1, -1], [1, 1], [-1, -1], [-1, 1]];
  const CORNER = 0.7;
  const AREA_A_LABEL = 10000;   // square pixels of the map a village that is named
  const NAMED_FROM = 12;       // zoom from which those that are not beyond are named too
  const NUMBERED_FROM = 11;    // zoom from which roads bear their numbers
  const MOST_FACILITIES = 60;  // in sight, that are named
  const MOST_TRIED = 300;      // villages whose circles and names are weighed against each other
  const FEW_TOWNSHIPS = 30;    // names of so many are written even where they lie on circles
  const FIRM = 8;              // largest ones of each kind, named though their names lie on small circles
  const INK = "#1d2327", GREY = "#566168";

  /* Boxes by the squares of the map that they touch, so that a new one meets few of them. */
  class Boxes {
    constructor(side) {
      this.side = side;
      this.all = [];
      this.squares = new Map();
    }

    squaresOf([left, top, right, bottom]) {
      const keys = [];
      for (let x = Math.floor(left / this.side); x <= Math.floor(right / this.side); x++) {
        for (let y = Math.floor(top / this.side); y <= Math.floor(bottom / this.side); y++) keys.push(x * 4096 + y);
      }
      return keys;
    }

    add(box) {
      this.all.push(box);
      for (const key of this.squaresOf(box)) this.squares.set(key, [...(this.squares.get(key) || []), box]);
    }

    meets(box) {
      return this.squaresOf(box).some((key) => (this.squares.get(key) || []).some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1]));
    }
  }

  /* Texts on the map: none covers another; each tries its places in turn and goes without where all are taken. */
  class Labels {
    constructor(context, view) {
      Object.assign(this, { context, view, family: getComputedStyle(document.body).fontFamily, texts: new Boxes(64 * view.ratio), marks: new Boxes(64 * view.ratio), spared: [] });
      context.lineJoin = "round";
      context.textAlign = "left";
      context.textBaseline = "middle";
    }

    isInside(x, y) {
      return x > 0 && y > 0 && x < this.view.width && y < this.view.height;
    }

    /* What lies on the map hides no name; on paper it is not there. */
    spare(control) {
      const { left, top, right, bottom } = control.getBoundingClientRect(), { seen, ratio } = this.view;
      const stage = document.getElementById("stage").getBoundingClientRect();
      if (right > left) this.spared.push([left - stage.left, top - stage.top, right - stage.left, bottom - stage.top].map((at, k) => at * ratio + (k % 2 ? seen.top : seen.left)));
    }

    keepFree(x, y, radius) {
      this.marks.add([x - radius, y - radius, x + radius, y + radius]);
    }

    /* What the reader sees of the canvas: a name is cut neither at its edge nor by the buttons on it. */
    isCut(box) {
      const { left, top, right, bottom } = this.view.seen;
      if (this.spared.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) return true;
      return (box[0] < left && box[2] > left) || (box[0] < right && box[2] > right) || (box[1] < top && box[3] > top) || (box[1] < bottom && box[3] > bottom);
    }

    /* Places: the middle of the text each; marks may be covered only where nothing else is left to try. */
    put(text, look, places) {
      const { context, view: { ratio } } = this;
      context.font = (look.weight || 400) + " " + 13 * ratio + "px " + this.family;
      const width = context.measureText(text).width + 2 * ratio, height = 15 * ratio;
      const tried = places(width, height).map(([x, y]) => [x - width / 2, y - height / 2, x + width / 2, y + height / 2]).filter((box) => !this.isCut(box) && !this.texts.meets(box));
      const box = tried.find((one) => !this.marks.meets(one)) || (look.isFirm ? tried[0] : undefined);
      if (!box) return false;
      this.texts.add(Object.assign(box, { text }));
      context.lineWidth = 3 * ratio;
      context.strokeStyle = "rgba(255,255,255,0.92)";
      context.strokeText(text, box[0] + ratio, (box[1] + box[3]) / 2);
      context.fillStyle = look.colour || INK;
      context.fillText(text, box[0] + ratio, (box[1] + box[3]) / 2);
      return true;
    }

    beside(text, look, x, y, radius) {
      const gap = radius + 3 * this.view.ratio;
      return this.put(text, look, (width, height) => SIDES.map(([right, down]) => {
        const near = right && down ? gap * CORNER : gap;
        return [x + right * (near + width / 2), y + down * (near + height / 2)];
      }));
    }

    /* The name of an area: at its middle, else around it. */
    around(text, look, x, y) {
      const step = 16 * this.view.ratio;
      return this.put(text, look, () => [[x, y], ...[1, 2].flatMap((ring) => SIDES.map(([right, down]) => [x + right * ring * 1.6 * step, y + down * ring * step]))]);
    }
  }

  /* Whoever may be named, most people first; the middle of each township, weighed by its people. */
  S.labelsOf = function (state) {
    const { points, places } = state, size = (i) => (places.population && places.population[i] >= 0 ? places.population[i] : 0);
    const rank = { city: 3, county_seat: 2, town: 1 };
    const order = Array.from({ length: points.n }, (_, i) => i).sort((a, b) => size(b) - size(a) || a - b);
    const sums = places.townships.map(() => [0, 0, 0]);
    for (let i = 0; i < points.n; i++) {
      const sum = sums[places.township[i]];
      if (!sum) continue;
      [points.x[i], points.y[i], 1].forEach((value, k) => { sum[k] += value * (size(i) + 1); });
    }
    const ranked = (level) => order.filter((i) => (rank[places.tiers[places.tier[i]]] || 0) === level);
    return {
      order, seats: [...ranked(3), ...ranked(2)], towns: ranked(1),
      townships: sums.map(([x, y, weight], code) => ({ code, x: x / weight, y: y / weight, weight })).filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight),
    };
  };

  /* Without the word for a village or township where most names end with one; Cape Town stays Cape Town. */
  function shortName(labels, name) {
    if (labels.language !== S.language) {
      const endings = S.t("map.endings").split(";").map((ending) => ending.trim()).filter(Boolean);
      const names = S.state.places.townships.map((_, code) => S.townshipName(S.state, code));
      const has = (text) => endings.find((ending) => text.endsWith(" " + ending));
      Object.assign(labels, { language: S.language, ending: names.filter(has).length > names.length / 2 ? has : () => "" });
    }
    const ending = labels.ending(name);
    return ending ? name.slice(0, -ending.length - 1) : name;
  }

  function drawLabels(context, view, state, facilities) {
    const { points, places, labels } = state, layer = S.layers.points;
    const written = new Labels(context, view), named = new Set();
    const at = (i) => [points.x[i] * view.scale + view.dx, points.y[i] * view.scale + view.dy];
    const radius = (i) => layer.radiusAt(i, view.zoom) * view.ratio;
    const name = (i, look) => {
      const [x, y] = at(i);
      const own = S.ownName(places, i);
      if (!own || named.has(i) || !written.isInside(x, y)) return false;
      named.add(i);
      return written.beside(shortName(labels, own), look, x, y, state.selected === i ? 15 * view.ratio : radius(i));
    };
    const judged = S.beyondOf(state);
    const isBeyond = (i) => judged && judged.codes.includes(layer.classes[i]);
    const isFailing = (i) => Boolean(state.mandatory.failing[i]);
    const inView = (wanted) => {
      const found = [];
      for (let k = 0; k < labels.order.length && found.length < MOST_TRIED; k++) {
        const i = labels.order[k];
        if (layer.classes[i] !== S.HIDDEN && wanted(i) && written.isInside(...at(i))) found.push(i);
      }
      return found;
    };
    // Whoever fails what is mandatory before the others.
    const failing = inView(isFailing), others = inView((i) => isBeyond(i) && !isFailing(i)), beyond = [...failing, ...others];
    for (const control of document.querySelectorAll(".map-tools, .leaflet-control-scale, #place-box, #stage > .only-off")) written.spare(control);
    for (const [x, y] of facilities.slice(0, MOST_TRIED)) written.keepFree(x, y, 6 * view.ratio);
    for (const i of beyond) written.keepFree(...at(i), Math.max(0, radius(i) - view.ratio));
    if (state.selected >= 0) name(state.selected, { weight: 700, isFirm: true });
    for (const i of labels.seats) if (layer.classes[i] !== S.HIDDEN) name(i, { weight: 700, isFirm: true });
    // As many as the map has room for, so that more are named as one comes nearer.
    let room = Math.ceil((view.width * view.height) / (view.ratio * view.ratio) / AREA_A_LABEL);
    const nameAll = (list, look) => { for (const i of list) if (room > 0 && name(i, look || {})) room -= 1; };
    for (const list of [failing, others]) nameAll(list.slice(0, FIRM), { isFirm: true });
    nameAll(beyond.slice(0, Math.ceil(beyond.length / 3)));
    // Names of townships stand beside circles; of a few townships they may cover one.
    const isFirm = labels.townships.length <= FEW_TOWNSHIPS, all = inView(() => true);
    for (const i of all) written.keepFree(...at(i), Math.max(0, radius(i) - view.ratio));
    if (!judged) nameAll(all);
    for (const { code, x, y } of labels.townships) {
      const [px, py] = [x * view.scale + view.dx, y * view.scale + view.dy];
      if (written.isInside(px, py)) written.around(shortName(labels, S.townshipName(state, code)).toLocaleUpperCase(S.locale()), { colour: GREY, isFirm }, px, py);
    }
    nameAll(beyond);
    if (view.zoom >= NAMED_FROM) nameAll(labels.towns.filter((i) => layer.classes[i] !== S.HIDDEN));
    if (view.zoom >= NAMED_FROM) nameAll(inView((i) => !isBeyond(i)));
    const { numbers } = S.layers.base;
    for (let k = 0; numbers && view.zoom >= NUMBERED_FROM && k < numbers.texts.length; k++) {
      const x = numbers.points.x[k] * view.scale + view.dx, y = numbers.points.y[k] * view.scale + view.dy;
      if (written.isInside(x, y)) written.around(numbers.texts[k], { colour: GREY }, x, y);
    }
    // Towns that are destinations have their names as places.
    const isNamed = view.zoom >= NAMED_FROM && S.data.page.service.closes, seen = isNamed ? facilities.map(([x, y], k) => ({ x, y, k })).filter(({ x, y }) => written.isInside(x, y)) : [];
    if (seen.length <= MOST_FACILITIES) for (const { x, y, k } of seen) written.beside(S.facilityName(state, k), { colour: GREY }, x, y, 6 * view.ratio);
    labels.written = written.texts.all;
  }

  /* Beside a village that it would cover. */
  function placeOf(view, state, k, size) {
    const { points, near } = state.facilities;
    const x = points.x[k] * view.scale + view.dx, y = points.y[k] * view.scale + view.dy, i = near[k];
    if (i < 0) return [x, y];
    const dx = state.points.x[i] * view.scale + view.dx - x, dy = state.points.y[i] * view.scale + view.dy - y;
    const room = S.layers.points.radiusAt(i, view.zoom) * view.ratio + size * CORNER;
    if (dx * dx + dy * dy >= room * room) return [x, y];
    return [x + dx + room * CORNER, y + dy - room * CORNER];
  }

  S.marksLayer = function (state) {
    return new S.CanvasLayer(function (context, view) {
      const place = (points, i) => [points.x[i] * view.scale + view.dx, points.y[i] * view.scale + view.dy];
      drawTownship(context, view, state);
      if (state.route) drawRoute(context, view, state.route);
      const facilities = state.facilities;
      const size = facilities ? markSize(view, facilities.points.n) * view.ratio : 0;
      const drawn = [];
      for (let k = 0; facilities && k < facilities.points.n; k++) {
        const [x, y] = placeOf(view, state, k, size);
        diamond(context, x, y, k === state.target ? size * 1.5 : size, view.ratio);
        drawn.push([x, y]);
      }
      if (facilities) facilities.seen = { view, drawn };
      if (state.selected >= 0) {
        const [x, y] = place(state.points, state.selected), points = S.layers.points;
        const radius = points.radiusAt(state.selected, view.zoom) * view.ratio;
        const name = S.classesOf(state.layer)[state.classes[state.selected]];
        if (name) S.drawDot(context, S.lookOf(state.layer, name), x, y, radius, view.ratio);
        context.beginPath();
        context.arc(x, y, Math.max(13 * view.ratio, radius + 5 * view.ratio), 0, 2 * Math.PI);
        context.lineWidth = 5 * view.ratio;
        context.strokeStyle = "#ffffff";
        context.stroke();
        context.lineWidth = 2.5 * view.ratio;
        context.strokeStyle = ACCENT;
        context.stroke();
      }
      drawLabels(context, view, state, drawn);
    }, { pane: "spatialMarks" });
  };
})(window.Spatial);
