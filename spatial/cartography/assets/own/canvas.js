"use strict";
/* A canvas that pans with the map and is drawn again when the map rests or leaves what was drawn. */
(function (S) {
  S.newPath = () => new Path2D();

  /* Leaflet's scale, in the words of the page. */
  S.addScale = function (map) {
    const scale = L.control.scale({ imperial: false, position: "bottomleft" });
    scale._updateMetric = (most) => scale._updateScale(scale._mScale, S.lengthText(scale._getRoundNum(most)), scale._getRoundNum(most) / most);
    S.onLanguage(() => scale._update());
    scale.addTo(map);
  };

  S.CanvasLayer = L.Renderer.extend({
    options: { padding: 0.35, pane: "overlayPane" },

    initialize: function (draw, options) {
      L.Renderer.prototype.initialize.call(this, options);
      this._draw = draw;
    },

    getEvents: function () {
      return Object.assign(L.Renderer.prototype.getEvents.call(this), { move: this._onMove });
    },

    _updatePaths: function () {},

    _initContainer: function () {
      this._container = document.createElement("canvas");
      this._container.setAttribute("aria-hidden", "true");
    },

    _onMove: function () {
      const map = this._map;
      if (map._animatingZoom || !this._bounds || map.getZoom() !== this._zoom) return;
      const size = map.getSize();
      const corner = map.containerPointToLayerPoint([0, 0]);
      if (!this._bounds.contains(L.bounds(corner, corner.add(size)))) this._update();
    },

    _update: function () {
      if (this._map._animatingZoom && this._bounds) return;
      L.Renderer.prototype._update.call(this);
      const size = this._bounds.getSize();
      const ratio = Math.min(window.devicePixelRatio || 1, 2);
      const canvas = this._container;
      L.DomUtil.setPosition(canvas, this._bounds.min);
      canvas.width = Math.max(1, Math.round(size.x * ratio));
      canvas.height = Math.max(1, Math.round(size.y * ratio));
      canvas.style.width = size.x + "px";
      canvas.style.height = size.y + "px";
      this.redraw();
    },

    /* Asked for several times while a page is filled, or a view set, it draws once: before anybody sees the page. */
    redraw: function () {
      if (!this._isAwaited) queueMicrotask(() => { this._isAwaited = false; this._drawNow(); });
      this._isAwaited = true;
      return this;
    },

    /* View: where a canvas coordinate of S.points lies on this canvas, in device pixels. */
    _drawNow: function () {
      const map = this._map;
      if (!map || !this._bounds) return;
      const ratio = Math.min(window.devicePixelRatio || 1, 2);
      const zoom = map.getZoom();
      const scale = Math.pow(2, zoom - S.UNIT_ZOOM);
      const origin = map.getPixelOrigin();
      const view = {
        width: this._container.width, height: this._container.height, ratio: ratio, zoom: zoom,
        scale: scale * ratio,
        dx: (S.middle.x * scale - origin.x - this._bounds.min.x) * ratio,
        dy: (S.middle.y * scale - origin.y - this._bounds.min.y) * ratio,
      };
      // What of the canvas lies in the window of the map.
      const corner = map.containerPointToLayerPoint([0, 0]).subtract(this._bounds.min), size = map.getSize();
      view.seen = { left: corner.x * ratio, top: corner.y * ratio, right: (corner.x + size.x) * ratio, bottom: (corner.y + size.y) * ratio };
      const context = this._container.getContext("2d");
      // Setting the width empties the canvas; clearRect would paint white on paper and hide the canvas below.
      this._container.width = view.width;
      this._draw(context, view);
    },
  });
})(window.Spatial);
