"use strict";
/* What a page carries: blocks of deflated bytes, written seven bits a letter. The first is its style, the second its scripts. */
window.Spatial = {};
(function (S) {
  const nonce = document.currentScript.nonce;
  const texts = document.getElementById("packed").textContent.split("·");
  const blocks = [], shared = window.SpatialShared || {};
  // A block that pages share has only its name here.
  texts.forEach((text, at) => { if (text[0] === "@") texts[at] = shared[text.slice(1)]; });
  const isWhole = texts.every((text) => text !== undefined);

  /* Letters from 256 on are two: one that HTML would change, and the one that follows it. */
  function readLetters(text, from) {
    const bytes = new Uint8Array(((text.length - from) * 14) >> 3), changed = [0, 13, 60];
    let at = 0, bits = 0, held = 0;
    function read(letter) {
      bits = ((bits << 7) | letter) & 0x7fff;
      held += 7;
      if (held >= 8) bytes[at++] = bits >> (held -= 8);
    }
    for (let i = from; i < text.length; i++) {
      const letter = text.charCodeAt(i);
      if (letter > 127) read(changed[(letter >> 7) - 2]);
      read(letter & 127);
    }
    return bytes;
  }

  /* Inflate as RFC 1951 tells. Symbols are looked up by the next bits, as many as the longest code has: symbol * 16 + length. */
  function lookup(lengths) {
    const counts = new Uint16Array(16), next = new Uint16Array(16);
    for (const length of lengths) if (length) counts[length]++;
    let longest = 15;
    while (longest > 1 && !counts[longest]) longest--;
    for (let length = 1; length < 15; length++) next[length + 1] = (next[length] + counts[length]) << 1;
    const table = new Uint16Array(1 << longest);
    lengths.forEach((length, symbol) => {
      if (!length) return;
      let reversed = 0;
      for (let code = next[length]++, i = 0; i < length; i++, code >>= 1) reversed = (reversed << 1) | (code & 1);
      for (let at = reversed; at < table.length; at += 1 << length) table[at] = symbol * 16 + length;
    });
    return { table, longest };
  }

  /* The least value of each symbol of lengths and distances, and the bits that follow it. */
  function steps(first, count, group) {
    const base = [], extra = [];
    for (let i = 0, value = first; i < count; i++) {
      extra.push(Math.max(0, Math.floor(i / group) - 1));
      base.push(value);
      value += 1 << extra[i];
    }
    return { base, extra };
  }
  const LENGTHS = steps(3, 29, 4), DISTANCES = steps(1, 30, 2);
  LENGTHS.base[28] = 258;
  LENGTHS.extra[28] = 0;
  const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
  const filled = (...runs) => runs.flatMap(([length, count]) => new Array(count).fill(length));
  const FIXED = [lookup(filled([8, 144], [9, 112], [7, 24], [8, 8])), lookup(filled([5, 30]))];

  function inflate(source, size) {
    const out = new Uint8Array(size);
    let at = 0, written = 0, bits = 0, held = 0;
    function take(count) {
      while (held < count) {
        bits |= source[at++] << held;
        held += 8;
      }
      const value = bits & ((1 << count) - 1);
      bits >>>= count;
      held -= count;
      return value;
    }
    function symbol({ table, longest }) {
      while (held < longest) {
        bits |= source[at++] << held;
        held += 8;
      }
      const found = table[bits & ((1 << longest) - 1)];
      bits >>>= found & 15;
      held -= found & 15;
      return found >> 4;
    }
    function readTables() {
      const literals = take(5) + 257, distances = take(5) + 1, own = new Array(19).fill(0), lengths = [];
      for (let i = 0, count = take(4) + 4; i < count; i++) own[ORDER[i]] = take(3);
      const table = lookup(own);
      while (lengths.length < literals + distances) {
        const code = symbol(table);
        if (code < 16) lengths.push(code);
        else {
          const value = code === 16 ? lengths[lengths.length - 1] : 0;
          for (let count = code === 16 ? 3 + take(2) : code === 17 ? 3 + take(3) : 11 + take(7); count; count--) lengths.push(value);
        }
      }
      return [lookup(lengths.slice(0, literals)), lookup(lengths.slice(literals))];
    }
    for (let last = 0; !last; ) {
      last = take(1);
      const kind = take(2);
      if (kind === 0) {
        at -= held >> 3;
        bits = held = 0;
        const count = source[at] | (source[at + 1] << 8);
        out.set(source.subarray(at + 4, at + 4 + count), written);
        at += 4 + count;
        written += count;
        continue;
      }
      const [literals, distances] = kind === 1 ? FIXED : readTables();
      for (let code = symbol(literals); code !== 256; code = symbol(literals)) {
        if (code < 256) {
          out[written++] = code;
          continue;
        }
        const length = LENGTHS.base[code - 257] + take(LENGTHS.extra[code - 257]);
        const far = symbol(distances);
        for (let from = written - DISTANCES.base[far] - take(DISTANCES.extra[far]), end = written + length; written < end; ) out[written++] = out[from++];
      }
    }
    return out;
  }

  S.block = function (at) {
    if (!blocks[at]) {
      const text = texts[at], cut = text.indexOf(":");
      blocks[at] = inflate(readLetters(text, cut + 1), Number(text.slice(0, cut)));
      texts[at] = null;
    }
    return blocks[at];
  };

  S.utf8 = (bytes) => new TextDecoder("utf-8").decode(bytes);

  if (isWhole) {
    const style = document.createElement("style");
    style.textContent = S.utf8(S.block(0));
    document.head.append(style);
  }

  S.run = function (start) {
    if (!isWhole) {
      const told = document.getElementById("needs-shared");
      told.hidden = false;
      document.body.replaceChildren(told);
      return;
    }
    const script = document.createElement("script");
    script.nonce = nonce;
    script.textContent = S.utf8(S.block(1));
    document.body.append(script);
    start();
  };
})(window.Spatial);
