"use strict";
/* On paper the map stands below the headline in a size that fits A4, whatever the window was, and is drawn as one
   picture: paper shows only the uppermost of several canvases. */
(function (S) {
  const LAND = "#e9e9e4";

  function drawAll(map) {
    const ratio = 2;
    const size = map.getSize();
    const canvas = document.getElementById("print-canvas");
    canvas.width = size.x * ratio;
    canvas.height = size.y * ratio;
    const zoom = map.getZoom(), scale = Math.pow(2, zoom - S.UNIT_ZOOM);
    const origin = map.getPixelOrigin(), moved = map.layerPointToContainerPoint([0, 0]);
    const view = {
      width: canvas.width, height: canvas.height, seen: { left: 0, top: 0, right: canvas.width, bottom: canvas.height }, ratio, zoom, scale: scale * ratio,
      dx: (S.middle.x * scale - origin.x + moved.x) * ratio, dy: (S.middle.y * scale - origin.y + moved.y) * ratio,
    };
    const context = canvas.getContext("2d");
    context.fillStyle = LAND;
    context.fillRect(0, 0, view.width, view.height);
    for (const layer of Object.values(S.layers)) {
      context.setTransform(1, 0, 0, 1, 0, 0);
      layer._draw(context, view);
    }
  }

  S.startPrint = function (map, state) {
    const [stage, panel, beyond] = ["stage", "panel", "beyond"].map((id) => document.getElementById(id));
    let before = null;

    function enter() {
      if (before) return;
      before = { centre: map.getCenter(), zoom: map.getZoom() };
      document.body.classList.add("printing");
      document.getElementById("view-result").after(stage, beyond);
      map.invalidateSize({ animate: false, pan: false });
      if (!state.moved) map.fitBounds(S.data.bounds, { animate: false, padding: [6, 6] });
      else map.setView(before.centre, before.zoom, { animate: false });
      drawAll(map);
    }

    function leave() {
      if (!before) return;
      document.body.classList.remove("printing");
      panel.before(stage);
      panel.after(beyond);
      map.invalidateSize({ animate: false, pan: false });
      map.setView(before.centre, before.zoom, { animate: false });
      before = null;
    }

    window.addEventListener("beforeprint", enter);
    window.addEventListener("afterprint", leave);
  };
})(window.Spatial);
