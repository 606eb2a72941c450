"use strict";
/* What draws on a canvas draws on this as well, and leaves an SVG: the part of a canvas context that maps use. Elements are
   made as such, so that no name can become a tag, and letters that XML forbids are left out. */
(function (S) {
  const NAMESPACE = "http://www.w3.org/2000/svg";
  const FORBIDDEN = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
  const MIDDLE = 0.34; // of the size of letters, from their middle down to their base
  const FULL = 2 * Math.PI;
  const pen = document.createElement("canvas").getContext("2d");

  /* Points of lines as they were added, which a Path2D does not give back. */
  class Track {
    constructor() { this.lines = []; }
    moveTo(x, y) { this.lines.push({ points: [[x, y]], isClosed: false }); }
    lineTo(x, y) { if (this.lines.length) this.lines[this.lines.length - 1].points.push([x, y]); else this.moveTo(x, y); }
    closePath() { if (this.lines.length) this.lines[this.lines.length - 1].isClosed = true; }
    arc(x, y, radius) { this.lines.push({ points: [[x - radius, y], [x + radius, y]], radius, isClosed: true }); }
  }

  /* Run what makes paths so that these can be drawn here too. */
  S.withTracks = function (make) {
    const own = S.newPath;
    S.newPath = () => new Track();
    try {
      return make();
    } finally {
      S.newPath = own;
    }
  };

  S.SvgContext = class {
    constructor(width, height) {
      Object.assign(this, { width, height, isVector: true, clips: 0, stack: [], fillStyle: "#000", strokeStyle: "#000", lineWidth: 1, globalAlpha: 1, lineJoin: "miter", lineCap: "butt", font: "400 13px sans-serif", textAlign: "left", textBaseline: "alphabetic", dash: [], matrix: [1, 0, 0, 1, 0, 0], track: new Track() });
      this.root = this.node("svg", { xmlns: null, width, height, viewBox: "0 0 " + width + " " + height });
      this.parent = this.root;
    }

    node(tag, attributes, text) {
      const made = document.createElementNS(NAMESPACE, tag);
      for (const [name, value] of Object.entries(attributes)) if (value !== null && value !== undefined) made.setAttribute(name, value);
      if (text !== undefined) made.textContent = text.replace(FORBIDDEN, "");
      return made;
    }

    add(tag, attributes, text) { this.parent.append(this.node(tag, attributes, text)); }

    save() {
      const { fillStyle, strokeStyle, lineWidth, globalAlpha, lineJoin, lineCap, font, textAlign, textBaseline, dash, matrix, parent } = this;
      this.stack.push({ fillStyle, strokeStyle, lineWidth, globalAlpha, lineJoin, lineCap, font, textAlign, textBaseline, dash, matrix, parent });
    }

    restore() { Object.assign(this, this.stack.pop()); }

    setTransform(...matrix) { this.matrix = matrix; }
    transform(a, b, c, d, e, f) {
      const [p, q, r, s, t, u] = this.matrix;
      this.matrix = [p * a + r * b, q * a + s * b, p * c + r * d, q * c + s * d, p * e + r * f + t, q * e + s * f + u];
    }
    translate(x, y) { this.transform(1, 0, 0, 1, x, y); }
    scale(x, y) { this.transform(x, 0, 0, y, 0, 0); }
    rotate(turn) { this.transform(Math.cos(turn), Math.sin(turn), -Math.sin(turn), Math.cos(turn), 0, 0); }

    at([x, y]) {
      const [a, b, c, d, e, f] = this.matrix;
      return [a * x + c * y + e, b * x + d * y + f];
    }
    grown(length) { return length * Math.sqrt(Math.abs(this.matrix[0] * this.matrix[3] - this.matrix[1] * this.matrix[2])); }

    beginPath() { this.track = new Track(); }
    moveTo(x, y) { this.track.moveTo(x, y); }
    lineTo(x, y) { this.track.lineTo(x, y); }
    closePath() { this.track.closePath(); }
    arc(x, y, radius, from, to) { if (Math.abs(to - from) >= FULL - 1e-9) this.track.arc(x, y, radius); }
    setLineDash(dash) { this.dash = dash; }

    /* Lines beside the picture are left out, and points that fall together. */
    drawn(track) {
      const parts = [];
      for (const { points, radius, isClosed } of track.lines) {
        const placed = points.map((point) => this.at(point)), xs = placed.map(([x]) => x), ys = placed.map(([, y]) => y);
        const room = radius ? this.grown(radius) : 40, least = (list) => list.reduce((a, b) => Math.min(a, b)), most = (list) => list.reduce((a, b) => Math.max(a, b));
        if (most(xs) < -room || least(xs) > this.width + room || most(ys) < -room || least(ys) > this.height + room) continue;
        if (radius) {
          // Half of what lies between the ends as they are written: any other radius makes an egg of it.
          const [from, to] = placed.map((point) => point.map((value) => value.toFixed(1))), size = ((to[0] - from[0]) / 2).toFixed(2), arc = "A" + size + " " + size + " 0 1 0 ";
          parts.push("M" + from.join(" ") + arc + to.join(" ") + arc + from.join(" ") + "Z");
          continue;
        }
        let last = "", text = "";
        for (const [x, y] of placed) {
          const spot = x.toFixed(1) + " " + y.toFixed(1);
          if (spot !== last) text += (text ? "L" : "M") + spot;
          last = spot;
        }
        parts.push(text + (isClosed ? "Z" : ""));
      }
      return parts.join("");
    }

    fill(path, rule) {
      const [track, how] = typeof path === "object" ? [path, rule] : [this.track, path], d = this.drawn(track);
      if (d) this.add("path", { d, fill: this.fillStyle, "fill-rule": how || null, "fill-opacity": this.globalAlpha < 1 ? this.globalAlpha : null });
    }

    stroke(path) {
      const d = this.drawn(path || this.track);
      if (d) this.add("path", { d, fill: "none", stroke: this.strokeStyle, "stroke-width": this.grown(this.lineWidth).toFixed(2), "stroke-linejoin": this.lineJoin, "stroke-linecap": this.lineCap, "stroke-dasharray": this.dash.length ? this.dash.map((part) => this.grown(part).toFixed(1)).join(" ") : null, "stroke-opacity": this.globalAlpha < 1 ? this.globalAlpha : null });
    }

    clip(path, rule) {
      const [track, how] = typeof path === "object" ? [path, rule] : [this.track, path];
      const id = "clip" + (this.clips += 1), shape = this.node("clipPath", { id });
      shape.append(this.node("path", { d: this.drawn(track) || "M0 0", "clip-rule": how || null }));
      const group = this.node("g", { "clip-path": `url(#${id})` });
      this.parent.append(shape, group);
      this.parent = group;
    }

    rectangle(x, y, width, height) {
      const track = new Track();
      [[x, y], [x + width, y], [x + width, y + height], [x, y + height]].forEach(([left, top], k) => (k ? track.lineTo(left, top) : track.moveTo(left, top)));
      track.closePath();
      return track;
    }
    fillRect(...box) { this.fill(this.rectangle(...box)); }
    strokeRect(...box) { this.stroke(this.rectangle(...box)); }

    measureText(text) {
      pen.font = this.font;
      return pen.measureText(text);
    }

    letters(text, x, y, look) {
      const [, weight, size, family] = /^(?:(\d+) )?([\d.]+)px (.*)$/.exec(this.font);
      const down = this.textBaseline === "middle" ? Number(size) * MIDDLE : 0, [a, b, c, d] = this.matrix, [left, top] = this.at([x, y + down]);
      const isTurned = b !== 0 || c !== 0 || a !== 1 || d !== 1;
      const place = isTurned ? { transform: `matrix(${[a, b, c, d, left, top].map((value) => value.toFixed(4)).join(" ")})` } : { x: left.toFixed(1), y: top.toFixed(1) };
      this.add("text", { ...place, "font-size": size, "font-weight": weight === "400" ? null : weight, "font-family": family, "text-anchor": { center: "middle", right: "end" }[this.textAlign] || null, ...look }, String(text));
    }
    fillText(text, x, y) { this.letters(text, x, y, { fill: this.fillStyle, "fill-opacity": this.globalAlpha < 1 ? this.globalAlpha : null }); }
    strokeText(text, x, y) { this.letters(text, x, y, { fill: "none", stroke: this.strokeStyle, "stroke-width": this.lineWidth.toFixed(1), "stroke-linejoin": this.lineJoin }); }

    createImageData(width, height) { return pen.createImageData(width, height); }
    drawImage(image, x, y, width, height) {
      const size = [width === undefined ? image.width : width, height === undefined ? image.height : height];
      this.add("image", { href: image.src || image.toDataURL(), width: size[0], height: size[1], preserveAspectRatio: "none", transform: `matrix(${[...this.matrix.slice(0, 4), ...this.at([x, y])].join(" ")})` });
    }

    /* Another drawing as a part of this one, cut at its own edges. */
    place(other, x, y) {
      for (const [name, value] of Object.entries({ x, y, overflow: "hidden" })) other.root.setAttribute(name, value);
      for (const node of other.root.querySelectorAll("[id],[clip-path]")) {
        if (node.id) node.id = "map-" + node.id;
        if (node.hasAttribute("clip-path")) node.setAttribute("clip-path", node.getAttribute("clip-path").replace("#", "#map-"));
      }
      this.parent.append(other.root);
    }

    text() { return '<?xml version="1.0" encoding="UTF-8"?>\n' + new XMLSerializer().serializeToString(this.root) + "\n"; }
  };
})(window.Spatial);
