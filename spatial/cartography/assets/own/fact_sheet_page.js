"use strict";
/* One sheet of paper: both numbers of each pillar, mandatory norms, three headline norms, what holds back, how sure. */
(function (S) {
  const data = S.data, score = data.score, study = score.study;
  const known = S.isKnown;
  const SHEET_MM = 256, SIZES_PT = [9.5, 9, 8.5, 8, 7.5, 7, 6.5];
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
      S.el("td", { text: [S.pick(study.hidden), S.measuredText(study), [S.capital(S.indexText(study)), S.capital(S.intervalText(study))].filter(Boolean).join(" · ")].filter(Boolean).join(S.t("sign.joint")) }),
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
    const told = norm.study, beyond = S.amount(told.persons_unserved, told.places_unserved);
    if (norm.nothing_mapped || (score.left_out.nothing_mapped || []).includes(norm.id)) return S.t("fact.nothing_mapped");
    if (!known(beyond)) return S.t("fact.not_judged");
    const unknown = S.amount(told.persons_unknown, told.places_unknown);
    const key = (S.hasPeople() ? "fact.beyond" : "fact.beyond_places") + (norm.lower_bound ? "_mapped" : "");
    return S.t(key, { n: beyond, total: S.amount(told.persons_in_scope, told.places_in_scope) }) + (unknown >= 0.5 ? S.t(S.hasPeople() ? "score.people_unknown" : "score.places_unknown", { n: unknown }) : "");
  }

  function headline(norm) {
    const sign = { met: "✓", not_met: "✕", not_applicable: "–", not_measurable: "?" }[norm.study.status] || "?";
    return item(text(sign + " ", { class: "sign" }), text(S.normText(norm)), text(" – "), S.el("strong", { text: headlineAmount(norm) }), text(S.bracketed(S.word("status", norm.study.status)), { class: "muted" }));
  }

  function showHeld() {
    const list = S.obstaclesOf(study).slice(0, OBSTACLES);
    const entry = (part) => item(S.el("strong", { text: S.partName(part) }), text(S.bracketed(S.t("pillar." + part.pillar)) + S.t("sign.colon") + S.t("fact.held_share", { share: S.percent(part.obstacle) })), text([S.partDetail(part), S.behindText(part, study)].filter(Boolean).map((words) => " · " + words).join(""), { class: "muted" }));
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
    const factors = score.variance.filter((entry) => entry.share >= 0.005).map((entry) => S.t("score.factor_" + entry.factor, { share: S.percent(entry.share) }));
    const lines = [
      known(study.known_share) ? S.t("score.sure_known", { share: S.percent(study.known_share) }) : "",
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
    document.getElementById("sources").textContent = listed.length ? S.t("fact.sources") + S.t("sign.colon") + listed.join(S.t("filter.joint")) : "";
    document.getElementById("credits").textContent = [S.t("about.modelled"), S.credits()].filter(Boolean).join(" · ");
  }

  /* The largest letters with which everything fits on the sheet, as wide as paper for the moment of measuring. */
  function fit() {
    const sheet = document.querySelector(".sheet"), height = document.createElement("div");
    height.style.height = SHEET_MM + "mm";
    sheet.classList.add("paper");
    sheet.append(height);
    const room = height.offsetHeight;
    height.remove();
    const used = () => [...sheet.children].reduce((sum, child) => sum + child.offsetHeight + parseFloat(getComputedStyle(child).marginTop), 0);
    for (const size of SIZES_PT) {
      sheet.style.setProperty("--pt", size);
      sheet.lastElementChild.style.marginTop = "0px";
      const fits = used() <= room;
      sheet.lastElementChild.style.marginTop = "";
      if (fits) break;
    }
    sheet.classList.remove("paper");
  }

  S.startFactSheet = function () {
    document.getElementById("print").addEventListener("click", () => window.print());
    S.onLanguage(() => {
      document.getElementById("page-title").textContent = S.pick(data.study.title, data.study.name);
      document.getElementById("back").href = S.pageLink("index.html");
      document.getElementById("to-score").href = S.pageLink(data.score_file);
      S.showHead(S.t("fact.title"));
      S.languageSwitch();
      const counts = [known(data.persons) ? S.t("fact.people", { n: data.persons }) : "", S.t("fact.settlements", { n: data.settlements }), data.townships ? S.t("fact.townships", { n: data.townships }) : ""];
      document.getElementById("sheet-people").textContent = counts.filter(Boolean).join(" · ");
      if (study) {
        document.getElementById("answer-line").textContent = S.scoreAnswer(study);
        document.getElementById("answer-why").textContent = S.beyondText(study);
        showPillars();
        showGates();
        showHeld();
        showSure();
      }
      S.fill("headlines-body", data.headlines.length ? data.headlines.map(headline) : [item(text(S.t("fact.norms_none")))]);
      showGains();
      showFlows();
      showSources();
      fit();
    });
    S.setLanguage(S.language);
    document.body.dataset.ready = "yes";
  };
})(window.Spatial);
