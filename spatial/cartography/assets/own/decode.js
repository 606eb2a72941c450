"use strict";
/* Columns of the data: typed arrays and names. */
(function (S) {
  const KINDS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, i4: Int32Array, f4: Float32Array };
  const DATA = 2, SMALL = 3, FIRST_LARGE = 4;

  S.data = JSON.parse(S.utf8(S.block(DATA)));

  /* A large piece has a block of its own, a small one a place among the others. */
  const bytesOf = (piece) => (Array.isArray(piece) ? S.block(SMALL).subarray(...piece) : S.block(FIRST_LARGE + piece));

  S.json = (piece) => JSON.parse(S.utf8(bytesOf(piece)));

  /* Bytes of equal weight stand together: put each number's bytes side by side again. */
  S.column = function (packed) {
    if (!packed) return null;
    const Kind = KINDS[packed.kind];
    const size = Kind.BYTES_PER_ELEMENT;
    const planes = bytesOf(packed.data);
    const bytes = new Uint8Array(packed.n * size);
    for (let plane = 0; plane < size; plane++) {
      for (let i = 0, from = plane * packed.n; i < packed.n; i++) bytes[i * size + plane] = planes[from + i];
    }
    return new Kind(bytes.buffer);
  };

  S.texts = function (packed) {
    if (!packed) return null;
    if (packed.n === 0) return [];
    return S.utf8(bytesOf(packed.text)).split("\n");
  };

  /* Minutes travel as whole seconds plus one, metres as whole metres plus one; 0 = missing. */
  S.seconds = function (packed) {
    const column = S.column(packed);
    return column && Float64Array.from(column, (value) => (value === 0 ? NaN : (value - 1) / 60));
  };

  S.metres = function (packed) {
    const column = S.column(packed);
    return column && Float64Array.from(column, (value) => (value === 0 ? NaN : value - 1));
  };

  /* Canvas coordinates: pixels of web Mercator at zoom 14 from the middle of the study, so that float32 holds them. */
  S.UNIT_ZOOM = 14;
  const WORLD = 256 * Math.pow(2, S.UNIT_ZOOM);
  const STEP = 1 / 100000;

  function worldX(longitude) {
    return (longitude / 360 + 0.5) * WORLD;
  }

  function worldY(latitude) {
    const sine = Math.sin((latitude * Math.PI) / 180);
    return (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * WORLD;
  }

  S.setMiddle = function (latitude, longitude) {
    S.middle = { x: worldX(longitude), y: worldY(latitude) };
  };

  S.toUnit = function (latitude, longitude) {
    return { x: worldX(longitude) - S.middle.x, y: worldY(latitude) - S.middle.y };
  };

  S.points = function (packed) {
    const dx = S.column(packed.x);
    const dy = S.column(packed.y);
    const n = dx.length;
    const result = {
      n: n, x: new Float32Array(n), y: new Float32Array(n),
      longitude: new Float64Array(n), latitude: new Float64Array(n),
    };
    for (let i = 0, x = 0, y = 0; i < n; i++) {
      x += dx[i];
      y += dy[i];
      result.longitude[i] = x * STEP;
      result.latitude[i] = y * STEP;
      result.x[i] = worldX(x * STEP) - S.middle.x;
      result.y[i] = worldY(y * STEP) - S.middle.y;
    }
    return result;
  };

  S.lines = function (packed) {
    const points = S.points(packed);
    const sizes = S.column(packed.sizes);
    const starts = new Uint32Array(sizes.length + 1);
    for (let i = 0; i < sizes.length; i++) starts[i + 1] = starts[i] + sizes[i];
    return { x: points.x, y: points.y, starts: starts, source: S.column(packed.source) };
  };

  /* The smallest float32 that is not below a threshold: the rule by which Python rounded the values. */
  S.limit = function (threshold) {
    const near = Math.fround(threshold);
    if (near >= threshold) return near;
    const float = new Float32Array([near]);
    const bits = new Int32Array(float.buffer);
    bits[0] += near >= 0 ? 1 : -1;
    return float[0];
  };
})(window.Spatial);
