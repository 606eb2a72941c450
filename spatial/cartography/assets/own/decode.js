"use strict";
/* Columns of the data: typed arrays and names. */
(function (S) {
  const KINDS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, i4: Int32Array, f4: Float32Array };
  const DATA = 2, SMALL = 3, FIRST_LARGE = 4;

  const { data, lengths } = JSON.parse(S.utf8(S.block(DATA)));
  S.data = data;

  /* Small pieces follow each other in one block, a large one has a block of its own. */
  const starts = [0];
  for (const length of lengths) starts.push(starts[starts.length - 1] + length);
  const bytesOf = (piece) => (piece < 0 ? S.block(FIRST_LARGE - 1 - piece) : S.block(SMALL).subarray(starts[piece], starts[piece + 1]));

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
    const column = new Kind(bytes.buffer);
    // The sign is the last bit of a whole number that may have one.
    if (Kind === Int32Array) for (let i = 0; i < packed.n; i++) column[i] = (column[i] >>> 1) ^ -(column[i] & 1);
    return column;
  };

  S.texts = function (packed) {
    if (!packed) return null;
    if (packed.n === 0) return [];
    return S.utf8(bytesOf(packed.text)).split("\n");
  };

  /* Minutes travel as whole seconds, or steps of several, plus one; metres as whole metres plus one; 0 = missing. */
  S.seconds = function (packed) {
    const column = S.column(packed), step = packed && (packed.step || 1);
    return column && Float64Array.from(column, (value) => (value === 0 ? NaN : ((value - 1) * step) / 60));
  };

  S.metres = function (packed) {
    const column = S.column(packed);
    return column && Float64Array.from(column, (value) => (value === 0 ? NaN : value - 1));
  };

  /* Canvas coordinates: pixels of web Mercator at zoom 14 from the middle of the study, so that float32 holds them. */
  S.UNIT_ZOOM = 14;
  const WORLD = 256 * Math.pow(2, S.UNIT_ZOOM);
  const SCALE = 100000; // steps a degree, of points

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
    const n = dx.length, scale = packed.scale || SCALE;
    const result = {
      n: n, x: new Float32Array(n), y: new Float32Array(n),
      longitude: new Float64Array(n), latitude: new Float64Array(n),
    };
    for (let i = 0, x = 0, y = 0; i < n; i++) {
      x += dx[i];
      y += dy[i];
      result.longitude[i] = x / scale;
      result.latitude[i] = y / scale;
      result.x[i] = worldX(x / scale) - S.middle.x;
      result.y[i] = worldY(y / scale) - S.middle.y;
    }
    return result;
  };

  S.lines = function (packed) {
    const points = S.points(packed);
    const sizes = S.column(packed.sizes);
    const starts = new Uint32Array(sizes.length + 1);
    for (let i = 0; i < sizes.length; i++) starts[i + 1] = starts[i] + sizes[i];
    const lines = { x: points.x, y: points.y, starts: starts, source: S.column(packed.source) };
    return packed.next ? joined(lines, S.column(packed.first), S.column(packed.next)) : lines;
  };

  /* Routes that run together are kept as chains, each with the number of the one that goes on. */
  function joined({ x, y, starts, source }, first, next) {
    const at = [], begins = [0];
    for (const chain of first) {
      for (let c = chain; c >= 0; c = next[c]) for (let i = starts[c]; i < starts[c + 1]; i++) at.push(i);
      begins.push(at.length);
    }
    return { x: Float32Array.from(at, (i) => x[i]), y: Float32Array.from(at, (i) => y[i]), starts: Uint32Array.from(begins), source };
  }

  S.picture = (piece) => "data:image/png;base64," + btoa(String.fromCharCode(...bytesOf(piece)));

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
