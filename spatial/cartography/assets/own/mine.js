"use strict";
/* A reader's own list: villages, facilities and actions marked with a star, each with a note. It lives in the address alone, goes
   with every link to another page of the study, and is taken along as a table. */
(function (S) {
  const LONG = 2000; // letters of an address that some programs cut
  const NOTE = 300, MOST = 500; // letters of a note, marks
  const marks = new Map();
  let page = null;

  /* Keys are ids of villages; those of facilities and actions say so. */
  S.mineKey = { village: (id) => id, facility: (id) => "f:" + id, action: (id) => "a:" + id };

  const guard = (text) => text.replace(/[%~;]/g, (letter) => "%" + letter.charCodeAt(0).toString(16));
  const unguard = (text) => text.replace(/%(25|7e|3b)/g, (whole, code) => String.fromCharCode(parseInt(code, 16)));
  const encode = () => [...marks].map(([key, note]) => guard(key) + (note ? "~" + guard(note) : "")).join(";");

  function decode(text) {
    marks.clear();
    for (const part of text.split(";").slice(0, MOST)) {
      const [key, note] = part.split("~");
      if (key) marks.set(unguard(key), unguard(note || "").slice(0, NOTE));
    }
  }
  decode(S.hash.mine || "");

  S.isMine = (key) => marks.has(key);
  S.mineKeys = () => [...marks.keys()];

  /* Links that stand on the page already take the list along as it is now. */
  function tell() {
    S.hash.mine = encode();
    for (const link of document.querySelectorAll("a[href*='.html#']")) {
      const [file, fragment] = link.getAttribute("href").split("#"), kept = fragment.split("&").filter((part) => !part.startsWith("mine="));
      link.setAttribute("href", file + "#" + [...kept, ...S.mineParts()].join("&"));
    }
    S.view.changed();
  }

  const starText = (key, name) => S.t(marks.has(key) ? "mine.remove" : "mine.add", { name });

  /* A star beside a name; those of one key stand alike wherever they are. */
  S.starButton = function (key, name) {
    const press = (event) => {
      event.stopPropagation();
      if (!marks.delete(key)) marks.set(key, "");
      tell();
      for (const node of document.querySelectorAll(".star")) if (node.dataset.key === key) show(node);
      S.showMine();
    };
    const show = (node) => {
      node.setAttribute("aria-pressed", String(marks.has(key)));
      node.setAttribute("aria-label", starText(key, name));
      node.title = starText(key, name);
    };
    const button = S.el("button", { type: "button", class: "star", "data-key": key, on: { click: press } });
    show(button);
    return button;
  };

  function note(key, name) {
    const field = S.el("input", { type: "text", maxlength: String(NOTE), "aria-label": S.t("mine.note_of", { name }), placeholder: S.t("mine.note") });
    field.value = marks.get(key);
    field.addEventListener("input", () => { if (marks.has(key)) { marks.set(key, field.value); tell(); size(); } });
    return field;
  }

  function size() {
    const long = S.view.link().length;
    document.getElementById("mine-note").textContent = S.sentences(known().others && S.t("mine.others", { n: known().others }), S.t("mine.kept"), long > LONG && S.t("mine.long", { n: long }));
  }

  /* What this page can say of the marks, in the order in which they were set, and how many are of other pages. */
  function known() {
    const rows = [...marks.keys()].map((key) => ({ key, said: page.describe(key) })).filter(({ said }) => said);
    return { rows, others: marks.size - rows.length };
  }

  const numeric = (at) => (page.numeric.includes(at) ? "numeric" : undefined);

  S.showMine = function () {
    const { rows, others } = known(), section = document.getElementById("mine"), heads = page.heads();
    section.hidden = !marks.size;
    document.getElementById("mine-title").textContent = S.t("mine.title", { n: rows.length });
    const named = (key, { cells, choose }) => S.el("th", { scope: "row" }, [choose ? S.el("button", { type: "button", class: "as-link", text: cells[0], on: { click: choose } }) : S.el("span", { text: cells[0] }), S.starButton(key, cells[0])]);
    S.fill("mine-body", rows.length ? [S.el("table", { class: "plain mine" }, [
      S.el("thead", {}, [S.el("tr", {}, [...heads, S.t("mine.note")].map((text, at) => S.el("th", { scope: "col", class: numeric(at), text })))]),
      S.el("tbody", {}, rows.map(({ key, said }) => S.el("tr", {}, [
        named(key, said), ...said.cells.slice(1).map((text, at) => S.el("td", { class: numeric(at + 1), "data-head": heads[at + 1], text })), S.el("td", { class: "note" }, [note(key, said.cells[0])]),
      ]))),
    ])] : []);
    document.getElementById("mine-csv").hidden = !rows.length;
    if (marks.size) size();
    const count = document.getElementById("to-mine");
    if (count) Object.assign(count, { hidden: !marks.size, textContent: S.t("mine.to_list", { n: rows.length + others }) });
    if (page.changed) page.changed();
  };

  function save() {
    const { rows } = known();
    S.download(page.file, [[...page.heads(), S.t("mine.note")], ...rows.map(({ key, said }) => [...said.cells, marks.get(key)])]);
  }

  /* `describe` gives the cells of a mark, the name first, and what its name does; null for one that the page does not know. */
  S.startMine = function (own) {
    page = own;
    document.getElementById("mine-csv").addEventListener("click", save);
    S.view.register("mine", encode, (text) => {
      if (text === encode()) return;
      decode(text);
      tell();
      page.redraw();
    });
  };

  S.mineLink = () => S.el("button", { type: "button", id: "to-mine", hidden: true, on: { click: () => {
    document.getElementById("mine").scrollIntoView();
    document.getElementById("mine-title").focus({ preventScroll: true });
  } } });
})(window.Spatial);
