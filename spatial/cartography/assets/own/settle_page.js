"use strict";
/* Where to settle: places by the needs that they surely meet, one by one. */
(function (S) {
  const data = S.data, needs = new Map();
  const SUMS = ["measured", "at_least"];
  // Of what is known of no place nothing can be asked; why stands below the table.
  const known = data.measures.filter((measure) => measure.status.some((status) => SUMS.includes(status) || status === "no_path"));
  const isMost = (measure) => measure.key.endsWith("_min");
  let order = { key: "rank", down: false };

  /* A value at the need meets it; what cannot be reached fails; a sum that is at least so large is met, or unknown. */
  function verdict(measure, place) {
    const need = needs.get(measure.key), value = measure.values[place], status = measure.status[place];
    const keeps = value !== null && (isMost(measure) ? value <= need : value >= need);
    if (keeps && SUMS.includes(status)) return "met";
    return status === "no_path" || (status === "measured" && !keeps) ? "failed" : "unknown";
  }

  const asked = () => known.filter((measure) => needs.has(measure.key));

  function ranked() {
    const rows = data.places.map((place, at) => {
      const verdicts = new Map(asked().map((measure) => [measure.key, verdict(measure, at)]));
      const count = (wanted) => [...verdicts.values()].filter((each) => each === wanted).length;
      return { place, at, verdicts, met: count("met"), failed: count("failed"), unknown: count("unknown") };
    });
    for (const row of rows) row.rank = 1 + rows.filter((other) => other.met > row.met).length;
    // Places come in the order of their ids.
    rows.sort((a, b) => b.met - a.met || b.unknown - a.unknown || a.at - b.at);
    if (order.key === "rank") return rows;
    if (order.key === "name") {
      const collator = new Intl.Collator(S.language);
      return rows.sort((a, b) => (order.down ? -1 : 1) * collator.compare(nameOf(a.place), nameOf(b.place)));
    }
    const { values } = known.find((measure) => measure.key === order.key);
    return rows.sort((a, b) => {
      const [x, y] = [values[a.at], values[b.at]];
      if (x === null || y === null) return Number(x === null) - Number(y === null);
      return (order.down ? -1 : 1) * (x - y);
    });
  }

  const nameOf = (place) => S.pick(place.names, place.id);

  function valueText(measure, place) {
    const value = measure.values[place], status = measure.status[place];
    if (value === null) return S.t("profile_status." + status);
    const shown = isMost(measure) ? S.measure(value, "min", needs.get(measure.key)) : S.number(value);
    return status === "at_least" ? S.t("profile_status.at_least") + " " + shown : shown;
  }

  const SIGNS = { met: "✓", failed: "✗", unknown: "?" };

  function head(key, text, name) {
    const isChosen = order.key === key;
    const turn = () => { order = { key, down: isChosen ? !order.down : !(key === "rank" || key === "name" || key.endsWith("_min")) }; show(); };
    return S.el("th", { scope: "col", class: name, "aria-sort": isChosen ? (order.down ? "descending" : "ascending") : "none" }, [S.el("button", { type: "button", text: text + (isChosen ? (order.down ? " ↓" : " ↑") : ""), on: { click: turn } })]);
  }

  const look = (measure) => "numeric" + (needs.size && !needs.has(measure.key) && order.key !== measure.key ? " not-asked" : "");
  const isShown = (row) => !document.getElementById("only").checked || row.met === needs.size;

  function show() {
    const rows = ranked(), all = data.places.length, n = rows.filter((row) => row.met === needs.size).length;
    document.getElementById("found").textContent = needs.size ? S.t("settle.found", { n, all }) : S.t("settle.found_none", { n: all, all });
    const heads = [head("rank", S.t("settle.head_rank"), "numeric"), head("name", S.t("settle.head_place")), S.el("th", { scope: "col", class: "numeric", text: S.t("settle.head_met") }), ...known.map((measure) => head(measure.key, S.pick(measure.titles), look(measure)))];
    const body = rows.filter(isShown).map((row) => S.el("tr", { "data-place": row.place.id }, [
      S.el("td", { class: "numeric", text: needs.size ? S.number(row.rank) : "–" }),
      S.el("th", { scope: "row" }, [S.el("span", { text: nameOf(row.place) }), S.el("span", { class: "muted", text: [S.t("profile_kind." + row.place.kind), S.pick(row.place.township_names)].filter(Boolean).join(" · ") })]),
      S.el("td", { class: "numeric", text: needs.size ? row.met + " / " + needs.size : "–" }),
      ...known.map((measure) => {
        const found = row.verdicts.get(measure.key), said = valueText(measure, row.at);
        return S.el("td", { class: look(measure) + (found ? " is-" + found : measure.values[row.at] === null ? " is-unknown" : "") }, [
          found ? S.el("span", { "aria-hidden": "true", text: SIGNS[found] + " " }) : null, S.el("span", { text: said }),
          found ? S.el("span", { class: "visually-hidden", text: S.bracketed(S.t("settle." + found)) }) : null,
        ]);
      }),
    ]));
    S.fill("places", [S.el("table", { class: "plain" }, [S.el("thead", {}, [S.el("tr", {}, heads)]), S.el("tbody", {}, body)])]);
  }

  function showNeeds() {
    S.fill("needs", known.map((measure) => S.el("label", {}, [
      S.el("b", { text: S.pick(measure.titles) }),
      S.el("span", {}, [S.el("span", { text: S.t(isMost(measure) ? "settle.most" : "settle.least") }), S.el("input", {
        type: "number", min: "0", step: "any", inputmode: "decimal", placeholder: " ", name: measure.key, value: needs.has(measure.key) ? String(needs.get(measure.key)) : "",
        on: { input: (event) => { read(measure.key, event.target); show(); } },
      })]),
    ])));
  }

  /* What is no number of 0 or more is no need: the field says so, and nothing is asked. */
  function read(key, field) {
    const isNeed = field.value !== "" && field.validity.valid && Number(field.value) >= 0;
    if (isNeed) needs.set(key, Number(field.value));
    else needs.delete(key);
    field.setAttribute("aria-invalid", String(!field.validity.valid));
  }

  function showUnknown() {
    const rest = data.measures.filter((measure) => !known.includes(measure));
    document.getElementById("unknown").hidden = !rest.length;
    S.fill("unknown-body", rest.map((measure) => S.el("li", { text: S.pick(measure.titles) + S.bracketed([...new Set(measure.status)].map((status) => S.t("profile_status." + status)).join(S.t("filter.joint"))) })));
  }

  function download() {
    const basis = S.hasPeople() ? S.t("study.basis_" + data.study.basis) : S.t("study.no_people");
    const heads = ["rank", "place_id", "name", "place_kind", "needs_met", "needs_failed", "needs_unknown", "fails", "unknown", ...data.measures.flatMap((measure) => [measure.key, measure.key + "_status"]), "population_basis"];
    const named = (row, wanted) => [...row.verdicts].filter(([, found]) => found === wanted).map(([key]) => key).join(";");
    const rows = ranked().filter(isShown).map((row) => [needs.size ? row.rank : null, row.place.id, nameOf(row.place), row.place.kind, row.met, row.failed, row.unknown, named(row, "failed"), named(row, "unknown"), ...data.measures.flatMap((measure) => [measure.values[row.at], measure.status[row.at]]), basis]);
    S.download("settle.csv", [heads, ...rows]);
  }

  S.startSettlePage = function () {
    document.getElementById("needs").addEventListener("submit", (event) => event.preventDefault());
    document.getElementById("only").addEventListener("change", show);
    document.getElementById("clear").addEventListener("click", () => { needs.clear(); showNeeds(); show(); });
    document.getElementById("csv").addEventListener("click", download);
    document.getElementById("print").addEventListener("click", () => window.print());
    S.onLanguage(() => {
      S.showHead(S.t("settle.title"));
      document.getElementById("lead").textContent = S.sentences(S.t("settle.lead"), S.t("settle.by_mode", { mode: S.word("by", data.mode) }));
      S.languageSwitch();
      showNeeds();
      show();
      showUnknown();
    });
    S.setLanguage(S.language);
    document.body.dataset.ready = "yes";
  };
})(window.Spatial);
