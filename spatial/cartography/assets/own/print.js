"use strict";
/* On paper the map gets a fixed size, so that it fills A4's width whatever the window was. */
(function (S) {
  S.startPrint = function (map, state) {
    let before = null;

    function enter() {
      if (before) return;
      before = { centre: map.getCenter(), zoom: map.getZoom() };
      document.body.classList.add("printing");
      map.invalidateSize({ animate: false, pan: false });
      if (!state.moved) map.fitBounds(S.data.bounds, { animate: false, padding: [12, 12] });
      else map.setView(before.centre, map.getZoom(), { animate: false });
    }

    function leave() {
      if (!before) return;
      document.body.classList.remove("printing");
      map.invalidateSize({ animate: false, pan: false });
      map.setView(before.centre, before.zoom, { animate: false });
      before = null;
    }

    window.addEventListener("beforeprint", enter);
    window.addEventListener("afterprint", leave);
    const media = window.matchMedia("print");
    if (media.addEventListener) media.addEventListener("change", (event) => (event.matches ? enter() : leave()));
  };
})(window.Spatial);
