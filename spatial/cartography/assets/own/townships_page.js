"use strict";
/* A sheet for each township, the worst first: finding, villages by name, map, norms, and what plans do there. */
(function (S) {
  const D = S.draw, data = S.data;
  const MET = 0, BEYOND = 1;
  const PAD = 0.12, LEAST_SPAN = 60, LARGEST = 10, SHEET_PX = 460, SHORT_LIST = 36;
  let known = null, chosen = data.rows.length ? data.rows[0].unit_id : null, isSet = false, sheets = 0;

  const texts = () => S.pick(data.texts);
  const named = (row) => S.pick(row.names) || S.t(row.unit_id ? "answer.unnamed" : "answer.outside");
  const people = (row) => (row.persons === null ? S.t("unit.places", { n: row.places }) : (row.people_at_least ? "≥ " : "") + S.t("unit.people", { n: row.persons }));

  function read() {
    const names = {};
    for (const [column, packed] of Object.entries(data.names)) names[column] = S.texts(packed);
    const standing = data.standing.map((column) => column && { value: S.column(column.value), code: S.column(column.code) });
    const plans = data.plans.map((plan) => ({ ...plan, after: S.column(plan.after), gained: S.column(plan.gained), persons: S.column(plan.persons) }));
    return { ...D.read(data.map), names, persons: S.column(data.persons), standing, plans };
  }

  const placeName = (i) => (known.names["name_" + S.language] || [])[i] || S.inScriptOrder(known.names.name[i] || "") || (known.names.name_en || [])[i] || S.t("answer.unnamed");

  /* Columns that have a value of each village; of norms on townships the list of norms tells. */
  const shownColumns = () => data.columns.map((column, k) => ({ ...column, k })).filter((column) => known.standing[column.k] && !column.is_silent && column.stat_unit !== "township");

  function villagesOf(row) {
    const code = data.map.township_ids.indexOf(row.unit_id), points = known.points.settlement, found = [];
    points.township.forEach((own, i) => {
      // One without settlements has no code, as those outside of all have none.
      if (own === code && (code >= 0 || !row.unit_id)) found.push(i);
    });
    return found.sort((a, b) => (known.persons[b] || 0) - (known.persons[a] || 0));
  }

  /* The norm that most people here are beyond: title, map and the column of the plan are about it. */
  function mainColumn(row) {
    const amount = (column) => { const cell = row.cells[column.norm_id]; return cell ? cell.persons_unserved || cell.places_unserved : 0; };
    const columns = shownColumns().filter((column) => amount(column) > 0);
    return columns.sort((a, b) => a.is_presence - b.is_presence || amount(b) - amount(a))[0] || null;
  }

  const isBeyond = (column, i) => column && known.standing[column.k].code[i] === BEYOND;

  /* The heads name the unit of minutes; one that rounding would put on its limit keeps its sign. */
  function shortMeasure(value, column) {
    if (column.unit !== "min") return S.measure(value, column.unit, column.threshold);
    const isHidden = value > column.threshold && S.whole(value) <= column.threshold;
    return (isHidden ? "> " : "") + S.number(isHidden ? column.threshold : value);
  }

  function valueCell(column, i) {
    const { value, code } = known.standing[column.k];
    if (code[i] !== MET && code[i] !== BEYOND) return S.el("td", { class: "numeric" });
    const text = column.is_presence ? S.t(code[i] === MET ? "township.yes" : "answer.none") : !isFinite(value[i]) ? S.t("township.no_way") : shortMeasure(value[i], column).replace(/ /g, "\u00a0");  // of a number and its unit none wraps
    return S.el("td", { class: "numeric" + (code[i] === BEYOND ? " is-beyond" : ""), text });
  }

  function villageTable(villages, plan) {
    const columns = shownColumns(), heads = texts().heads;
    const head = S.el("tr", {}, [
      S.el("th", { scope: "col", text: S.t("township.village") }), S.el("th", { scope: "col", class: "numeric", text: S.t("table.people") }),
      ...columns.map((column) => S.el("th", { scope: "col", class: "numeric", text: heads[column.k] })),
      plan ? S.el("th", { scope: "col", class: "numeric is-gained", text: S.t("township.with_plan") }) : null,
    ]);
    const after = (i) => (plan.gained[i] && isFinite(plan.after[i]) && plan.column && !plan.column.is_presence ? shortMeasure(plan.after[i], plan.column) : plan.gained[i] ? S.t("township.yes") : "");
    return S.el("table", { class: "plain" }, [S.el("thead", {}, [head]), S.el("tbody", {}, villages.map((i) => S.el("tr", {}, [
      S.el("th", { scope: "row", text: placeName(i) }), S.el("td", { class: "numeric", text: S.peopleText(known.persons[i], "–") }),
      ...columns.map((column) => valueCell(column, i)),
      plan ? S.el("td", { class: "numeric is-gained", text: after(i) }) : null,
    ])))]);
  }

  function drawMap(villages, main, ring, width) {
    const points = known.points.settlement, xs = villages.map((i) => points.x[i]), ys = villages.map((i) => points.y[i]);
    const span = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys), LEAST_SPAN), pad = PAD * span + LEAST_SPAN / 8;
    const area = { low: { x: Math.min(...xs) - pad, y: Math.max(...ys) + pad }, high: { x: Math.max(...xs) + pad, y: Math.min(...ys) - pad } };
    const frame = D.frameOf(area, width), size = D.radii(known.persons.map((value, i) => (villages.includes(i) ? value : 0)), LARGEST), taken = [];
    const groups = { others: [], within: [], beyond: [], none: [] }, inside = new Set(villages);
    points.township.forEach((code, i) => {
      const dot = { x: frame.x(points.x[i]), y: frame.y(points.y[i]), r: Math.min(LARGEST, size.of(known.persons[i])) };
      if (dot.x < 0 || dot.y < 0 || dot.x > frame.width || dot.y > frame.height) return;
      if (!inside.has(i)) groups.others.push({ ...dot, r: 2 });
      else {
        groups[isBeyond(main, i) ? "beyond" : "within"].push(dot);
        if (isBeyond(ring, i)) groups.none.push({ ...dot, r: dot.r + 2.5 });
        taken.push({ x: dot.x - dot.r, y: dot.y - dot.r, width: 2 * dot.r, height: 2 * dot.r });
      }
    });
    const styles = { others: { fill: "#c9cdcd" }, within: { fill: D.WITHIN, stroke: "#fff", "stroke-width": 0.6 }, beyond: { fill: D.BEYOND, stroke: "#fff", "stroke-width": 0.6 }, none: { fill: "none", stroke: D.INK, "stroke-width": 2 } };
    const seats = D.seats({ ...frame, width: frame.width }, taken).filter(Boolean), bar = D.scaleBar(frame, taken);
    const order = [...villages].sort((a, b) => isBeyond(ring, b) - isBeyond(ring, a) || isBeyond(main, b) - isBeyond(main, a));
    const labels = order.filter((i) => !data.map.seats.some((seat) => seat.place === i)).flatMap((i) => label(frame, points, i, size, taken));
    const keys = [
      groups.beyond.length ? D.key({ fill: D.BEYOND }, S.t("answer.legend_beyond", { norm: texts().heads[main.k] }), 5) : null,
      groups.none.length ? D.key(styles.none, S.t("answer.legend_none", { norm: S.inText(texts().heads[ring.k]) }), 5) : null,
      groups.within.length ? D.key({ fill: D.WITHIN }, S.t("township.legend_within"), 4) : null, D.sizeKey(size),
    ];
    sheets += 1;
    return [D.sheet(frame, S.t("township.map"), [D.groundOf(known, frame, data.map, "sheet" + sheets), ...D.circles(groups, styles), ...seats, ...bar, ...labels]), S.el("div", { class: "sheet-legend" }, keys)];
  }

  /* A name tries the eight places around its circle, and does without where all are taken. */
  function label(frame, points, i, size, taken) {
    const text = placeName(i), width = S.textWidth(text), height = 15, x = frame.x(points.x[i]), y = frame.y(points.y[i]), r = Math.min(LARGEST, size.of(known.persons[i])) + 3;
    const spots = [[r, -height / 2], [-r - width, -height / 2], [-width / 2, -r - height], [-width / 2, r], [r * 0.7, -r - height * 0.7], [-r * 0.7 - width, -r - height * 0.7], [r * 0.7, r - 4], [-r * 0.7 - width, r - 4]];
    const box = spots.map(([dx, dy]) => ({ x: x + dx, y: y + dy, width, height })).find((spot) => spot.x > 0 && spot.y > 0 && spot.x + width < frame.width && spot.y + height < frame.height && !taken.some((other) => D.overlaps(spot, other)));
    if (!box) return [];
    taken.push(box);
    return [S.haloText(box.x, box.y + 12, text)];
  }

  /* Each norm of the matrix: who is beyond here, or that all is met, or that nobody can tell. */
  function normLine(row, column, k) {
    const cell = row.cells[column.norm_id], head = texts().heads[k] + (column.gate !== "none_applicable" ? S.bracketed(S.word("norm_class", "mandatory")) : "");
    if (column.is_silent) return ["?", "", S.t("township.norm_unknown", { norm: head })];
    if (row.unjudged.includes(column.norm_id)) return ["?", "", head + S.t("page.colon") + S.t("answer.unjudged")];
    if (!cell) return ["✓", "", S.t("township.norm_met", { norm: head })];
    if (column.is_presence && column.stat_unit === "township") return ["✕", "is-beyond", S.t("township.norm_none", { norm: head })];
    const amount = S.t("unit.places", { n: cell.places_unserved }), base = S.number(cell.places_in_scope);
    return ["✕", "is-beyond", S.t(cell.persons_unserved ? "township.norm_people" : "township.norm_places", { norm: head, places: amount, base, people: S.peopleOf(column, cell.persons_unserved || 0) })];
  }

  function sheet(row, at) {
    const villages = villagesOf(row), main = mainColumn(row), ring = shownColumns().find((column) => column.is_presence && villages.some((i) => isBeyond(column, i))) || null;
    const far = main && main !== ring ? main : null, columns = shownColumns();
    const plans = known.plans.map((plan, k) => ({ ...plan, k, column: columns.find((column) => column.norm_id === plan.norm_id) }));
    const plan = main ? plans.find((one) => one.norm_id === main.norm_id && villages.some((i) => one.gained[i])) : null;
    const cell = main ? row.cells[main.norm_id] : null, missing = data.columns.findIndex((column) => column.stat_unit === "township" && column.norm_id in row.cells);
    const title = main ? S.t(cell.places_unserved === villages.length ? "township.title_all" : "township.title_some", { name: named(row), n: cell.places_unserved, total: cell.places_in_scope, norm: S.inText(texts().heads[main.k]) }) : missing >= 0 ? S.t("township.title_none", { name: named(row), norm: S.inText(texts().heads[missing]) }) : S.t("township.title_met", { name: named(row) });
    const lead = [cell && cell.persons_unserved ? S.t("township.lead", { beyond: S.peopleOf(main, cell.persons_unserved), base: S.number(cell.persons_in_scope) }) : null, ring && ring !== main ? S.t("township.lead_none", { list: villages.filter((i) => isBeyond(ring, i)).map(placeName).join(S.t("sure.list")), norm: S.inText(texts().heads[ring.k]) }) : null];
    const helped = plans.map((one) => ({ one, who: villages.filter((i) => one.gained[i]) })).filter(({ who }) => who.length);
    // A sum without those whose number is not told would read as that of all.
    const areCounted = (one, who) => S.hasPeople() && who.every((i) => isFinite(one.persons[i]));
    const duties = data.columns.map((column, k) => [texts().heads[k], texts().duties[k]]).filter(([, duty], k) => duty && data.columns[k].norm_id in row.cells);
    const listed = S.t(S.hasPeople() ? "township.villages" : "township.villages_places", { n: villages.length });
    // Below a short list there is room on the sheet, beside it there may be none.
    const last = [
      duties.length ? S.el("section", {}, [S.el("h2", { text: S.t("township.ask") }), ...duties.map(([norm, duty]) => S.el("p", { class: "small", text: norm + S.t("page.colon") + duty }))]) : null,
      S.el("section", {}, [S.el("h2", { text: S.t("township.sure") }), S.el("p", { class: "small", text: S.t("township.sure_text") }), ...S.knownIssues().map((issue) => S.el("p", { class: "small", text: S.issueText(issue) }))]),
    ], isShort = villages.length <= SHORT_LIST;
    return S.el("article", { class: "sheet" }, [
      S.el("h1", { text: title }),
      S.el("p", { text: S.sentences(...lead) }),
      S.el("div", { class: "sheet-two" }, [
        S.el("div", {}, [!villages.length ? null : S.el("section", {}, [S.el("h2", { text: listed }), S.el("div", { class: "table-scroll", role: "group", "aria-label": listed, tabindex: "0" }, [villageTable(villages, plan)])]), ...(isShort ? last : [])]),
        S.el("div", {}, [
          villages.length ? S.el("section", {}, drawMap(villages, far || (main === ring ? null : main), ring, SHEET_PX)) : null,
          S.el("section", {}, [S.el("h2", { text: S.t("index.headlines") }), S.el("ul", { class: "sheet-norms" }, data.columns.map((column, k) => normLine(row, column, k)).map(([sign, look, text]) => S.el("li", { class: look }, [S.el("span", { class: "sign", "aria-hidden": "true", text: sign }), S.el("span", { text })])))]),
          helped.length ? S.el("section", {}, [S.el("h2", { text: S.t("township.plan") }), ...helped.map(({ one, who }) => S.el("p", { class: "small" }, [S.el("strong", { class: "is-gained", text: S.t(areCounted(one, who) ? "township.helped" : "township.helped_places", { places: S.t("unit.places", { n: who.length }), people: S.peopleOf(one.column || one, who.reduce((sum, i) => sum + one.persons[i], 0)) }) + S.t("page.joint") }), S.el("a", { href: S.pageLink(data.plan_file, { plan: one.plan_id }), text: texts().plans[one.k] })]))]) : null,
          ...(isShort ? [] : last),
        ]),
      ]),
      S.el("p", { class: "muted sheet-page-of", text: S.t(data.rows.length > 1 ? "township.of" : "township.alone", { n: at + 1, total: data.rows.length, people: people(row) }) }),
    ]);
  }

  function show() {
    const rows = isSet ? data.rows : data.rows.filter((row) => row.unit_id === chosen);
    S.fill("sheets", rows.map((row) => sheet(row, data.rows.indexOf(row))));
    S.fill("choose", data.rows.map((row) => S.el("option", { value: row.unit_id, text: named(row), selected: row.unit_id === chosen })));
    document.getElementById("choose").value = chosen;
  }

  function printAll() {
    isSet = true;
    show();
    window.print();
    isSet = false;
    show();
  }

  S.startTownshipsPage = function () {
    known = read();
    if (data.rows.some((row) => row.unit_id === S.hash.township)) chosen = S.hash.township;
    document.getElementById("choose").addEventListener("change", (event) => {
      chosen = event.target.value;
      show();
    });
    document.getElementById("print-one").addEventListener("click", () => window.print());
    document.getElementById("print-all").addEventListener("click", printAll);
    S.onLanguage(() => {
      S.showHead(S.t("township.page"));
      S.languageSwitch();
      document.getElementById("print-all").textContent = S.t("township.print_all", { n: data.rows.length });
      show();
    });
    S.setLanguage(S.language);
    document.body.dataset.ready = "yes";
  };
})(window.Spatial);
