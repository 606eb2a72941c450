"use strict";
/* The first page: what was studied, one headline a norm, and where to go. */
(function (S) {
  const data = S.data;
  const counted = (norm, n) => (S.inPeople(norm) ? S.peopleOf : S.placesOf)(norm, n);
  const finite = (value) => value !== null && value !== undefined && isFinite(value);

  /* People within, beyond and not known; places where nobody counts people. */
  function amounts(norm) {
    const what = S.inPeople(norm) ? "persons_" : "places_", { study } = norm;
    return { served: study[what + "served"], unserved: study[what + "unserved"], unknown: study[what + "unknown"] };
  }

  function shareBar(norm) {
    const { served, unserved, unknown } = amounts(norm);
    const parts = [["within", served], ["beyond", unserved], ["unknown", unknown]].filter(([, amount]) => finite(amount) && amount > 0);
    if (!parts.length) return null;
    return S.el("div", { class: "share-bar", "aria-hidden": "true" }, parts.map(([kind, amount]) => S.el("span", { class: "share-" + kind, style: { flexGrow: String(amount) } })));
  }

  /* Under the bar of who is within and beyond: where the boundary may lie. */
  function rangeBar(norm) {
    const span = S.normSpan(norm), { served, unserved, unknown } = amounts(norm);
    const total = served + unserved + (unknown || 0);
    if (!span || !(total > 0)) return null;
    const from = Math.max(0, served + unserved - span.high) / total, to = (served + unserved - span.low) / total;
    return S.el("div", { class: "share-range", "aria-hidden": "true" }, [S.el("span", { style: { left: 100 * from + "%", width: 100 * (to - from) + "%" } })]);
  }

  function howSure(norm) {
    const span = S.normSpan(norm), index = norm.rural_access;
    return [
      span ? S.el("p", { class: "range" }, [S.el("strong", { text: S.t(span.low === span.high ? "headline.range_same" : "headline.range", span) })]) : null,
      index ? S.el("p", { class: "range" }, [S.el("strong", { text: S.t("sure.rural") + " " }), S.el("span", { text: S.t("sure.rural_short", { lower: S.percent(index.rai_lower), upper: S.percent(index.rai_upper) }) })]) : null,
    ];
  }

  function sentence(norm) {
    const study = norm.study;
    const { served, unserved, unknown } = amounts(norm), known = served + unserved;
    if (!finite(served)) return "";
    // Of whom nobody knows may be within as well: then the number is a lower one, and its share is of all.
    const key = norm.lower_bound || unknown >= 0.5 ? "headline.at_least" : "headline.within";
    const values = { n: served, count: counted(norm, served), share: S.percent(served / (known + (unknown || 0))) };
    if (!S.inPeople(norm) || study.share_of !== "places") return S.t(key, values);
    const own = S.t(key, values), open = study.places_unknown || 0, total = study.places_served + study.places_unserved + open;
    if (!(total - open)) return own;
    const told = { served: study.places_served, total, share: S.percent(open >= 0.5 ? study.places_served / total : study.served_share) };
    return S.sentences(own, S.t(open >= 0.5 ? "index.of_counted_least" : "index.of_counted", told));
  }

  function target(norm) {
    const share = S.percent(norm.target_share);
    return S.t(norm.target_share_basis === "assumed" ? "norm.target_assumed" : "norm.target", { share });
  }

  function card(norm) {
    const study = norm.study, { served, unserved, unknown } = amounts(norm);
    const bare = norm.nothing_mapped, known = finite(unserved) && !bare;
    // Nobody known to be beyond is no answer where many are not known: then these are the number.
    const isOpen = unserved < 0.5 && unknown >= 0.5, all = served + unserved + (unknown || 0);
    const whole = counted(norm, all);
    const beyond = isOpen ? "index.unjudged_of" : norm.lower_bound ? "index.beyond_of_mapped" : "index.beyond_of";
    const title = S.normText(norm);
    return S.el("li", { class: "card" }, [
      S.el("h3", {}, [norm.file ? S.el("a", { href: S.pageLink(norm.file), text: title }) : S.el("span", { text: title })]),
      S.el("p", { class: "pills" }, [S.classPill(norm), S.statusPill(study.status), study.gate === "none_applicable" ? null : S.el("span", { class: "pill gate", text: S.t("gate." + study.gate) })]),
      known ? S.el("p", { class: "headline-number" }, [S.el("strong", { text: S.number(isOpen ? unknown : unserved) }), S.el("span", { text: S.t(beyond, { whole }) })]) : null,
      study.withheld ? S.el("p", { class: "muted", text: S.t("index.withheld", { number: S.data.study.below }) }) : null,
      known ? shareBar(norm) : null,
      known ? rangeBar(norm) : null,
      bare ? S.el("p", { class: "nothing-mapped", text: S.t("index.nothing_mapped") }) : null,
      ...(bare ? [] : howSure(norm)),
      S.el("p", { text: S.sentences(!bare && sentence(norm), !isOpen && unknown >= 0.5 && S.t("index.unjudged_more", { amount: counted(norm, unknown) }), target(norm)) }),
      S.asMapped(study.status, study.status_as_mapped),
      study.reason ? S.el("p", { class: "muted", text: S.reasonText(study.reason) }) : null,
      S.missingText(norm) ? S.el("p", { class: "muted", text: S.missingText(norm) }) : null,
      S.el("p", { class: "muted small" }, [S.link(norm.source_url, S.sourceTitle(norm)), document.createTextNode(" · " + norm.id)]),
    ]);
  }

  function silentRow(norm) {
    return S.el("tr", {}, [
      S.el("th", { scope: "row" }, [S.el("span", { text: S.normText(norm) }), S.el("span", { class: "muted small", text: " " + norm.id })]),
      S.el("td", {}, [S.classPill(norm)]),
      S.el("td", {}, [S.statusPill(norm.study.status)]),
      S.el("td", { text: [S.reasonText(norm.study.reason), S.missingText(norm)].filter(Boolean).join(S.t("filter.joint")) }),
    ]);
  }

  const gateText = () => S.t("index.gate_" + data.gate.status, { ...data.gate, n: data.gate.gates });

  function showNorms() {
    const judged = data.norms.filter((norm) => norm.headline && !norm.nothing_mapped), bare = data.norms.filter((norm) => norm.headline && norm.nothing_mapped);
    const silent = data.norms.filter((norm) => !norm.headline);
    S.fill("headlines", judged.map(card));
    document.getElementById("no-headline").hidden = judged.length > 0;
    document.getElementById("unmapped").hidden = bare.length === 0;
    document.getElementById("unmapped-summary").textContent = S.t("index.unmapped", { n: bare.length });
    S.fill("unmapped-body", bare.map(card));
    document.getElementById("silent").hidden = silent.length === 0;
    document.getElementById("silent-summary").textContent = S.t("index.silent", { n: silent.length });
    S.fill("silent-body", silent.map(silentRow));
    S.fill("gate", [S.el("span", { class: "pill gate gate-" + data.gate.status, text: S.t("gate." + data.gate.status) }), S.el("span", { text: gateText() })]);
    document.getElementById("gate-line").textContent = gateText();
  }

  const pageName = (page, key) => {
    const service = S.pick(page.names, S.capital(page.service.replace(/_/g, " ")));
    const label = S.pick(page.part_names, "");
    const title = page.kind !== "gap" ? S.t(page.kind === "score" ? "page.score_map" : "page.last_mile") : key ? S.t(key, { service }) : service;
    return label ? title + " – " + label : title;
  };
  const reached = (page) => (page.mapped === false ? S.t("index.none_mapped") : finite(page.reached) ? S.percent(page.reached) : "–");

  /* Maps of what opens the page as cards, all others as one line each. */
  function showLinks() {
    // Of some the public is not told how many people they have: shares are of the others.
    const isPartly = data.figures.some((figure) => figure.at_least);
    const first = data.pages.filter((page) => page.first), rest = data.pages.filter((page) => !page.first);
    S.fill("maps", first.map((page) => {
      const line = S.t("index.line_" + page.kind);
      const summary = page.mapped && finite(page.reached) ? S.t(isPartly ? "index.reached_told" : "index.reached", { share: S.percent(page.reached), mode: S.word("by", page.mode), minutes: S.figure(page.threshold) }) : page.mapped === false ? S.t("index.none_mapped_line") : "";
      return S.el("li", {}, [S.el("a", { href: S.pageLink(page.file), text: pageName(page, "page.gap") }), S.el("span", { class: "muted", text: S.sentences(line, summary) })]);
    }));
    // Each map begins at minutes of its own: where these differ, each share is told with them.
    const told = rest.filter((page) => page.mapped !== false && finite(page.reached)), isEach = told.some((page) => page.threshold !== told[0].threshold);
    const note = "index.more_note_" + (isPartly ? "told" : S.hasPeople() ? "people" : "places") + (isEach ? "_each" : "");
    document.getElementById("more-maps-title").hidden = rest.length === 0;
    document.getElementById("more-maps-note").textContent = told.length ? S.t(note, { mode: S.word("by", told[0].mode), minutes: S.figure(told[0].threshold) }) : "";
    S.fill("more-maps", rest.map((page) => S.el("li", {}, [S.el("a", { href: S.pageLink(page.file), text: pageName(page, "") }), S.el("span", { class: "muted", text: reached(page) + (isEach && page.mapped !== false && finite(page.reached) ? " · " + S.limitText(page.threshold, "min") : "") })])));
  }

  function showFigures() {
    S.fill("figures", data.figures.map((figure) => S.el("div", {}, [S.el("dt", { text: S.word("figure", figure.key) }), S.el("dd", { text: figure.kind === "share" ? S.percent(figure.value) : (figure.at_least ? "≥ " : "") + S.number(figure.value) })])));
  }

  /* The answer to how integrated the study is, and the way to its page. */
  function showScoring() {
    document.getElementById("scoring").hidden = !data.score;
    if (!data.score) return;
    S.fill("scoring", [
      S.el("a", { href: S.pageLink(data.score_file), text: S.t("score.title") }),
      S.el("span", { text: S.scoreAnswer(data.score) }),
    ]);
  }

  /* The way to the totals beside official ones, with what is found there. */
  function showSigning() {
    const counts = data.sign_counts;
    document.getElementById("signing").hidden = !counts;
    if (!counts) return;
    S.fill("signing", [
      S.el("a", { href: S.pageLink(data.sign_off), text: S.t("sign.title") }),
      ...S.verdictPills(counts),
    ]);
  }

  function showSettling() {
    const { settle } = data, link = document.getElementById("to-settle");
    document.getElementById("settling").hidden = !settle;
    if (!settle) return;
    link.href = S.pageLink(settle.file);
    link.textContent = S.t("settle.to_page", { all: settle.places, n: settle.places });
  }

  S.startIndexPage = function () {
    S.startAnswer();
    S.onLanguage(() => {
      document.getElementById("page-title").textContent = S.pick(data.study.title, data.study.name);
      S.showHead(S.t("page.index"));
      S.languageSwitch();
      showFigures();
      showScoring();
      showSigning();
      S.showAnswer();
      S.showFirst();
      showSettling();
      showNorms();
      S.showReach();
      S.showSure();
      S.showTrials();
      showLinks();
      S.showAbout("about", data.methods);
    });
    S.setLanguage(S.language);
    document.body.dataset.ready = "yes";
  };
})(window.Spatial);
