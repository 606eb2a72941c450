"use strict";
/* Our totals beside official ones, what was filled in, what hangs on one record, and lines to sign on. */
(function (S) {
  const data = S.data, sign = data.sign;
  const known = (value) => value !== null && value !== undefined && isFinite(value);
  const MOST = 0.5;

  const amount = (value, unit) => (known(value) ? (unit === "km" ? S.decimal(value) : S.number(value)) : "–");
  const signed = (value, unit) => (unit === "km" ? S.signed(value) : S.signedNumber(value));

  /* What a row is called: a service in its own words, a class or mode by the word of the pages, else as written. */
  const SECTIONS = { facilities: "service", missing_facilities: "service", road_km: "road" };
  function nameOfKind(entry) {
    if (SECTIONS[entry.kind]) return S.pick(entry.names) || S.capital(S.word(SECTIONS[entry.kind], entry.of));
    const group = "group." + entry.of + "_persons";
    return S.has(group) ? S.t(group) : S.word("mode", entry.of);
  }
  const nameOf = (entry) => S.pick(entry.name ? entry.names : {}) || entry.name || (entry.of ? S.t("sign_kind." + entry.kind, { of: S.inText(nameOfKind(entry)) }) : S.t("sign_kind." + entry.kind));

  /* Codes of causes as sentences. */
  function sentences(causes) {
    return causes.map(([code, number]) => {
      const key = "sign_cause." + code;
      const text = S.has(key) ? S.t(key, number === null ? {} : { n: number, number }) : code.replace(/_/g, " ");
      return S.capital(text) + S.t("sign.stop");
    }).join(S.t("page.joint"));
  }

  /* What an officer does about a row, or has to know of it. */
  const whatToDo = (entry) => (["look", "remark"].includes(entry.verdict) && S.has("sign.do_" + entry.kind) ? S.t("sign.do_" + entry.kind) : "");

  const NONE = "none_known";
  const causesText = (causes) => (causes.length === 1 && causes[0][0] === NONE ? sentences(causes) : S.t("sign.causes", { causes: sentences(causes) }));

  /* From the middle to the left where ours is less, to the right where it is more; beyond the end an arrow says so. */
  function differenceBar(share) {
    const kept = Math.max(-MOST, Math.min(MOST, share)), width = 50 * Math.abs(kept) / MOST;
    const band = 50 * Math.min(sign.tolerance, MOST) / MOST;
    const bar = S.el("span", { class: Math.abs(share) > sign.tolerance ? "off" : "in", style: { left: (share < 0 ? 50 - width : 50) + "%", width: width + "%" } });
    const past = Math.abs(share) > MOST ? S.el("i", { class: share < 0 ? "past-less" : "past-more", text: share < 0 ? "◂" : "▸" }) : null;
    return S.el("div", { class: "difference-bar", "aria-hidden": "true" }, [S.el("b", { style: { left: 50 - band + "%", width: 2 * band + "%" } }), bar, past]);
  }

  function differenceCell(entry, rowspan) {
    if (!known(entry.difference)) return S.el("td", { class: "difference", rowspan, text: "–" });
    const share = known(entry.difference_share) ? S.bracketed(S.signedTenths(entry.difference_share)) : "";
    return S.el("td", { class: "difference", rowspan }, [
      S.el("span", { text: signed(entry.difference, entry.unit) + share }),
      known(entry.difference_share) ? differenceBar(entry.difference_share) : null,
    ]);
  }

  const head = (keys, numeric) => S.el("thead", {}, [S.el("tr", {}, keys.map((key) => S.el("th", { scope: "col", class: numeric.includes(key) ? "numeric" : undefined, text: S.t("sign.head_" + key) })))]);
  const cell = (key, options, children) => S.el("td", { "data-head": S.t("sign.head_" + key), ...options }, children);

  function totalRows(entry) {
    const notes = [
      whatToDo(entry) ? S.el("span", { text: whatToDo(entry) }) : null,
      entry.verdict === "look" && (entry.causes.length || !entry.name) ? S.el("span", { text: causesText(entry.causes) }) : null,
      known(entry.factor) ? S.el("span", { text: S.t("sign.scaled", { factor: S.hundredths(entry.factor) }) }) : null,
      entry.verdict === "unknown" ? S.el("span", { text: S.t("sign.ours_unknown") }) : null,
      entry.source ? S.el("span", { class: "muted", text: S.t("sign.official_source", { source: entry.source }) }) : null,
    ].filter(Boolean);
    const rowspan = notes.length ? "2" : undefined;
    return S.el("tbody", { class: notes.length ? "noted" : "" }, [
      S.el("tr", {}, [
        S.el("th", { scope: "row", text: nameOf(entry) }),
        cell("ours", { class: "numeric", text: amount(entry.ours, entry.unit) }),
        cell("official", { class: "numeric", text: amount(entry.official, entry.unit) }),
        differenceCell(entry, rowspan),
        S.el("td", { class: "verdict-cell", rowspan }, [S.verdictPill(entry.verdict)]),
      ]),
      notes.length ? S.el("tr", { class: "why" }, [S.el("td", { colspan: "3" }, notes)]) : null,
    ]);
  }

  const ORDER = { look: 0, unknown: 1, ok: 2 };

  function showTotals() {
    const declared = sign.totals.filter((entry) => entry.verdict !== "undeclared");
    const silent = sign.totals.filter((entry) => entry.verdict === "undeclared");
    document.getElementById("totals-note").textContent = declared.length
      ? S.t("sign.totals_note", { tolerance: S.percent(sign.tolerance), most: S.percent(MOST) })
      : S.t("sign.totals_none");
    S.fill("totals-body", declared.length ? [totalsTable(declared.sort((a, b) => ORDER[a.verdict] - ORDER[b.verdict]))] : []);
    document.getElementById("undeclared").hidden = !silent.length;
    S.fill("undeclared-body", [S.el("ul", { class: "more" }, silent.map((entry) => S.el("li", {}, [
      S.el("span", { text: entry.of ? nameOfKind(entry) : nameOf(entry) }), S.el("span", { class: "muted", text: entry.unit === "km" ? S.t("unit.km", { n: amount(entry.ours, "km") }) : amount(entry.ours, entry.unit) }),
    ])))]);
  }

  function shareRow(entry) {
    const bar = known(entry.ours) ? S.el("div", { class: "filled-bar", "aria-hidden": "true" }, [
      S.el("span", { class: { look: "off", remark: "known-of" }[entry.verdict] || "in", style: { width: 100 * Math.min(1, entry.ours) + "%" } }),
      S.el("b", { style: { left: 100 * sign.limit + "%" } }),
    ]) : null;
    return S.el("tr", {}, [
      S.el("th", { scope: "row" }, [S.el("span", { text: nameOf(entry) }), whatToDo(entry) ? S.el("span", { class: "muted what-to-do", text: whatToDo(entry) }) : null]),
      cell("share", { class: "numeric", text: known(entry.ours) ? S.percent(entry.ours) : "–" }),
      S.el("td", { class: "filled" }, [bar]),
      S.el("td", { class: "verdict-cell" }, [S.verdictPill(entry.verdict)]),
    ]);
  }

  const MAIN_SHARES = ["imputed_speed", "imputed_surface", "modelled_people", "unknown_people"];

  /* Shares of groups and services that are within the limit stand in one line, the others in rows. */
  function showShares() {
    const minor = sign.shares.filter((entry) => entry.verdict === "ok" && !MAIN_SHARES.includes(entry.kind));
    const rows = sign.shares.filter((entry) => !minor.includes(entry)).map(shareRow);
    const minorLine = (kind) => {
      const list = minor.filter((entry) => entry.kind === kind).map((entry) => S.inText(nameOfKind(entry)) + S.bracketed(S.percent(entry.ours)));
      return S.el("p", { class: "muted within-limit", text: S.t("sign.within_limit", { what: S.has("sign.minor_" + kind) ? S.t("sign.minor_" + kind) : S.t("sign_kind." + kind), list: list.join(S.t("sure.list")) }) });
    };

    document.getElementById("shares-note").textContent = S.t("sign.basis_" + data.study.basis) + S.t("page.joint") + S.t("sign.shares_note", { limit: S.percent(sign.limit) });
    S.fill("shares-body", [
      rows.length ? S.el("table", { class: "shares" }, [S.el("tbody", {}, rows)]) : null,
      ...[...new Set(minor.map((entry) => entry.kind))].map(minorLine),
    ]);
  }

  function recordText(record) {
    const name = S.pick(record.names) || record.id;
    return known(record.persons) ? S.t("sign." + (record.what === "facility" ? "record_facility" : "record"), { name, n: record.persons }) : name;
  }

  function gateCard(entry) {
    const norm = entry.norm, many = entry.ours;
    const all = entry.causes.some(([code]) => code === "target_is_all");
    const line = !known(many) ? S.t("sign.gate_unknown") : many === 0 ? S.t("sign.gate_free") : all ? S.t("sign.gate_all", { n: many }) : S.t("sign.gate_hangs", { n: many });
    return S.el("li", { class: "gate-row" }, [
      S.el("div", { class: "gate-head" }, [
        S.el("strong", { text: norm ? S.normText(norm) : entry.of }), S.el("span", { class: "muted", text: entry.of }),
        norm ? S.el("span", { class: "pill gate gate-" + norm.study.gate, text: S.t("gate." + norm.study.gate) }) : null,
        S.verdictPill(entry.verdict, S.t("sign.hung_" + entry.verdict)),
      ]),
      S.el("p", { text: line }),
      entry.listed.length ? S.el("p", { class: "records" }, [
        S.el("span", { class: "muted", text: S.t(known(many) && many > entry.listed.length ? "sign.first_records" : "sign.all_records", { n: entry.listed.length }) + S.t("page.joint") }),
        ...entry.listed.map((record) => S.el("span", { class: "record", text: recordText(record), title: record.id })),
      ]) : null,
    ]);
  }

  function showGates() {
    document.getElementById("gates-note").hidden = !sign.gates.length;
    S.fill("gates-body", sign.gates.length ? [S.el("ul", { class: "gate-list" }, sign.gates.map(gateCard))] : [S.el("p", { class: "muted", text: S.t("sign.gates_none") })]);
  }

  const totalsTable = (entries) => S.el("table", { class: "totals" }, [head(["what", "ours", "official", "difference", "verdict"], ["ours", "official"]), ...entries.map(totalRows)]);

  function unitCard(entry) {
    return S.el("li", { class: "gate-row" }, [
      S.el("div", { class: "gate-head" }, [S.el("strong", { text: nameOf(entry) + (known(entry.ours) ? S.t("page.colon") + S.number(entry.ours) : "") }), S.verdictPill(entry.verdict)]),
      entry.causes.length ? S.el("p", { text: sentences(entry.causes) }) : null,
      whatToDo(entry) ? S.el("p", { text: whatToDo(entry) }) : null,
      entry.source ? S.el("p", { class: "muted", text: S.t("sign.official_source", { source: entry.source }) }) : null,
    ]);
  }

  function showUnits() {
    document.getElementById("units").hidden = !sign.units.length && !sign.largest.length;
    S.fill("units-body", [
      sign.units.length ? S.el("ul", { class: "gate-list" }, sign.units.map(unitCard)) : null,
      sign.largest.length ? S.el("h3", { text: S.t("sign.largest") }) : null,
      sign.largest.length ? totalsTable(sign.largest.map((entry) => ({ ...entry, causes: entry.causes.filter(([code]) => !code.startsWith("basis_")) }))) : null,
    ]);
  }

  /* What people saw or built that no number here follows from yet: one line each, with what it is and what to do. */
  function showOnSite() {
    const item = (name, texts) => S.el("li", {}, [S.el("strong", { text: name }), S.el("span", { class: "muted", text: " " + texts.filter(Boolean).join(S.t("sure.list")) })]);
    const list = (key, entries, line) => (entries.length ? [S.el("h3", { text: S.t("sign." + key, { n: entries.length }) }), S.el("p", { class: "muted", text: S.t("sign." + key + "_note") }), S.el("ul", {}, entries.map(line))] : []);
    document.getElementById("on-site").hidden = !sign.checks.length && !sign.built.length;
    S.fill("on-site-body", [
      ...list("checks", sign.checks, (entry) => item(S.pick(entry.names) || entry.name || S.t("sign.near", { place: S.pick(entry.near) }), [
        S.t("sign.found_" + entry.found), known(entry.observed_min) ? S.t("unit.min", { n: S.number(entry.observed_min) }) : "",
        S.pick(entry.names) || entry.name ? S.t("sign.near", { place: S.pick(entry.near) }) : "", entry.note,
      ])),
      ...list("built", sign.built, (entry) => item(S.pick(entry.names) || S.t("plan.unnamed"), [
        entry.norm ? S.normText(entry.norm) : "",
        known(entry.promised_persons) && known(entry.within_persons) ? S.t("sign.promised", { promised: S.number(entry.promised_persons), within: S.number(entry.within_persons) }) : "",
      ])),
    ]);
  }

  function inventoryTable(entries) {
    const keys = ["declared", "list", "map", "both", "official", "estimate", "missing"];
    const counts = { ours: "facilities", list: "in_list", map: "on_map", both: "matched", official: "official" };
    const rows = entries.map((entry) => S.el("tr", {}, [
      S.el("th", { scope: "row", text: nameOfKind({ ...entry, kind: "facilities" }) }),
      cell("declared", { text: S.t("sign.declared_" + entry.known) }),
      ...Object.entries(counts).map(([key, name]) => cell(key, { class: "numeric", text: amount(entry[name]) })),
      cell("estimate", { class: "numeric", text: known(entry.estimated) ? S.t("sign.estimate", { n: entry.estimated, low: entry.estimated_lower, high: entry.estimated_upper }) : "–" }),
      cell("missing", { class: "numeric", text: known(entry.missing_at_most) ? S.number(entry.missing_at_most) : S.t("sign.not_known") }),
    ]));
    return S.el("table", { class: "inventory" }, [head(["what", ...keys.slice(0, 1), "ours", ...keys.slice(1)], ["ours", ...keys.slice(1)]), S.el("tbody", {}, rows)]);
  }

  function showInventory() {
    const list = sign.inventory;
    document.getElementById("inventory").hidden = !list.length;
    const counted = list.filter((entry) => known(entry.facilities));
    const lines = ["complete", "partial", "unknown"].flatMap((state) => {
      const names = list.filter((entry) => entry.known === state && !known(entry.facilities)).map((entry) => [entry, S.pick(entry.names) || S.word("service", entry.of)]).map(([entry, name]) => (entry.is_empty ? S.t("sign.inventory_none", { name }) : name));
      return names.length ? [S.el("dt", { text: S.t("sign.inventory_" + state) }), S.el("dd", { text: names.join(S.t("sure.list")) })] : [];
    });
    S.fill("inventory-body", [counted.length ? inventoryTable(counted) : null, lines.length ? S.el("dl", { class: "known" }, lines) : null]);
  }

  /* Files of one origin, date, licence and fault stand in one row. */
  function showSources() {
    const groups = new Map();
    for (const source of data.sources) {
      const key = JSON.stringify([source.origin || source.path, source.vintage, source.licence, source.issue]);
      groups.set(key, { ...source, paths: [...(groups.has(key) ? groups.get(key).paths : []), source.path] });
    }
    const rows = [...groups.values()].map((source) => S.el("tr", {}, [
      S.el("th", { scope: "row" }, [S.el("span", { text: source.origin || source.path }), source.origin ? S.el("span", { class: "muted path", text: source.paths.join(S.t("sure.list")) }) : null]),
      cell("vintage", { class: "date", text: source.vintage || S.t("sign.not_stated") }), cell("licence", { class: "licence", text: source.licence || S.t("sign.not_stated") }),
      cell("issue", { class: source.issue ? "fault" : "muted", text: S.issuesOf(source).map(S.issueInCell).join(S.t("about.issue_joint")) || S.t("sign.no_issue") }),
    ]));
    S.fill("sources-body", [rows.length ? S.el("table", { class: "sources" }, [head(["source", "vintage", "licence", "issue"], []), S.el("tbody", {}, rows)]) : null]);
  }

  /* One sentence that answers the question, and why. */
  function showVerdict() {
    const { ok, look, remark, unknown, undeclared } = sign.counts;
    const declared = sign.totals.filter((entry) => entry.verdict !== "undeclared").length;
    const key = look ? "look" : !declared ? "undeclared" : unknown ? "unknown" : "ok";
    document.getElementById("verdict").className = "card verdict-" + key;
    document.getElementById("verdict-line").textContent = S.t("sign.answer_" + key, { n: look || unknown });
    const differing = sign.totals.filter((entry) => entry.verdict === "look").length;
    const filled = sign.shares.filter((entry) => entry.verdict === "look").length;
    const units = sign.units.reduce((sum, entry) => sum + (entry.verdict === "look" && !entry.of ? entry.ours : 0), 0);
    const gates = sign.gates.filter((entry) => entry.verdict === "remark").length;
    const parts = [
      declared ? S.t("sign.why_declared", { n: declared, close: sign.totals.filter((entry) => entry.verdict === "ok").length }) : S.t("sign.why_none"),
      differing ? S.t("sign.why_differing", { n: differing }) : "", filled ? S.t("sign.why_filled", { n: filled }) : "",
      ...["checks", "built"].map((key) => (sign[key].length ? S.t("sign." + key, { n: sign[key].length }) + S.t("sign.stop") : "")),
      remark ? S.t("sign.why_remarks", { n: remark }) : "", gates ? S.t("sign.why_gates", { n: gates }) : "", units ? S.t("sign.why_units", { n: units }) : "", declared && undeclared ? S.t("sign.why_undeclared", { n: undeclared }) : "",
    ];
    document.getElementById("verdict-why").textContent = parts.filter(Boolean).join(S.t("page.joint"));
    S.fill("verdict-counts", S.verdictPills({ ok, look, remark, unknown, undeclared }));
  }

  /* Which key of the study file each row hangs on; keys are no words, and alike in every language. */
  const KEYS = { people: "official.people", villages: "official.villages", facilities: "official.facilities, inventory", road_km: "official.road_km", missing_facilities: "inventory", units: "sources.official_units", imputed_speed: "calibration", modelled_people: "population", estimated_group: "population.groups" };

  function showAnalyst() {
    const name = (kind) => S.capital(S.t("sign_kind." + kind, { of: "" }).replace(/[\s:：]+$/u, ""));
    S.fill("analyst-body", Object.entries(KEYS).flatMap(([kind, key]) => [S.el("dt", { text: name(kind) }), S.el("dd", {}, [S.el("code", { text: key })])]));
  }

  /* Rows by their item as a signature names them, with what they say now. */
  function rowsNow() {
    const entries = [...sign.totals, ...sign.shares, ...sign.units, ...sign.gates];
    return Object.fromEntries(Object.entries(sign.rows).map(([item, [ours, official]]) => {
      const entry = entries.find((one) => one.item === item), norm = entry && entry.norm;
      const text = (value) => (!entry || !known(value) ? "–" : entry.unit === "share" ? S.percent(value) : amount(value, entry.unit));
      return [item, { ours, official, text, name: norm ? S.normText(norm) : entry ? nameOf(entry) : S.t("sign_kind.gates") }];
    }));
  }

  S.startSignOffPage = function () {
    S.startSigning();
    S.onLanguage(() => {
      document.getElementById("page-title").textContent = S.t("sign.title");
      S.showHead(S.t("sign.title"));
      S.languageSwitch();
      S.fill("approval-note", data.study.approval_wanted ? [S.el("p", { class: "issue", text: S.t("study.approval_wanted") })] : []);
      showVerdict();
      showTotals();
      showShares();
      showGates();
      showOnSite();
      showUnits();
      showInventory();
      showSources();
      showAnalyst();
      S.showSigning(rowsNow());
    });
    S.setLanguage(S.language);
    document.body.dataset.ready = "yes";
  };
})(window.Spatial);
