"use strict";
/* Above the settlements: facilities, the chosen village with its way, and names of towns. */
(function (S) {
  const ACCENT = "#0b5cad";

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

  function drawLabels(context, view, labels, chosen) {
    const size = 12 * view.ratio;
    const ring = 16 * view.ratio;
    const taken = chosen ? [[chosen[0] - ring, chosen[1] - ring, chosen[0] + ring, chosen[1] + ring]] : [];
    context.font = "600 " + size + "px " + getComputedStyle(document.body).fontFamily;
    context.textAlign = "center";
    context.textBaseline = "bottom";
    context.lineJoin = "round";
    for (const label of labels) {
      const x = label.x * view.scale + view.dx, y = label.y * view.scale + view.dy - 12 * view.ratio;
      if (x < 0 || y < 0 || x > view.width || y > view.height) continue;
      const text = label.text();
      if (!text) continue;
      const half = context.measureText(text).width / 2 + 4 * view.ratio;
      const box = [x - half, y - size, x + half, y];
      if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) continue;
      taken.push(box);
      context.lineWidth = 3.5 * view.ratio;
      context.strokeStyle = "rgba(255,255,255,0.9)";
      context.strokeText(text, x, y);
      context.fillStyle = "#1d2327";
      context.fillText(text, x, y);
    }
  }

  S.marksLayer = function (state) {
    return new S.CanvasLayer(function (context, view) {
      const place = (points, i) => [points.x[i] * view.scale + view.dx, points.y[i] * view.scale + view.dy];
      if (state.route) drawRoute(context, view, state.route);
      const facilities = state.facilities;
      const size = facilities ? markSize(view, facilities.points.n) * view.ratio : 0;
      if (facilities) {
        for (let i = 0; i < facilities.points.n; i++) {
          const [x, y] = place(facilities.points, i);
          diamond(context, x, y, i === state.target ? size * 1.5 : size, view.ratio);
        }
      }
      if (state.selected >= 0) {
        const [x, y] = place(state.points, state.selected);
        context.beginPath();
        context.arc(x, y, 13 * view.ratio, 0, 2 * Math.PI);
        context.lineWidth = 5 * view.ratio;
        context.strokeStyle = "#ffffff";
        context.stroke();
        context.lineWidth = 2.5 * view.ratio;
        context.strokeStyle = ACCENT;
        context.stroke();
      }
      drawLabels(context, view, state.labels, state.selected >= 0 ? place(state.points, state.selected) : null);
    }, { pane: "spatialMarks" });
  };
})(window.Spatial);
