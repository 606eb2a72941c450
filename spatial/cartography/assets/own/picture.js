"use strict";
/* The map as it is shown, on a slide: the finding as its title, legend, scale, north and sources beside it. Drawn by what draws
   the page, as pixels or as SVG, with nothing from elsewhere. */
(function (S) {
  const WIDTH = 1920, HEIGHT = 1080, RATIO = 2; // of the slide; pixels of the PNG for each of its own
  const EDGE = 48, COLUMN = 440, GAP = 32, FOOT = 64;
  const INK = "#1d2327", GREY = "#566168", PAPER = "#ffffff", GROUND = "#efefeb", LINE = "#b9bec2", BAND = "#ffe08a";
  const seen = (id) => { const node = document.getElementById(id); return node && !node.hidden && !node.closest("[hidden]") ? node.textContent.trim() : ""; };

  /* The window of the map, as large as there is room: everything on it grows alike, letters too. */
  function drawMap(context, layers, room, ratio) {
    const map = S.map, size = map.getSize(), grown = Math.min(room.width / size.x, room.height / size.y), shift = [(room.width - size.x * grown) / 2, (room.height - size.y * grown) / 2];
    const zoom = map.getZoom(), scale = Math.pow(2, zoom - S.UNIT_ZOOM), origin = map.getPixelOrigin(), moved = map.layerPointToContainerPoint([0, 0]), unit = grown * ratio;
    const view = {
      width: room.width * ratio, height: room.height * ratio, ratio: unit, zoom, scale: scale * unit,
      seen: { left: 0, top: 0, right: room.width * ratio, bottom: room.height * ratio },
      dx: (S.middle.x * scale - origin.x + moved.x) * unit + shift[0] * ratio, dy: (S.middle.y * scale - origin.y + moved.y) * unit + shift[1] * ratio,
    };
    context.fillStyle = GROUND;
    context.fillRect(0, 0, view.width, view.height);
    // What the screen knows of its own drawing stays as it was.
    const facilities = S.state.facilities, kept = { seen: facilities && facilities.seen, written: S.state.labels.written };
    for (const layer of layers) {
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.globalAlpha = 1;
      layer._draw(context, view);
    }
    if (facilities) facilities.seen = kept.seen;
    S.state.labels.written = kept.written;
    context.setTransform(1, 0, 0, 1, 0, 0);
    return (156543.034 * Math.cos((map.getCenter().lat * Math.PI) / 180)) / Math.pow(2, zoom) / grown; // metres a unit of the slide
  }

  const family = () => getComputedStyle(document.body).fontFamily.replace(/"/g, "'");
  const write = (context, text, x, y, { size = 22, weight = 400, colour = INK, align = "left" } = {}) => {
    Object.assign(context, { font: weight + " " + size + "px " + family(), fillStyle: colour, textAlign: align, textBaseline: "alphabetic" });
    context.fillText(text, x, y);
  };

  /* Lines that fit: broken between words, and between any two letters of a script without blanks. */
  function lines(context, text, width, size, weight) {
    context.font = weight + " " + size + "px " + family();
    const pieces = text.match(/[\u2E80-\u9FFF\uFF00-\uFFEF]|[^\s\u2E80-\u9FFF\uFF00-\uFFEF]+\s*|\s+/gu) || [], made = [""];
    for (const piece of pieces) {
      const last = made[made.length - 1];
      if (last && context.measureText((last + piece).trimEnd()).width > width) made.push(piece.trimStart());
      else made[made.length - 1] = last + piece;
    }
    return made.map((line) => line.trimEnd()).filter(Boolean);
  }

  /* Writes a paragraph, no more lines than are wanted, and gives where the next one may begin. */
  function paragraph(context, text, x, y, width, { size = 22, weight = 400, colour = INK, most = 6 } = {}) {
    if (!text) return y;
    const found = lines(context, text, width, size, weight), step = size * 1.3;
    if (found.length > most) found[most - 1] += "…";
    found.slice(0, most).forEach((line, k) => write(context, line, x, y + size + k * step, { size, weight, colour }));
    return y + Math.min(most, found.length) * step + size * 0.2;
  }

  function scaleBar(context, metres, x, y) {
    const wanted = 200 * metres, power = Math.pow(10, Math.floor(Math.log10(wanted))), length = [5, 2, 1].map((step) => step * power).find((step) => step <= wanted), long = length / metres;
    const text = S.lengthText(length);
    context.fillStyle = "rgba(255,255,255,0.85)";
    context.fillRect(x, y - 52, long + 84, 60);
    Object.assign(context, { strokeStyle: INK, lineWidth: 2.5, lineJoin: "miter" });
    context.beginPath();
    [[x + 56, y - 14], [x + 56, y - 4], [x + 56 + long, y - 4], [x + 56 + long, y - 14]].forEach(([left, top], k) => (k ? context.lineTo(left, top) : context.moveTo(left, top)));
    context.stroke();
    write(context, text, x + 56, y - 22, { size: 20 });
    context.beginPath();
    [[x + 26, y - 48], [x + 36, y - 20], [x + 26, y - 25], [x + 16, y - 20]].forEach(([left, top], k) => (k ? context.lineTo(left, top) : context.moveTo(left, top)));
    context.closePath();
    context.fillStyle = INK;
    context.fill();
    write(context, "N", x + 26, y, { size: 18, weight: 700, align: "center" });
  }

  /* The legend of the page, row by row: mark, words, number. */
  function legend(context, state, x, top, width) {
    let y = paragraph(context, seen("legend-title"), x, top, width, { size: 18, colour: GREY, most: 2 }) + 6;
    const names = S.classesOf(state.layer);
    for (const row of document.querySelectorAll("#legend .legend-row")) {
      const name = row.dataset.class, code = names.indexOf(name), isShown = !state.only || state.only === name;
      const [label, number] = [row.querySelector(".legend-label"), row.querySelector("strong")].map((node) => (node ? node.textContent : ""));
      context.globalAlpha = isShown ? 1 : 0.35;
      if (code >= 0) S.drawDot(context, S.lookOf(state.layer, name), x + 12, y + 15, 10, 1.4);
      context.font = "700 22px " + family();
      const wide = context.measureText(number).width;
      write(context, number, x + width, y + 22, { weight: 700, align: "right" });
      y = Math.max(y + 34, paragraph(context, label, x + 36, y, width - 52 - wide, { most: 2 }) + 4);
      context.globalAlpha = 1;
    }
    return y;
  }

  function keys(context, x, top, width) {
    let y = top + 8;
    const mark = (draw, text) => {
      if (!text) return;
      const wide = draw(y + 14);
      y = Math.max(y + 32, paragraph(context, text, x + wide + 10, y + 2, width - wide - 10, { size: 18, colour: GREY, most: 3 }) + 6);
    };
    mark((middle) => {
      context.beginPath();
      [[x + 12, middle - 10], [x + 22, middle], [x + 12, middle + 10], [x + 2, middle]].forEach(([left, at], k) => (k ? context.lineTo(left, at) : context.moveTo(left, at)));
      context.closePath();
      context.fillStyle = INK;
      context.fill();
      return 26;
    }, seen("key-facility"));
    mark((middle) => { S.drawDot(context, S.lookOf(S.state.layer, S.classesOf(S.state.layer)[0]), x + 12, middle, 7, 1.4); S.drawRing(context, x + 12, middle, 7, 1.4); return 26; }, seen("key-ring"));
    mark((middle) => {
      let left = x + 2;
      for (const { radius } of S.layers.points.sizes()) {
        Object.assign(context, { strokeStyle: "#555f68", lineWidth: 1.5 });
        context.beginPath();
        context.arc(left + radius * 1.5, middle, radius * 1.5, 0, 2 * Math.PI);
        context.stroke();
        left += radius * 3 + 8;
      }
      return left - x;
    }, seen("key-size"));
    return y;
  }

  function watermark(context, room) {
    const text = seen("watermark") && document.querySelector("#watermark span").dataset.text;
    if (!text) return;
    for (let k = 0; k < 6; k++) {
      context.save();
      context.translate(room.x + room.width * ((k % 3) + 0.5) / 3, room.y + room.height * (Math.floor(k / 3) + 0.5) / 2);
      context.rotate(-Math.PI / 7.5);
      write(context, text, 0, 0, { size: 48, weight: 700, colour: "rgba(29,35,39,0.09)", align: "center" });
      context.restore();
    }
  }

  /* The whole slide: `place` puts the map where it is told, and gives the metres of a unit. */
  function drawSlide(context, place) {
    const state = S.state, text = WIDTH - 2 * EDGE;
    context.fillStyle = PAPER;
    context.fillRect(0, 0, WIDTH, HEIGHT);
    let y = EDGE - 16;
    const banner = seen("banner");
    if (banner) {
      context.fillStyle = BAND;
      context.fillRect(0, 0, WIDTH, 48);
      write(context, banner, WIDTH / 2, 32, { size: 22, weight: 700, align: "center" });
      y += 40;
    }
    y = paragraph(context, seen("page-title"), EDGE, y, text, { size: lines(context, seen("page-title"), text, 44, 700).length > 2 ? 34 : 44, weight: 700, most: 3 });
    const layer = document.querySelector("#layer option:checked"), judged = layer && !layer.closest("[hidden]") ? layer.textContent : "";
    y = paragraph(context, [seen("study-title"), judged, seen("page-topic"), ...[...document.getElementById("study-facts").children].map((fact) => fact.textContent)].filter(Boolean).join(" · "), EDGE, y, text, { size: 20, colour: GREY, most: 2 }) + 8;
    const room = { x: EDGE, y, width: WIDTH - 2 * EDGE - COLUMN - GAP, height: HEIGHT - FOOT - y };
    const metres = place(room);
    watermark(context, room);
    Object.assign(context, { strokeStyle: LINE, lineWidth: 1 });
    context.setLineDash([]);
    context.strokeRect(room.x, room.y, room.width, room.height);
    scaleBar(context, metres, room.x + 12, room.y + room.height - 16);
    const x = room.x + room.width + GAP, number = document.querySelector("#headline .headline-number strong");
    if (number) {
      write(context, number.textContent, x, y + 60, { size: 72, weight: 700 });
      y = paragraph(context, [...document.querySelectorAll("#headline .headline-number span, #headline .headline-sentence")].map((part) => part.textContent).join(" "), x, y + 72, COLUMN, { most: 5 });
    }
    y = paragraph(context, seen("filtered-text"), x, y + 4, COLUMN, { size: 20, weight: 700, most: 3 });
    y = paragraph(context, [seen("certainty"), state.isFound ? "" : seen("headline-more")].filter(Boolean).join(" "), x, y + 4, COLUMN, { size: 18, colour: GREY, most: 5 });
    keys(context, x, legend(context, state, x, y + 12, COLUMN), COLUMN);
    write(context, seen("credits"), EDGE, HEIGHT - 24, { size: 18, colour: GREY });
  }

  const nameOf = (ending) => S.data.page.file.replace(".html", "-map." + ending);

  function png() {
    const slide = S.el("canvas", { width: WIDTH * RATIO, height: HEIGHT * RATIO }), context = slide.getContext("2d");
    context.scale(RATIO, RATIO);
    drawSlide(context, (room) => {
      const ground = S.el("canvas", { width: Math.round(room.width * RATIO), height: Math.round(room.height * RATIO) });
      const metres = drawMap(ground.getContext("2d"), Object.values(S.layers), room, RATIO);
      context.drawImage(ground, room.x, room.y, room.width, room.height);
      return metres;
    });
    return new Promise((done) => slide.toBlob(done, "image/png"));
  }

  /* Ground and areas anew, of lines that can be written down. */
  async function svg() {
    const base = S.withTracks(() => S.baseLayer(S.data.base, S.data.relief)), areas = S.withTracks(() => S.areasLayer(S.state));
    Object.assign(areas.shown, S.layers.areas.shown);
    await base.ready;
    const context = new S.SvgContext(WIDTH, HEIGHT);
    drawSlide(context, (room) => {
      const map = new S.SvgContext(room.width, room.height), metres = S.withTracks(() => drawMap(map, Object.values({ ...S.layers, base, areas }), room, 1));
      context.place(map, room.x, room.y);
      return metres;
    });
    return new Blob([context.text()], { type: "image/svg+xml;charset=utf-8" });
  }

  S.pictureButtons = () => [["png", png], ["svg", svg]].map(([ending, make]) => S.el("button", {
    type: "button", id: "save-" + ending, text: S.t("picture." + ending), title: S.t("picture.note"),
    on: { click: async () => S.save(nameOf(ending), await make()) },
  }));
})(window.Spatial);
