"use strict";
/* What town and country are: types of townships beside the official classes, functional urban areas, the system of towns. */
(function (S) {
  const types = S.data.score.types;
  const known = (value) => value !== null && value !== undefined && isFinite(value);
  const text = (words, options) => S.el("span", { ...options, text: words });
  const byId = new Map((types ? types.units : []).map((unit) => [unit.id, unit]));
  const share = (value) => (known(value) ? S.percent(value) : "–");
  const measured = (unit) => unit.basis !== "none";
  const kind = (unit) => S.t(measured(unit) ? "types.kind_" + unit.type : "types.why_" + unit.reason);
  const officially = (unit) => known(unit.official_urban) && unit.official_urban + unit.official_rural > 0;
  const official = () => types.units.some(officially);
  const nameOf = (id) => (byId.has(id) ? S.pick(byId.get(id).names, id) : id);
  const list = (ids) => ids.map(nameOf).join(S.t("sure.list"));

  /* One line on a township, for its row of the table of levels. */
  S.typeText = function (id) {
    const unit = byId.get(id);
    if (!unit) return "";
    const parts = [S.t("types.line", { kind: kind(unit) })];
    if (officially(unit)) parts.push(S.t("types.official_line", { urban: S.percent(unit.official_urban), rural: S.percent(unit.official_rural) }));
    if (unit.differ >= 0.5) parts.push(S.t("types.differ_line", { n: S.whole(unit.differ) }));
    return parts.join(" · ");
  };

  function bar(unit) {
    const piece = (key) => S.el("b", { class: "type-" + key, style: { width: 100 * (unit[key] || 0) + "%" } });
    return S.el("span", { class: "type-bar", "aria-hidden": "true" }, ["centres", "towns", "country"].map(piece));
  }

  function row(unit) {
    const cell = (key, words, options) => S.el("td", { class: "numeric", "data-head": S.t("types.head_" + key), ...options, text: words });
    return S.el("tr", {}, [
      S.el("th", { scope: "row", text: unit.study ? S.t("types.study") : S.pick(unit.names, unit.id) }),
      S.el("td", { "data-head": S.t("types.head_kind") }, [text(kind(unit)), unit.basis === "area" || unit.basis === "settlements" ? text(S.t("types.basis_" + unit.basis), { class: "muted type-basis" }) : null]),
      S.el("td", { class: "type-cell", "data-head": S.t("types.head_lives") }, [measured(unit) ? bar(unit) : null, text(measured(unit) ? [unit.centres, unit.towns, unit.country].map(share).join(" · ") : "–")]),
      official() ? cell("official", officially(unit) ? share(unit.official_urban) : "–") : null,
      official() ? cell("differ", known(unit.differ) ? S.number(unit.differ) : "–") : null,
    ]);
  }

  function areaLines() {
    if (!types.areas.length) return [S.el("p", { class: "none", text: S.t("types.areas_none", { why: S.t("types.why_" + (types.no_area || "no_city_unit")) }) })];
    const line = (area) => S.el("li", {}, [S.el("strong", { text: list(area.city) }), area.others.length ? text(S.t("types.area_others", { names: list(area.others) })) : null]);
    return [S.el("p", { class: "muted", text: S.t("types.areas_" + types.areas[0].method, { minutes: S.number(types.areas[0].minutes || 0) }) }), S.el("ul", { class: "card sure-list" }, types.areas.map(line))];
  }

  S.showTypes = function () {
    document.getElementById("types").hidden = !types;
    document.getElementById("town-system").hidden = !(types && types.system.some((item) => known(item.value)));
    if (!types) return;
    const heads = ["name", "kind", "lives", ...(official() ? ["official", "differ"] : [])].map((key, k) => S.el("th", { scope: "col", class: k > 2 ? "numeric" : "", text: S.t("types.head_" + key) }));
    const some = types.units.some(measured);
    S.fill("types-body", [
      S.el("p", { class: "muted", text: S.t("types.note") }),
      official() ? null : S.el("p", { class: "muted", text: S.t("types.official_none") }),
      some ? null : S.el("p", { class: "none", text: S.t("types.none", { why: kind(types.units[0]) }) }),
      some || official() ? S.el("table", { class: "towns types" }, [S.el("thead", {}, [S.el("tr", {}, heads)]), S.el("tbody", {}, types.units.map(row))]) : null,
      S.el("h3", { text: S.t("types.areas") }),
      ...areaLines(),
    ]);
    S.fill("town-system-body", [S.el("ul", { class: "card sure-list" }, types.system.filter((item) => known(item.value)).map((item) => S.el("li", {}, [text(S.t("types." + item.measure) + S.t("page.joint")), S.el("strong", { text: S.hundredths(item.value) }), text(S.t("page.joint") + S.t("types.of_towns", { n: item.towns }), { class: "muted" })])))]);
  };
})(window.Spatial);
