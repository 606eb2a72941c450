"use strict";
/* Settlements on a canvas: circles where they are few, pixels where they are many, always in a shuffled order, so
   that no class hides another. */
(function (S) {
  const MANY = 6000;
  const OUTLINE = "#4a3b2a";
  const NEAR = 500; // pixels at the zoom of the coordinates
  S.HIDDEN = 255;

  /* Fisher-Yates with a fixed seed: the same page looks the same every time. */
  function shuffled(n) {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    let seed = 20260101;
    for (let i = n - 1; i > 0; i--) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      const j = seed % (i + 1);
      const swap = order[i];
      order[i] = order[j];
      order[j] = swap;
    }
    return order;
  }

  const LARGE = 9, LARGEST = 15, SMALLEST = 2.4, UNKNOWN = 3.4;  // radii in pixels at the middle zoom; LARGE for `high`

  /* Circles have areas by people; only hamlets and great cities are drawn larger and smaller, so that they can be met. */
  const radiusOf = (people, high) => Math.max(SMALLEST, Math.min(LARGEST, LARGE * Math.sqrt(people / high)));

  function radii(population, n, high) {
    const result = new Float32Array(n).fill(5);
    for (let i = 0; population && i < n; i++) result[i] = population[i] >= 0 ? radiusOf(population[i], high) : UNKNOWN;
    return result;
  }

  function largePlace(population) {
    const known = population ? population.filter((value) => value >= 0).sort() : [];
    return known.length ? Math.max(1, known[Math.floor((known.length - 1) * 0.97)]) : 1;
  }

  /* Two or three round numbers of people up to the larger villages. */
  function roundSizes(high) {
    const power = Math.pow(10, Math.floor(Math.log10(high))), first = [5, 2, 1].find((digit) => digit * power <= high) * power;
    return [...new Set([first / 10, first / 2.5, first].map((value) => Math.round(value)).filter((value) => value >= 1))];
  }

  /* One picture a class and radius, stamped on the canvas. */
  function sprite(look, radius, ratio, isRinged) {
    const size = Math.ceil((radius + (isRinged ? 5 : 2)) * 2 * ratio);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = size;
    const context = canvas.getContext("2d");
    S.drawDot(context, look, size / 2, size / 2, radius * ratio, ratio);
    if (isRinged) S.drawRing(context, size / 2, size / 2, radius * ratio, ratio);
    return canvas;
  }

  /* A mandatory norm fails: a thick ring that any fill can have. */
  S.drawRing = function (context, x, y, radius, ratio) {
    const width = Math.max(1.4 * ratio, Math.min(2.5 * ratio, radius / 2));
    context.beginPath();
    context.arc(x, y, radius + ratio / 2 + width / 2, 0, 2 * Math.PI);
    context.lineWidth = width;
    context.strokeStyle = "#1d2529";
    context.stroke();
  };

  S.drawDot = function (context, look, x, y, radius, ratio) {
    context.save();
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = look.fill;
    context.fill();
    if (look.pattern === "hatch") {
      context.clip();
      context.strokeStyle = look.line;
      context.lineWidth = 1.3 * ratio;
      context.beginPath();
      for (let offset = -2 * radius; offset <= 2 * radius; offset += 3.4 * ratio) {
        context.moveTo(x + offset - radius, y + radius);
        context.lineTo(x + offset + radius, y - radius);
      }
      context.stroke();
    }
    context.restore();
    context.save();
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.lineWidth = (look.pattern === "open" ? 2 : look.pattern ? 1.2 : 0.9) * ratio;
    context.strokeStyle = look.line || OUTLINE;
    if (look.pattern === "ring" && radius > 4 * ratio) context.setLineDash([2.2 * ratio, 1.8 * ratio]);
    context.stroke();
    context.restore();
  };

  function grid(points) {
    const n = points.n;
    let minX = Infinity, minY = Infinity, maxX = -Infinity, maxY = -Infinity;
    for (let i = 0; i < n; i++) {
      minX = Math.min(minX, points.x[i]); maxX = Math.max(maxX, points.x[i]);
      minY = Math.min(minY, points.y[i]); maxY = Math.max(maxY, points.y[i]);
    }
    const side = Math.max(1, Math.ceil(Math.sqrt(n / 4)));
    const stepX = Math.max((maxX - minX) / side, 1e-6), stepY = Math.max((maxY - minY) / side, 1e-6);
    const column = (x) => Math.max(0, Math.min(side - 1, Math.floor((x - minX) / stepX)));
    const row = (y) => Math.max(0, Math.min(side - 1, Math.floor((y - minY) / stepY)));
    const starts = new Uint32Array(side * side + 1);
    for (let i = 0; i < n; i++) starts[row(points.y[i]) * side + column(points.x[i]) + 1]++;
    for (let cell = 0; cell < side * side; cell++) starts[cell + 1] += starts[cell];
    const next = starts.slice(), members = new Uint32Array(n);
    for (let i = 0; i < n; i++) members[next[row(points.y[i]) * side + column(points.x[i])]++] = i;
    const spacing = Math.sqrt(((maxX - minX) * (maxY - minY)) / Math.max(1, n));
    return { side, column, row, starts, members, spacing };
  }

  S.PointsLayer = S.CanvasLayer.extend({
    initialize: function (points, population) {
      this.points = points;
      this.classes = new Uint8Array(points.n);
      this.looks = [];
      this._order = shuffled(points.n);
      this._high = largePlace(population);
      this._radius = radii(population, points.n, this._high);
      this._index = grid(points);
      S.CanvasLayer.prototype.initialize.call(this, this._paint.bind(this), { pane: "spatialPoints" });
    },

    show: function (classes, looks) {
      this.classes = classes;
      this.looks = looks;
      this.redraw();
    },

    radiusAt: function (i, zoom) {
      return this._radius[i] * this.factor(zoom);
    },

    /* Numbers of people for the legend, each with the radius of its circle as the map stands. */
    sizes: function () {
      const factor = this.factor(this._map.getZoom());
      return roundSizes(this._high).map((people) => ({ people, radius: radiusOf(people, this._high) * factor }));
    },

    factor: function (zoom) {
      // Where the mean square around a settlement is less than 18 pixels wide, circles shrink with it.
      const spacing = this._index.spacing * Math.pow(2, zoom - S.UNIT_ZOOM);
      const crowd = Math.max(0.5, Math.min(1, spacing > 0 ? spacing / 18 : 1));
      return crowd * Math.max(0.5, Math.min(1.5, 0.6 + (zoom - 9) * 0.22));
    },

    _paint: function (context, view) {
      const { points, classes } = this;
      if (!this.looks.length) return;
      let inView = 0;
      const margin = 20 * view.ratio;
      const seen = new Uint32Array(points.n);
      for (let k = 0; k < points.n; k++) {
        const i = this._order[k];
        if (classes[i] === S.HIDDEN) continue;
        const x = points.x[i] * view.scale + view.dx, y = points.y[i] * view.scale + view.dy;
        if (x < -margin || y < -margin || x > view.width + margin || y > view.height + margin) continue;
        seen[inView++] = i;
      }
      const drawn = seen.subarray(0, inView);
      // Small circles lie on large ones; of pixels none is larger.
      if (inView <= MANY) drawn.sort((a, b) => this._radius[b] - this._radius[a]);
      if (inView > MANY) this._paintPixels(context, view, drawn);
      else this._paintCircles(context, view, drawn);
    },

    _paintCircles: function (context, view, drawn) {
      const factor = this.factor(view.zoom);
      const sprites = new Map();
      for (const i of drawn) {
        const look = this.looks[this.classes[i]], isRinged = Boolean(this.ringed && this.ringed[i]);
        const radius = Math.round(Math.min(this._radius[i], look.most || LARGEST) * factor * 2) / 2;
        if (context.isVector) {
          const at = [this.points.x[i] * view.scale + view.dx, this.points.y[i] * view.scale + view.dy, radius * view.ratio];
          S.drawDot(context, look, ...at, view.ratio);
          if (isRinged) S.drawRing(context, ...at, view.ratio);
          continue;
        }
        const key = (2 * this.classes[i] + Number(isRinged)) * 1000 + radius;
        let stamp = sprites.get(key);
        if (!stamp) sprites.set(key, (stamp = sprite(look, radius, view.ratio, isRinged)));
        const x = this.points.x[i] * view.scale + view.dx, y = this.points.y[i] * view.scale + view.dy;
        context.drawImage(stamp, Math.round(x - stamp.width / 2), Math.round(y - stamp.height / 2));
      }
    },

    _paintPixels: function (context, view, drawn) {
      const image = context.createImageData(view.width, view.height);
      const pixels = new Uint32Array(image.data.buffer);
      const colours = this.looks.map((look) => {
        const part = (at) => parseInt((look.dense || look.fill).slice(at, at + 2), 16);
        return ((255 << 24) | (part(5) << 16) | (part(3) << 8) | part(1)) >>> 0;
      });
      const size = Math.max(2, Math.round((drawn.length > 40000 ? 2 : 3) * view.ratio));
      for (const i of drawn) {
        const left = Math.round(this.points.x[i] * view.scale + view.dx - size / 2);
        const top = Math.round(this.points.y[i] * view.scale + view.dy - size / 2);
        const colour = colours[this.classes[i]];
        const right = Math.min(left + size, view.width), bottom = Math.min(top + size, view.height);
        for (let y = Math.max(0, top); y < bottom; y++) {
          for (let x = Math.max(0, left); x < right; x++) pixels[y * view.width + x] = colour;
        }
      }
      const picture = document.createElement("canvas");
      picture.width = view.width;
      picture.height = view.height;
      picture.getContext("2d").putImageData(image, 0, 0);
      context.drawImage(picture, 0, 0);
    },

    /* The visible settlement nearest to a place of the map, within some pixels; -1 for none. */
    nearest: function (latlng, pixels) {
      const reach = pixels / Math.pow(2, this._map.getZoom() - S.UNIT_ZOOM);
      return this._nearest(S.toUnit(latlng.lat, latlng.lng), reach, (i) => this.classes[i] !== S.HIDDEN);
    },

    pixelsTo: function (i, latlng) {
      const at = S.toUnit(latlng.lat, latlng.lng);
      return Math.hypot(this.points.x[i] - at.x, this.points.y[i] - at.y) * Math.pow(2, this._map.getZoom() - S.UNIT_ZOOM);
    },

    /* The settlement nearest to each of other points; -1 where none is near on any map that shows both. */
    nearestTo: function (points) {
      return Int32Array.from({ length: points.n }, (_, k) => this._nearest({ x: points.x[k], y: points.y[k] }, NEAR, () => true));
    },

    _nearest: function (at, reach, isWanted) {
      const { side, column, row, starts, members } = this._index;
      let best = -1, bestSquare = reach * reach;
      for (let r = row(at.y - reach); r <= row(at.y + reach); r++) {
        for (let cell = r * side + column(at.x - reach); cell <= r * side + column(at.x + reach); cell++) {
          for (let k = starts[cell]; k < starts[cell + 1]; k++) {
            const i = members[k];
            if (!isWanted(i)) continue;
            const dx = this.points.x[i] - at.x, dy = this.points.y[i] - at.y;
            if (dx * dx + dy * dy <= bestSquare) {
              bestSquare = dx * dx + dy * dy;
              best = i;
            }
          }
        }
      }
      return best;
    },
  });
})(window.Spatial);
