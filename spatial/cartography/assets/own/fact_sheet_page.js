"use strict";
/* Two sheets of paper. To decide on: the finding, one map, five villages, three actions, one township, how sure. Overleaf: both
   numbers of each pillar, mandatory norms, three headline norms, what holds back, how sure. */
(function (S) {
  const data = S.data, score = data.score, study = score && score.study, answer = data.answer;
  const known = S.isKnown;
  const SHEET_MM = 256, SIZES_PT = [9.5, 9, 8.5, 8, 7.5, 7, 6.5];
  const PAPER_PX = 680, MAP_LEAST_MM = 66, MAP_MOST_MM = 112, VILLAGES = 5, OF_FIRST = 3, LACKS = 2, NORMS = 3;
  const ISSUES = 2, OBSTACLES = 2, FLOWS = 3, SOURCES = 5, FAILED = 3;
  const text = (words, options) => S.el("span", { ...options, text: words });
  const item = (...nodes) => S.el("li", {}, nodes);

  /* The gap that is furthest from its target, measured by the target itself. */
  function widest(gaps) {
    const open = gaps.filter((part) => part.meets_target === "no" && known(part.value));
    const far = (part) => (part.at_least ? (part.target - part.value) / (part.target || 1) : (part.value - part.target) / (part.target || 1));
    return open.sort((a, b) => far(b) - far(a))[0];
  }

  const gapCount = (met, n) => text(n ? S.t("score.count", { met, n }) : S.t("fact.no_gap"), { class: "count" });

  function pillarRow(pillar) {
    const gaps = S.partsOf(study, pillar, "gap"), { met, measured } = S.countMet(gaps), open = widest(gaps);
    return S.el("tr", {}, [
      S.el("th", { scope: "row", text: S.t("pillar." + pillar) }),
      S.el("td", { class: "numeric number" }, [text(known(study.levels[pillar]) ? S.hundredths(study.levels[pillar]) : "–")]),
      S.el("td", { class: "bar-cell" }, [S.levelBar(study.levels[pillar])]),
      S.el("td", {}, [gapCount(met, measured)]),
      S.el("td", {}, open ? [text(S.partName(open) + " "), S.el("strong", { text: S.partValue(open) }), text(S.bracketed(S.targetText(open)), { class: "muted" })] : [text("–")]),
    ]);
  }

  function showPillars() {
    const head = [["pillar", 1], ["level", 2], ["gaps", 1], ["widest", 1]].map(([key, span]) => S.el("th", { scope: "col", colspan: String(span), text: S.t("fact." + key) }));
    const whole = S.el("tr", { class: "whole" }, [
      S.el("th", { scope: "row", text: S.t("fact.whole") }),
      S.el("td", { class: "numeric number" }, [text(known(study.integration_level) ? S.hundredths(study.integration_level) : "–")]),
      S.el("td", { class: "bar-cell" }, [S.levelBar(study.integration_level, S.levelSpan(study))]),
      S.el("td", { }, [gapCount(study.gaps_met, study.gaps_measured)]),
      S.el("td", { text: [S.pick(study.hidden), S.measuredText(study), [S.capital(S.indexText(study)), S.capital(S.intervalText(study))].filter(Boolean).join(" · ")].filter(Boolean).join(S.t("page.joint")) }),
    ]);
    S.fill("pillars", [S.el("thead", {}, [S.el("tr", {}, head)]), S.el("tbody", {}, [...score.pillars.map(pillarRow), whole])]);
  }

  function showGates() {
    const none = { none_applicable: "score.failed_none_in_force", unknown: "score.failed_unknown" }[study.mandatory_status];
    const name = (entry) => (score.norms[entry.norm] ? S.normText(score.norms[entry.norm]) : entry.norm);
    const failed = study.failed.slice(0, FAILED).map((entry) => item(text("✕ ", { class: "sign" }), text(name(entry)), text(" – " + (S.failedText(entry) || S.t("fact.not_judged")))));
    if (study.failed.length > FAILED) failed.push(item(text(S.t("fact.more", { n: study.failed.length - FAILED }))));
    S.fill("gates-body", [S.el("p", { class: "big", text: S.gatesText(study) }), S.unjudgedText(study) ? S.el("p", { text: S.unjudgedText(study) }) : null, none ? S.el("p", { text: S.t(none) }) : null, failed.length ? S.el("ul", {}, failed) : null]);
  }

  /* People or places beyond a norm, of those in its scope, and of how many nobody knows. */
  function headlineAmount(norm) {
    const told = norm.study, isPeople = S.inPeople(norm) && !(told.persons_unserved < 0.5 && told.places_unserved > 0), amount = (people, places) => (isPeople ? people : places);
    const beyond = amount(told.persons_unserved, told.places_unserved);
    if (norm.nothing_mapped || ((score && score.left_out.nothing_mapped) || []).includes(norm.id)) return S.t("fact.nothing_mapped");
    if (!known(beyond)) return S.t("fact.not_judged");
    const unknown = amount(told.persons_unknown, told.places_unknown), total = amount(told.persons_in_scope, told.places_in_scope), base = (isPeople ? S.peopleOf : S.placesOf)(norm, total);
    // Nobody known to be beyond is no answer where some are not known.
    if (beyond < 0.5 && unknown >= 0.5) return S.number(unknown) + " " + S.t("index.unjudged_of", { whole: base });
    const key = (isPeople ? "fact.beyond" : "fact.beyond_places") + (norm.lower_bound ? "_mapped" : "");
    return S.t(key, { n: beyond, base }) + (unknown >= 0.5 ? S.t(isPeople ? "score.people_unknown" : "score.places_unknown", { n: unknown }) : "");
  }

  function headline(norm) {
    const sign = { met: "✓", not_met: "✕", not_applicable: "–", not_measurable: "?" }[norm.study.status] || "?";
    return item(text(sign + " ", { class: "sign" }), text(S.normText(norm)), text(" – "), S.el("strong", { text: headlineAmount(norm) }), text(S.bracketed(S.word("status", norm.study.status)), { class: "muted" }));
  }

  function showHeld() {
    const list = S.obstaclesOf(study).slice(0, OBSTACLES);
    const entry = (part) => item(S.el("strong", { text: S.partName(part) }), text(S.bracketed(S.t("pillar." + part.pillar)) + S.t("page.colon") + S.t("fact.held_share", { share: S.percent(part.obstacle) })), text([S.partDetail(part), S.behindText(part, study)].filter(Boolean).map((words) => " · " + words).join(""), { class: "muted" }));
    S.fill("held-body", list.length ? list.map(entry) : [item(text(S.t("score.obstacles_none")))]);
  }

  function showGains() {
    const { gains, last } = data;
    const none = data.parts > 1 ? "fact.gains_apart" : data.townships < 2 || !last ? "fact.gains_none" : "fact.gains_equal";
    S.fill("gains-body", [
      gains ? S.el("p", { text: S.t(known(gains.persons) ? "fact.gains_line" : "fact.gains_line_places", { name: S.unitName(gains), n: known(gains.persons) ? gains.persons : gains.places, level: S.hundredths(gains.level), best: S.hundredths(gains.best), other: S.pick(gains.best_names, gains.best_id) }) }) : S.el("p", { text: S.t(none) }),
      ...(gains && gains.doubts ? gains.doubts.map((known) => S.el("p", { class: "issue", text: S.issueText(known) })) : []),
      last && last.low_rank > 1 ? S.el("p", { text: S.t("fact.last_line", { name: S.unitName(last), low: S.decimal(last.low_rank), n: data.townships }) }) : null,
      data.parts > 1 ? S.el("p", { class: "muted", text: S.t("fact.parts", { n: data.parts }) }) : null,
    ]);
  }

  function showFlows() {
    const entry = (flow) => item(text(S.t("fact.flows_line", { kind: S.capital(S.flowKind(flow.kind)), inward: S.flowAmount(flow.inward, flow.kind), outward: S.flowAmount(flow.outward, flow.kind) })));
    const list = score.flows.slice(0, FLOWS).map(entry);
    if (score.flows.length > FLOWS) list.push(item(text(S.t("fact.more", { n: score.flows.length - FLOWS }))));
    S.fill("flows-body", list.length ? list : [item(text(S.t("fact.flows_none")))]);
  }

  function showSure() {
    const factors = ((score && score.variance) || []).filter((entry) => entry.share >= 0.005).map((entry) => S.t("score.factor_" + entry.factor, { share: S.percent(entry.share) }));
    const lines = [
      study && known(study.known_share) ? S.t("score.sure_known", { share: S.percent(study.known_share) }) : "",
      factors.length ? S.t("score.sure_rank", { factors: factors.join(S.t("sure.list")) }) : "",
      data.certainty && S.speedStatus(data.certainty) === "uncalibrated" ? S.t("score.sure_speeds") : "",
      data.study.approval_wanted ? S.t("study.approval_wanted") : "",
      ...S.knownIssues().filter((known) => !(data.gains && data.gains.doubts || []).some((told) => told.issue === known.issue)).slice(0, ISSUES).map(S.issueText),
    ];
    S.fill("sure-body", lines.filter(Boolean).map((line) => item(text(line))));
  }

  function showSources() {
    const origins = [...new Set(data.sources.map((source) => [source.origin || source.path, source.vintage].filter(Boolean).join(S.t("sure.list"))))];
    const listed = origins.slice(0, SOURCES);
    if (origins.length > SOURCES) listed.push(S.t("fact.more", { n: origins.length - SOURCES }));
    document.getElementById("sources").textContent = listed.length ? S.t("fact.sources") + S.t("page.colon") + listed.join(S.t("filter.joint")) : "";
  }

  let ground = null;
  const countText = (n, unit) => S.t("unit." + unit, { n });

  /* Three villages of the first finding and two of the second, or as many as there are, in the words of the index; without any finding the farthest places. */
  function villagesShown() {
    const lists = answer.findings.map((finding, k) => finding.first.map((place, at) => ({ ...place, lacks: S.pick(answer.texts).first[k][at] }))).slice(0, 2);
    if (!lists.length) return (answer.reach ? answer.reach.farthest : []).slice(0, VILLAGES).map((place) => ({ ...place, lacks: [S.measure(place.value, answer.reach.unit)] }));
    const [first, second = []] = lists, others = second.filter((place) => !first.slice(0, OF_FIRST).some((own) => own.settlement_id === place.settlement_id));
    const own = first.slice(0, Math.max(OF_FIRST, VILLAGES - others.length));
    const listed = (place) => first.find((one) => one.settlement_id === place.settlement_id) || place;
    return [...own, ...others.map(listed).filter((place) => !own.includes(place))].slice(0, VILLAGES);
  }

  function showVillages() {
    const shown = villagesShown();
    document.getElementById("villages").hidden = !shown.length;
    document.getElementById("villages-title").textContent = S.t(!answer.findings.length ? "fact.farthest" : S.answerParts.areVillages(shown) ? "fact.villages" : "fact.places", { n: shown.length, service: answer.reach ? S.inText(serviceName(answer.reach.service)) : "" });
    S.fill("villages-body", shown.map((place) => S.el("li", {}, [
      S.el("span", {}, [S.el("strong", { text: S.answerParts.named(place.names) }), text(" " + S.pick(place.township_names), { class: "muted" })]),
      S.el("strong", { class: "numeric", text: known(place.persons) ? S.number(place.persons) : "" }),
      text(place.lacks.slice(0, LACKS).map((said, k) => (k ? said : S.capital(said))).join(" · "), { class: "lacks" }),
    ])));
  }

  function serviceName(service) {
    const at = answer.services.findIndex((one) => one.service === service);
    return at < 0 ? S.word("service", service) : S.pick(answer.texts).services[at].name;
  }

  function showActions() {
    // Plans may be for other norms than those that the sheet tells of.
    const list = data.actions, none = data.plans ? "other" : "none";
    document.getElementById("actions-title").textContent = S.t(list.length ? "fact.actions" : "fact.actions_title_" + none, { n: list.length });
    S.fill("actions-body", list.length ? list.map((action, at) => {
      const said = S.pick(action.texts);
      return S.el("li", {}, [
        S.el("b", { class: "pin", text: S.number(at + 1) }),
        S.el("span", {}, [text(said.what), text([said.facts[0]].filter(Boolean).map(S.bracketed).join("")), S.el("br"), S.el("strong", { class: "is-gained", text: S.answerParts.gainOf(action)[1] }), text(S.t("page.joint") + said.gain)]),
      ]);
    }) : [S.el("li", { class: "none", text: S.t("fact.actions_" + none) })]);
  }

  /* The township that stands first on every page, with whatever most people there are beyond. */
  function showTownship() {
    const row = data.worst;
    document.getElementById("township").hidden = !row;
    if (!row) return;
    const people = row.persons !== null, name = row.unit_id ? S.pick(row.names) || S.t("answer.unnamed") : S.t("answer.outside");
    const key = data.townships === 1 ? "fact.alone_" : "fact.worst_";
    const n = people ? row.persons_beyond : row.places_beyond;
    S.fill("township-line", [S.el("strong", { text: name }), !n ? null : text(S.t(key + (people ? "people" : "places"), { n, total: people ? row.persons : row.places, all: data.drawn }))]);
    const cells = answer.matrix.columns.map((column) => ({ column, cell: row.cells[column.norm_id] })).filter(({ cell }) => cell);
    S.fill("township-body", cells.slice(0, NORMS).map(({ column, cell }) => item(text(
      column.is_presence && column.stat_unit === "township" ? S.t("township.norm_none", { norm: headOf(column) })
        : S.t(cell.persons_unserved ? "township.norm_people" : "township.norm_places", { norm: headOf(column), places: countText(cell.places_unserved, "places"), base: S.number(cell.places_in_scope), people: S.peopleOf(column, cell.persons_unserved || 0) }),
    ))));
  }

  const headOf = (column) => S.pick(answer.texts).heads[column.norm_id];

  /* One sentence: whether anybody measured, the range of the first finding, and what was varied for it. */
  function certaintyText() {
    const told = data.certainty, findings = answer.findings.map((finding) => ({ finding, norm: data.norms.find((norm) => norm.id === finding.norm_id) }));
    const found = findings.find(({ norm, finding }) => norm && norm.certainty && norm.certainty[finding.counted]), presence = answer.findings.find((finding) => finding.is_presence);
    const lines = [];
    if (told) lines.push(S.t("sure.short_" + S.speedStatus(told)));
    if (found) {
      const { finding, norm } = found, span = norm.certainty[finding.counted];
      lines.push(S.t(span.low === span.high ? "fact.range_of_same" : "fact.range_of", { low: span.low, high: finding.counted === "persons" ? S.peopleOf(norm, span.high) : countText(span.high, "places"), norm: headOf(finding), factors: norm.certainty.factors.map((factor) => S.factorText(factor, norm.certainty)).join(S.t("sure.list")) }));
    }
    if (told && S.speedStatus(told) === "uncalibrated" && data.settlements > 1) lines.push(S.t("fact.order"));
    if (presence) lines.push(S.t("fact.as_mapped", { norm: headOf(presence) }));
    if (!told) lines.push(S.t("fact.not_varied"));
    return lines.join(S.t("page.joint"));
  }

  function readyText() {
    if (!data.sign_counts) return "";
    const { look, unknown } = data.sign_counts;
    return S.t(look ? "fact.not_ready" : !data.declared ? "fact.not_declared" : unknown ? "fact.not_told" : "fact.ready", { n: look || unknown });
  }

  function drawMap(width, tallest) {
    if (!ground) ground = S.answerParts.read(data.map);
    const marked = data.actions.map((action, at) => ({ number: at + 1, parts: action.lines }));
    const { drawing, keys } = S.answerParts.answerMap(answer, ground, S.draw.frameOf(ground, width, tallest), marked);
    S.fill("decide-drawing", [drawing]);
    S.fill("decide-legend", keys);
  }

  function showDecision() {
    document.getElementById("decide").hidden = !answer;
    if (!answer) return;
    const texts = S.pick(answer.texts);
    document.getElementById("decide-study").textContent = S.pick(data.study.title, data.study.name);
    document.getElementById("decide-status").textContent = [data.study.synthetic ? S.t("fact.synthetic") : "", S.t("study.status_" + data.study.status), S.isoDate(data.study.as_of)].filter(Boolean).join(" · ");
    document.getElementById("finding").textContent = S.isolated(texts.title);
    document.getElementById("lead").textContent = S.isolated(texts.lead);
    showVillages();
    showActions();
    showTownship();
    document.getElementById("certainty-line").textContent = certaintyText();
    S.fill("certainty-issues", S.knownIssues().slice(0, ISSUES).map((known) => S.el("p", { class: "issue", text: S.issueText(known) })));
    document.getElementById("decide-credits").textContent = S.modelled();
    document.getElementById("decide-ready").textContent = [readyText(), S.t("fact.overleaf")].filter(Boolean).join(" · ");
    layOut();
  }

  const heightOf = (mm) => {
    const probe = S.el("div", { style: { height: mm + "mm" } });
    document.body.append(probe);
    const height = probe.offsetHeight;
    probe.remove();
    return height;
  };

  /* Height in use, as wide as paper for the moment of measuring. */
  function usedBy(sheet) {
    return [...sheet.children].filter((child) => child.offsetHeight).reduce((sum, child) => sum + child.offsetHeight + (child === sheet.lastElementChild ? 0 : parseFloat(getComputedStyle(child).marginTop) + parseFloat(getComputedStyle(child).marginBottom)), 0);
  }

  /* The largest letters with which everything fits on a sheet and leaves so much room; gives what is left. */
  function fit(sheet, least) {
    let left = 0;
    sheet.classList.add("paper");
    for (const size of SIZES_PT) {
      sheet.style.setProperty("--pt", size);
      left = heightOf(SHEET_MM) - usedBy(sheet);
      if (left >= least) break;
    }
    sheet.classList.remove("paper");
    return left;
  }

  /* On paper the map takes whatever height the words leave it; below the width of a sheet it follows the screen. */
  function layOut(isPaper) {
    const sheet = document.getElementById("decide"), drawing = document.getElementById("decide-drawing");
    drawMap(PAPER_PX, heightOf(MAP_LEAST_MM));
    drawing.replaceChildren();
    const left = fit(sheet, heightOf(MAP_LEAST_MM));
    if (!isPaper && drawing.clientWidth < PAPER_PX - 1) drawMap(Math.max(280, drawing.clientWidth));
    else drawMap(PAPER_PX, Math.max(heightOf(MAP_LEAST_MM / 2), Math.min(left, heightOf(MAP_MOST_MM))));
  }

  S.startFactSheet = function () {
    document.getElementById("print").addEventListener("click", () => window.print());
    S.onLanguage(() => {
      document.getElementById("page-title").textContent = S.pick(data.study.title, data.study.name);
      S.showHead(S.t("fact.title"));
      S.languageSwitch();
      const counts = [known(data.persons) ? S.t("fact.people", { n: data.persons }) : "", S.t("fact.settlements", { n: data.settlements }), data.drawn ? S.t("unit.township", { n: data.drawn }) : ""];
      document.getElementById("sheet-people").textContent = counts.filter(Boolean).join(" · ");
      for (const id of ["answer-line", "answer-why", "pillars", "gates", "held", "gains", "flows"]) document.getElementById(id).hidden = !score;
      if (study) {
        document.getElementById("answer-line").textContent = S.scoreAnswer(study);
        document.getElementById("answer-why").textContent = S.normsText(study);
        showPillars();
        showGates();
        showHeld();
      }
      S.fill("headlines-body", data.headlines.length ? data.headlines.map(headline) : [item(text(S.t("fact.norms_none")))]);
      if (score) {
        showGains();
        showFlows();
      }
      if (study || !score) showSure();
      showSources();
      fit(document.getElementById("overleaf"), 0);
      showDecision();
    });
    if (answer) {
      window.addEventListener("beforeprint", () => layOut(true));
      window.addEventListener("afterprint", () => layOut());
      let width = window.innerWidth;
      window.addEventListener("resize", () => {
        if (window.innerWidth === width) return;
        width = window.innerWidth;
        layOut();
      });
    }
    S.setLanguage(S.language);
    document.body.dataset.ready = "yes";
  };
})(window.Spatial);
