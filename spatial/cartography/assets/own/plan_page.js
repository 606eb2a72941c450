"use strict";
/* Plans one at a time: the finding, today beside the plan, what to do in which order, what else there is, and who is left. */
(function (S) {
  const data = S.data;
  const PAPER_PX = 330, LEFT_ROWS = 14, TALLEST_PX = 620, PINS = 12, HANDLE_PX = 44, LONG_PX = 560;
  const drawn = data.plans.filter((record) => record.actions.length);
  let shown = drawn[0];

  const texts = (record) => S.pick(record.texts);
  const inPeople = (record) => record.shown.persons !== null;
  const amount = (record, entry) => (inPeople(record) ? entry.persons : entry.places);
  const text = (words, options) => S.el("span", { ...options, text: words });
  const normOf = (record) => data.norms[record.norm_id];
  const has = (record, kind) => record.actions.some((action) => action.action === kind);
  const makesRoom = (record) => record.question === "matching" && (has(record, "open_site") || has(record, "enlarge_site"));
  const kindOf = (record) => S.t("plan.kind_" + (!makesRoom(record) ? record.question : !has(record, "enlarge_site") ? "opening" : has(record, "open_site") ? "both" : "enlarging"));
  /* What closes brings nobody. */
  const bringing = (record) => record.actions.filter((action) => action.action !== "close_site");
  /* By title, norm, or service and reach; where others are called the same, by what is planned too, and at last by the
     short name in the study. */
  const ownName = (record) => S.pick(record.title) || (normOf(record) ? S.normText(normOf(record)) : S.capital(texts(record).service) + S.bracketed(texts(record).reach));
  const NAMES = [
    (record) => (S.pick(record.together_title || {}) ? S.t("plan.named_kind", { name: S.pick(record.together_title), kind: ownName(record) }) : ownName(record)),
    // Of a plan that does nothing, nobody can tell by its actions what it asks for.
    (record) => (record.actions.length ? S.t("plan.named_kind", { name: NAMES[0](record), kind: kindOf(record) }) : NAMES[2](record)),
    (record) => (record.actions.length ? NAMES[1](record) : NAMES[0](record)) + S.bracketed(record.plan_id),
  ];
  const nameOf = (record) => {
    const own = NAMES.find((name) => !drawn.some((other) => other !== record && name(other) === name(record)));
    return (own || NAMES[2])(record);
  };
  /* The drawn parts of a plan of several services; of another plan it alone. */
  const familyOf = (record) => drawn.filter((other) => other === record || (record.together && other.together === record.together));
  const unitName = (entry) => S.pick(entry.names || entry.township_names) || S.t("plan.outside");
  const lengths = (record) => record.length_km !== null;
  const bridges = (record) => lengths(record) && record.actions.some((action) => typeof action.crosses_water === "boolean");
  /* What is told of actions where anybody knows it: what they cost, who has to act, and from where a facility with room takes whom. */
  const detailsOf = (record) => ["cost", "responsible", "takes", "more_room"].filter((key) => familyOf(record).some((part) => texts(part).details.some((told) => told[key])));
  const perText = (value) => (shown.ordered_by === "persons" ? S.number(value) : S.decimal(value));
  const yesNo = (value) => (typeof value === "boolean" ? S.t(value ? "plan.yes" : "plan.no") : null);

  /* Heads and rows as they stand on screen, for the table and for whoever takes it along. */
  function table(heads, rows, options) {
    const head = S.el("tr", {}, heads.map((cell) => (cell.text ? S.el("th", { scope: "col", class: cell.class, text: cell.text }) : S.el("td", { class: cell.class }))));
    const body = rows.map((row) => S.el("tr", {}, row.map((cell, k) => S.el(k === options.head ? "th" : "td", { scope: k === options.head ? "row" : undefined, class: heads[k].class, "data-head": cell === null ? undefined : heads[k].text }, cell === null ? [] : Array.isArray(cell) ? cell : [text(cell)]))));
    return S.el("table", { class: "plain " + options.class }, [S.el("thead", {}, [head]), S.el("tbody", {}, body)]);
  }

  const bar = (share, look) => S.el("span", { class: "bar-cell", "aria-hidden": "true" }, [S.el("i", { class: look, style: { width: (100 * share).toFixed(1) + "%" } })]);

  function showTabs() {
    const nav = document.getElementById("plans");
    nav.hidden = drawn.length < 2;
    S.fill(nav, drawn.map((record) => S.el("a", { href: "#" + record.plan_id + "&lang=" + S.language, "aria-current": record === shown ? "page" : undefined }, [text(nameOf(record)), record.is_gate ? text(S.t("norm_class.mandatory"), { class: "pill law law-mandatory" }) : null])));
  }

  /* What a plan of several services has for each, of which one is shown below. */
  function showTogether() {
    const parts = shown.parts || [], told = texts(shown).together, title = S.pick(shown.together_title || {});
    document.getElementById("together").hidden = !parts.length;
    if (!parts.length) return;
    const costly = parts.some((part, at) => told.parts[at].cost), amountOf = (part) => S.number(part.shown[part.counted].gained);
    document.getElementById("together-title").textContent = S.t("plan.together_" + (title ? "named" : "title") + (told.cost ? "_budget" : ""), { title, n: parts.reduce((sum, part) => sum + part.sites, 0), cost: told.cost, budget: told.budget });
    const numeric = (key) => ({ text: S.t("plan.head_" + key), class: "numeric" });
    const columns = [{ text: S.t("plan.head_service"), class: "what" }, numeric("sites"), numeric(shown.counted === "persons" ? "gained_persons" : "gained_places"), numeric("today"), numeric("then"), ...(costly ? [numeric("cost")] : [])];
    const nameIn = (part, at) => { const record = drawn.find((other) => other.plan_id === part.plan_id); return record ? ownName(record) : S.capital(told.parts[at].service); };
    const link = (part, at) => (part.plan_id === shown.plan_id || !drawn.some((other) => other.plan_id === part.plan_id) ? S.el("b", { text: nameIn(part, at) }) : S.el("a", { href: "#" + part.plan_id + "&lang=" + S.language, text: nameIn(part, at) }));
    S.fill("together-body", [table(columns, parts.map((part, at) => [[link(part, at)], S.number(part.sites), [S.el("b", { class: part.sites ? "is-gained" : "", text: amountOf(part) })], S.percent(part.share_before), S.percent(part.share_after), ...(costly ? [told.parts[at].cost || null] : [])]), { head: 0, class: "together-list" })]);
    document.getElementById("together-note").textContent = S.t("plan.together_note" + (parts.every((part) => part.plan_status !== "feasible") ? "" : "_open"));
  }

  function showHead() {
    const norm = normOf(shown), sides = shown.shown[shown.counted], { reach } = texts(shown), known = sides.all - sides.unknown;
    const title = document.getElementById("page-title");
    title.textContent = S.isolated(texts(shown).title);
    title.classList.toggle("is-long", S.textWidth(title.textContent) > LONG_PX);
    S.fill("plan-norm", [text(nameOf(shown), { class: "muted" }), norm ? S.classPill(norm) : null, norm && shown.norm_id ? text(shown.norm_id, { class: "muted" }) : null]);
    const having = ["unit_sites", "roads", "matching"].includes(shown.question);
    const parts = ["within", "gained", "beyond", "unknown"].filter((side) => sides[side]).map((side) => S.planText(shown, "part_" + side, { n: sides[side] }));
    if (norm) parts.push(S.t("plan.part_norm", { share: S.percent(shown.target_share) }));
    const width = (side) => ({ width: (100 * sides[side]) / Math.max(known, 1) + "%" });
    S.fill("before-after", [
      S.el("p", {}, [S.el("b", { class: "is-beyond", text: S.percent(shown.share_before) }), text(S.t("page.joint") + (having ? S.t(shown.question === "matching" ? "plan.share_today_matching" : "plan.share_today_having") : S.t("plan.share_today", { reach })) + " → "), S.el("b", { class: "is-gained", text: S.percent(shown.share_after) }), text(S.t("page.joint") + S.t("plan.share_plan"))]),
      S.el("div", { class: "share-line", "aria-hidden": "true" }, [...["within", "gained", "beyond"].map((side) => S.el("i", { class: "part-" + side, style: width(side) })), norm ? S.el("u", { style: { left: 100 * shown.target_share + "%" } }) : null]),
      S.el("p", { class: "muted", text: parts.join(" · ") }),
      S.el("p", {}, [text(S.t("about.modelled"), { class: "pill gate" })]),
    ]);
    document.getElementById("today-title").textContent = S.planText(shown, "map_today", { amount: texts(shown).amounts.today });
    document.getElementById("with-title").textContent = S.planText(shown, sides.beyond || shown.left.some((entry) => entry.uncounted) ? "map_plan" : "map_plan_none", { amount: texts(shown).amounts.beyond });
  }

  /* Who is beyond by township, today as on the first page, and with the plan as in the table. */
  function beyondByTownship() {
    const labels = (entries) => entries.filter((entry) => entry.township_id && amount(shown, entry) !== null).map((entry) => ({ id: entry.township_id, amount: amount(shown, entry) })).sort((a, b) => b.amount - a.amount);
    return { before: labels(shown.today_in), after: labels(shown.left) };
  }

  function draw(width) {
    const room = (id) => width || document.getElementById(id).clientWidth, maps = document.getElementById("maps");
    maps.style.maxWidth = "";
    if (!room("maps")) return;
    S.fill("plan-legend", S.drawPlanMaps(shown, room("maps"), beyondByTownship(), width ? Infinity : TALLEST_PX));
    if (!width) maps.style.maxWidth = document.querySelector("#map-today svg").getAttribute("width") + "px";
    document.getElementById("pins-head").textContent = heads().find((head) => / gained$/.test(head.class)).text;
    S.fill("plan-pins", shown.actions.slice(0, PINS).map((action, k) => S.el("li", {}, [text(texts(shown).actions[k]), action.action === "close_site" ? null : text("+" + S.number(amount(shown, action.shown)), { class: "is-gained" })])));
    S.drawPlanCurve(shown, room("curve"));
    swipe();
  }

  /* One map on screen, today at the left of a divider and the plan at its right; both side by side on paper. The line
     stands in the middle of the handle, which does not leave the map. */
  function swipe() {
    const handle = document.getElementById("swipe"), maps = document.getElementById("maps"), share = handle.value / 100;
    maps.style.setProperty("--swipe", `calc(${HANDLE_PX / 2}px + (100% - ${HANDLE_PX}px) * ${share})`);
    handle.setAttribute("aria-valuetext", S.t("plan.swipe_at", { today: S.percent(share), plan: S.percent(1 - share) }));
    // A name that the divider would cut is not shown: half of it reads as another.
    const at = handle.getBoundingClientRect().left + HANDLE_PX / 2 + (handle.clientWidth - HANDLE_PX) * share;
    const names = Array.from(maps.querySelectorAll(".name"), (name) => ({ name, box: name.getBoundingClientRect() }));
    for (const { name, box } of names) name.classList.toggle("is-cut", box.left < at && at < box.right);
  }

  const shared = (action) => (action.lost_without === null ? 0 : S.whole((action[shown.counted + "_gained"] || 0) - action.lost_without));

  function sureTexts(action, { chosen }) {
    const said = [S.t("plan." + ({ open_site: "sure_site", enlarge_site: "sure_site", share_room: "sure_room", close_site: "sure_close" }[action.action] || "sure_way"))];
    if (chosen) said.push(S.capital(chosen));
    const both = shared(action);
    if (both > 0) said.push(S.t("plan.shared", { n: both }));
    return said;
  }

  /* Norms that must be kept come before this one: what they need is told by one row each. */
  function duties() {
    if (shown.is_gate) return [];
    return data.plans.filter((record) => record.is_gate && record.rank < shown.rank && record.plan_status !== "not_planned");
  }

  function actionRows() {
    const before = duties();
    const rows = before.map((record) => ({
      order: S.t("plan.first"), what: texts(record).title, note: S.t("norm_class.mandatory") + S.t("page.colon") + nameOf(record), where: "", km: record.length_km, gained: (record.shown.persons || record.shown.places).gained, alone: "", per: null, details: {}, sure: [], isDuty: true,
    }));
    shown.actions.forEach((action, at) => {
      const own = amount(shown, action.shown), more = action.gained_alone === null ? 0 : action.gained_alone - action[shown.counted + "_gained"];
      rows.push({
        order: S.number(action.step), key: S.mineKey.action(action.action_id), what: texts(shown).actions[at], note: "", where: S.pick(action.township_names) || S.t("plan.outside"), km: action.length_km, gained: own,
        alone: more >= 1 ? S.t("plan.alone", { n: action.gained_alone }) : "", per: action.gained_per_km, bridge: action.crosses_water, details: texts(shown).details[at], sure: sureTexts(action, texts(shown).details[at]),
      });
    });
    return rows;
  }

  const gainedHead = (record) => {
    const group = "group." + record.stat_unit + "_persons";
    if (!inPeople(record)) return S.t("plan.head_gained_places");
    return S.has(group) ? S.t("plan.head_gained_group", { group: S.t(group) }) : S.t("plan.head_gained_persons");
  };

  function heads() {
    const numeric = (key) => ({ text: S.t("plan.head_" + key), class: "numeric" });
    return [{ text: S.t("plan.head_order"), class: "order" }, { text: S.t("plan.head_what"), class: "what" }, { text: S.t("plan.head_where"), class: "where" }, ...(lengths(shown) ? [numeric("km")] : []), { text: gainedHead(shown), class: "numeric gained" }, ...(lengths(shown) ? [numeric(shown.ordered_by === "persons" ? "per_km" : "per_km_places")] : []), ...(bridges(shown) ? [{ text: S.t("plan.head_bridge"), class: "bridge" }] : []), ...detailsOf(shown).map((key) => ({ text: S.t("plan.head_" + key), class: key })), { text: S.t("plan.head_sure"), class: "sure" }];
  }

  /* An action of any plan, for the reader's own list. */
  function marked(key) {
    for (const record of drawn) {
      const at = record.actions.findIndex((action) => S.mineKey.action(action.action_id) === key);
      if (at < 0) continue;
      const action = record.actions[at];
      return { cells: [texts(record).actions[at], nameOf(record), S.pick(action.township_names) || S.t("plan.outside"), S.number(amount(record, action.shown))] };
    }
    return null;
  }

  function showActions() {
    const rows = actionRows(), withKm = lengths(shown), isDuty = rows.some((row) => row.isDuty), ordered = (withKm ? "km" : "most") + (shown.ordered_by === "persons" ? "" : "_places");
    document.getElementById("actions-title").textContent = S.t(shown.is_gate ? "plan.list_duty_" + ordered : isDuty ? "plan.list_then_" + ordered : "plan.list_" + ordered);
    const kilometres = (value) => (value === null ? null : S.decimal(value));
    S.fill("actions", [table(heads(), rows.map((row) => [
      [S.el("b", { text: row.order })], [S.el("b", { text: row.what }), row.key ? S.starButton(row.key, row.what) : null, row.note ? text(row.note, { class: "muted" }) : null], row.where || null, ...(withKm ? [kilometres(row.km)] : []),
      [S.el("b", { class: row.gained ? "is-gained" : "", text: S.number(row.gained) }), row.alone ? text(row.alone, { class: "muted" }) : null], ...(withKm ? [row.per === null ? null : perText(row.per)] : []),
      ...(bridges(shown) ? [yesNo(row.bridge)] : []), ...detailsOf(shown).map((key) => S.capital(row.details[key] || "") || null), row.sure.length ? row.sure.map((said, k) => text(said, { class: k ? "muted" : "" })) : null,
    ]), { head: 1, class: "action-list" })]);
    const n = shown.actions.length, ending = shown.bound === null ? "_open" : shown.plan_status === "optimal" && shown.budget ? "_budget" : "";
    const proof = S.t("plan.proof_" + shown.plan_status + ending, { n, bound: S.number(shown.bound) });
    S.fill("actions-notes", [S.el("p", { text: S.sentences(proof, texts(shown).cost || S.t("plan.cost")) })]);
  }

  function download() {
    const mine = shown, family = familyOf(shown), withKm = lengths(shown), basis = S.hasPeople() ? S.t("study.basis_" + data.study.basis) : S.t("study.no_people");
    const linesOf = (record) => { shown = record; return actionRows().map((row) => [row.order, row.what, row.note || nameOf(shown), row.where, ...(withKm ? [row.km === null ? null : S.decimal(row.km)] : []), row.gained, ...(withKm ? [row.per === null ? null : perText(row.per)] : []), ...(bridges(shown) ? [yesNo(row.bridge)] : []), ...detailsOf(shown).map((key) => S.capital(row.details[key] || "") || null), row.sure.join(" · "), basis]); };
    const lines = family.flatMap(linesOf);
    shown = mine;
    const names = heads().map((cell) => cell.text);
    names.splice(2, 0, S.t("plan.head_norm"));
    S.download("plan-" + (shown.together || shown.plan_id) + ".csv", [[...names, S.t("plan.head_basis")], ...lines]);
  }

  function curveTitle() {
    const points = S.curvePoints(shown), count = bringing(shown).length, next = points.find((point) => point.number === count + 1), first = points.find((point) => point.number === 1), own = points.find((point) => point.number === count);
    const told = (n) => (shown.counted === "persons" ? S.peopleOf(normOf(shown), n) : S.t("unit.places", { n }));
    if (next) return S.t("plan.curve_next", { n: count, more: told(next.more) });
    const steps = points.filter((point) => point.number > 0 && point.number <= count);
    if (count > 1 && first && own && steps.every((point) => point.more === first.more)) return S.t("plan.curve_alike", { n: told(first.more) });
    const more = steps.map((point) => point.more);
    // In the order of the list each action is told; of sites each number has a best choice of its own.
    if (count > 1 && first && own && shown.question !== "sites") return S.t("plan.curve_each", { least: S.number(Math.min(...more)), most: told(Math.max(...more)) });
    return count > 1 && first && own ? S.t("plan.curve_falls", { n: count, before: S.number(count - 1), first: told(first.more), last: S.number(own.more) }) : S.t("plan.curve_enough");
  }

  function showOptions() {
    const list = (names) => names.join(S.t("sure.list")), named = texts(shown).options;
    // Only of sites that people reach are others sought that do nearly as well.
    const isSought = shown.question === "sites";
    const rows = [{ name: S.t("plan.option_this"), note: S.t("plan.option_as"), gained: shown.shown[shown.counted].gained, km: shown.length_km, share: shown.share_after },
      ...shown.options.map((option, k) => ({ name: S.t(named[k].not.length ? "plan.option_swap" : "plan.option_more", { new: list(named[k].instead), old: list(named[k].not) }), note: "", gained: Math.round(option.gained), km: option.length_km, share: option.share_after }))];
    const most = Math.max(...rows.map((row) => row.gained), 1), withKm = lengths(shown);
    const columns = [{ text: S.t("plan.head_plan"), class: "what" }, { text: "", class: "bars" }, { text: shown.counted === "persons" ? gainedHead(shown) : S.t("plan.head_gained_places"), class: "numeric" }, ...(withKm ? [{ text: S.t("plan.head_km"), class: "numeric" }] : []), { text: S.t("plan.head_within"), class: "numeric" }];
    document.getElementById("options-title").textContent = S.t(shown.options.length ? "plan.options_title" : isSought ? "plan.options_title_none" : "plan.options_title_unsought");
    S.fill("options", [
      table(columns, rows.map((row, k) => [[k ? text(row.name) : S.el("b", { text: row.name }), row.note ? text(row.note, { class: "muted" }) : null], [bar(row.gained / most, "part-gained")], [S.el("b", { text: S.number(row.gained) })], ...(withKm ? [row.km === null ? null : S.decimal(row.km)] : []), S.percent(row.share)]), { head: 0, class: "option-list" }),
      shown.options.length ? null : S.el("p", { class: "muted", text: S.t(isSought ? "plan.options_none" : "plan.options_unsought") }),
    ]);
  }

  /* Minutes with the plan, how many have no way at all, and who of them misses narrowly. */
  function farText(entry) {
    const unit = shown.unit, near = entry.near[inPeople(shown) ? "persons" : "places"], minutes = S.minutes(5);
    const [low, high] = [entry.low, entry.high].map((value) => S.measure(value, unit, shown.threshold));
    const bare = unit === "min" && !low.startsWith(">") ? S.number(entry.low) : low;
    const said = [];
    if (entry.low !== null && ["min", "m"].includes(unit)) said.push(low === high ? low : S.t("sure.span", { low: bare, high }));
    if (entry.none_reached) said.push(S.t("plan.no_way", { amount: S.t("unit.places", { n: entry.none_reached }) }));
    if (near) said.push(entry.near.places === entry.places ? S.t("plan.near_all", { minutes }) : S.t("plan.near_some", { amount: S.t(inPeople(shown) ? "unit.people" : "unit.places", { n: near }), minutes }));
    return said.join(S.t("filter.joint"));
  }

  function showLeft() {
    // Where most of those are whom the title counts: most villages need not be where most people are.
    const all = shown.left, { beyond } = texts(shown).amounts, named = all.filter((entry) => entry.township_id).sort((a, b) => b[shown.counted] - a[shown.counted]).slice(0, 2).map(unitName);
    const key = !all.length ? "left_none" : !named.length ? "left_plain" : named.length === all.length ? "left_in" : "left_title";
    document.getElementById("left-title").textContent = S.isolated(S.t("plan." + key, { amount: beyond, where: named.join(S.t("plan.and")) }));
    const most = Math.max(...all.map((entry) => amount(shown, entry)), 1), rest = all.slice(LEFT_ROWS), people = inPeople(shown), withFar = all.some(farText);
    const columns = [{ text: S.t("table.township") }, { text: "", class: "bars" }, ...(people ? [{ text: S.t("table.people"), class: "numeric" }] : []), { text: S.t("table.places"), class: "numeric" }, ...(withFar ? [{ text: S.t(shown.unit === "min" ? "plan.head_minutes" : "plan.head_far"), class: "far" }] : [])];
    const rows = all.slice(0, LEFT_ROWS).map((entry) => [[S.el("b", { text: unitName(entry) })], [bar(amount(shown, entry) / most, "part-beyond")], ...(people ? [[S.el("b", { text: entry.persons === null ? "–" : S.number(entry.persons) })]] : []), S.number(entry.places), ...(withFar ? [farText(entry) || null] : [])]);
    if (rest.length) rows.push([S.t("plan.left_more", { n: rest.length }), null, ...(people ? [S.number(rest.reduce((sum, entry) => sum + entry.persons, 0))] : []), S.number(rest.reduce((sum, entry) => sum + entry.places, 0)), ...(withFar ? [null] : [])]);
    // Each township has the number that it has on every page: together they may be a few off.
    const sum = all.reduce((total, entry) => total + amount(shown, entry), 0), total = amount(shown, shown.shown).beyond;
    const note = sum === total ? null : S.el("p", { class: "muted", text: S.t("plan.left_rounded", { sum: S.number(sum), total: S.number(total) }) });
    S.fill("left", all.length ? [table(columns, rows, { head: 0, class: "left-list" }), note] : []);
  }

  function showOpen() {
    const norm = normOf(shown), isWay = ["links", "roads"].includes(shown.question), isRoom = shown.question === "matching", sides = shown.shown[shown.counted], misses = shown.left.some((entry) => entry.near.places);
    const keys = [norm && norm.lower_bound && !isWay ? "open_mapped" : "", isRoom ? "" : "open_lost", isWay ? "open_speed" : isRoom ? (makesRoom(shown) ? "open_making" : "open_matching") : "open_room", isRoom ? "" : "open_ground", misses ? "open_near" : sides.beyond ? "open_far" : ""];
    const doubt = texts(shown).doubt;
    S.fill("open", [...texts(shown).further.map((said) => S.el("li", { text: said })), doubt ? S.el("li", { text: doubt }) : null, ...keys.filter(Boolean).map((key) => S.el("li", { text: S.t("plan." + key) })), sides.unknown ? S.el("li", { text: S.t("plan.open_unknown", { amount: texts(shown).amounts.unknown }) }) : null]);
  }

  function showOthers() {
    const rows = data.plans.filter((record) => !record.actions.length), why = (record) => S.t("plan.why_" + (record.reason || record.plan_status));
    document.getElementById("others").hidden = !rows.length;
    S.fill("others-body", [table([{ text: S.t("plan.head_norm"), class: "what" }, { text: S.t("plan.head_beyond"), class: "numeric" }, { text: S.t("plan.head_why"), class: "why" }], rows.map((record) => [[text(nameOf(record)), record.is_gate ? text(S.t("norm_class.mandatory"), { class: "pill law law-mandatory" }) : null], record.reason === "not_measured" ? null : texts(record).amounts.today, why(record)]), { head: 0, class: "other-list" })]);
  }

  /* What people wrote of actions, and of those promised who is within now. */
  function showProgress() {
    const rows = data.progress, known = (value) => (value === null ? null : S.number(value));
    const side = (row) => (row.promised_persons === null ? "places" : "persons");
    document.getElementById("progress").hidden = !rows.length;
    const columns = [{ text: S.t("plan.head_where"), class: "what" }, { text: S.t("plan.head_state"), class: "state" }, { text: S.t("plan.head_promised"), class: "numeric" }, { text: S.t("plan.head_now"), class: "numeric" }];
    S.fill("progress-body", [table(columns, rows.map((row) => [[S.el("b", { text: S.pick(row.names) || S.t("plan.unnamed") }), data.norms[row.norm_id] ? text(S.normText(data.norms[row.norm_id]), { class: "muted" }) : null], [text(S.t("plan.state_" + row.state)), row.since ? text(S.isoDate(row.since), { class: "muted" }) : null], known(row["promised_" + side(row)]), known(row["within_" + side(row)])]), { head: 0, class: "progress-list" })]);
  }

  function show() {
    document.getElementById("drawn").hidden = !shown;
    showTabs();
    showProgress();
    showOthers();
    if (!shown) {
      document.getElementById("page-title").textContent = S.t("plan.none_drawn");
      return;
    }
    showHead();
    showTogether();
    showActions();
    document.getElementById("curve-title").textContent = curveTitle();
    document.getElementById("curve-note").textContent = S.t(lengths(shown) ? "plan.curve_note_km" : shown.question === "sites" ? "plan.curve_note" : "plan.curve_note_order");
    showOptions();
    showLeft();
    showOpen();
    draw();
    S.showMine();
    S.view.changed();
  }

  /* A plan is named by the address, alone or beside the language. */
  function choose(hash) {
    const wanted = hash.slice(1).split("&").map((part) => part.replace(/^plan=/, ""));
    shown = drawn.find((record) => wanted.includes(record.plan_id)) || drawn[0];
  }

  S.startPlanPage = function () {
    document.getElementById("csv").addEventListener("click", download);
    document.getElementById("print").addEventListener("click", () => window.print());
    const divider = document.getElementById("swipe"), middle = divider.value;
    divider.addEventListener("input", () => { swipe(); S.view.changed(); });
    window.addEventListener("hashchange", (event) => { const { hash } = new URL(event.newURL); S.hash = S.readHash(hash); choose(hash); show(); S.view.read(true); window.scrollTo(0, 0); });
    S.startMine({
      heads: () => [S.t("plan.head_what"), S.t("plan.head_norm"), S.t("plan.head_where"), gainedHead(shown)], numeric: [3],
      describe: (key) => marked(key), file: "plan-list.csv", redraw: () => { show(); S.showMine(); },
    });
    S.view.register("plan", () => (shown && shown !== drawn[0] ? shown.plan_id : ""), () => {});
    S.view.register("swipe", () => (divider.value === middle ? "" : divider.value), (share) => {
      divider.value = /^\d+$/.test(share) ? share : middle;
      swipe();
    });
    window.addEventListener("beforeprint", () => shown && draw(PAPER_PX));
    window.addEventListener("afterprint", () => shown && draw());
    let width = window.innerWidth;
    window.addEventListener("resize", () => {
      if (!shown || window.innerWidth === width) return;
      width = window.innerWidth;
      draw();
    });
    choose(window.location.hash);
    S.onLanguage(() => {
      S.showHead(S.t("plan.title"));
      S.languageSwitch();
      S.fill("acts", [S.linkButton(), S.mineLink()]);
      show();
    });
    S.setLanguage(S.language);
    S.view.read(false);
    document.body.dataset.ready = "yes";
  };
})(window.Spatial);
