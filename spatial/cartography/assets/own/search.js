"use strict";
/* Search by any of a settlement's names. */
(function (S) {
  const LIMIT = 8;
  /* Accents, widths, capitals and blanks, as tables pad short names, do not count. */
  const plain = (text) => text.normalize("NFKD").replace(/[\u0300-\u036f\s]/g, "").toLowerCase();

  /* Its name in the language shown, else in another; empty where it has none. */
  S.ownName = function ({ names }, i) {
    const own = names["name_" + S.language];
    return S.inScriptOrder((own && own[i]) || names.name[i] || (names.name_en && names.name_en[i]) || (names.name_zh && names.name_zh[i]) || "");
  };
  S.placeName = (places, i) => S.ownName(places, i) || S.t("place.unnamed", { id: places.id[i] });

  S.otherNames = function (places, i) {
    const shown = S.placeName(places, i);
    const all = Object.values(places.names).map((column) => column && column[i]).filter(Boolean);
    return [...new Set(all)].filter((name) => name !== shown);
  };

  S.townshipName = (state, code) => (code < 0 ? S.t("filter.no_township") : S.inScriptOrder(S.pick(state.places.townships[code].names, state.places.townships[code].id)));

  /* Names that begin with the words come first, then larger places. */
  S.find = function (state, text, limit) {
    const wanted = plain(text);
    if (!wanted) return [];
    const places = state.places;
    if (!places.plain) places.plain = Object.values(places.names).concat([places.id]).filter(Boolean).map((column) => column.map(plain));
    const hits = [];
    for (let i = 0; i < state.points.n; i++) {
      let best = -1;
      for (const column of places.plain) {
        const at = column[i].indexOf(wanted);
        if (at >= 0 && (best < 0 || at < best)) best = at;
      }
      if (best >= 0) hits.push({ i, at: best === 0 ? 0 : 1, size: places.population ? places.population[i] || 0 : 0 });
    }
    hits.sort((a, b) => a.at - b.at || b.size - a.size || a.i - b.i);
    return hits.slice(0, limit || LIMIT).map((hit) => hit.i);
  };

  /* Where a map is of a part, a name that is not in it is asked for in the `others`. */
  S.startSearch = function (state, onChoose, others) {
    const input = document.getElementById("search");
    const list = document.getElementById("search-results");
    let found = [], active = -1;

    function close() {
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
      active = -1;
    }
    function choose(i) {
      close();
      input.value = S.placeName(state.places, i);
      onChoose(i);
    }
    const settlement = (i) => ({
      name: S.placeName(state.places, i), go: () => choose(i),
      note: [S.word("tier", state.places.tiers[state.places.tier[i]]), S.townshipName(state, state.places.township[i])].join(" · "),
    });
    const elsewhere = ({ file, names }) => ({ name: S.pick(names), go: () => { window.location.href = S.pageLink(file, { find: input.value }); } });
    function show() {
      const hits = S.find(state, input.value), nothing = S.t(others.length ? "search.nothing_here" : "search.nothing");
      found = hits.length ? hits.map(settlement) : others.map(elsewhere);
      list.hidden = input.value.trim() === "";
      input.setAttribute("aria-expanded", String(!list.hidden));
      active = found.length ? Math.min(Math.max(active, 0), found.length - 1) : -1;
      S.fill(list, [hits.length ? null : S.el("li", { class: "muted", text: nothing }), ...found.map(({ name, note, go }, k) => S.el("li", {
        role: "option", id: "hit-" + k, "aria-selected": String(k === active),
        on: { mousedown: (event) => event.preventDefault(), click: go },
      }, [S.el("span", { text: name }), note ? S.el("span", { class: "muted", text: note }) : null]))]);
      if (active >= 0) input.setAttribute("aria-activedescendant", "hit-" + active);
    }
    input.addEventListener("input", () => { active = 0; show(); });
    input.addEventListener("focus", () => { input.scrollIntoView({ block: "center" }); if (input.value) show(); });
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
      else if (event.key === "Enter" && found.length && active >= 0) found[active].go();
      else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) show();
        active += event.key === "ArrowDown" ? 1 : -1;
        active = Math.max(0, Math.min(found.length - 1, active));
        show();
      }
    });
    if (S.hash.find) {
      input.value = S.hash.find;
      input.focus();
    }
  };
})(window.Spatial);
