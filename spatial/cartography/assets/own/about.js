"use strict";
/* Title, status, banner, method and sources: the same on every page. */
(function (S) {
  const study = S.data.study;

  S.isoDate = function (text) {
    const date = new Date(text + "T00:00:00Z");
    if (Number.isNaN(date.getTime())) return text;
    const day = date.getUTCDate();
    const parts = { day: String(day), month: S.t("months." + (date.getUTCMonth() + 1)), year: String(date.getUTCFullYear()) };
    return S.t(day === 1 ? "date.first" : "date.other", parts);
  };

  S.modelled = () => [S.t("about.modelled"), S.credits()].filter(Boolean).join(" · ");

  S.credits = function () {
    const licences = [...new Set(S.data.sources.map((source) => source.licence).filter(Boolean))].sort();
    const open = licences.some((licence) => /odbl/i.test(licence));
    const rest = licences.filter((licence) => !/odbl/i.test(licence));
    return [open ? "© OpenStreetMap contributors, ODbL" : "", ...rest].filter(Boolean).join(" · ");
  };

  /* On paper every sheet says what it is: margins of sheets take text from style rules alone, so all but letters,
     digits and blanks is written as a code. */
  function footEachSheet(parts) {
    const quoted = (text) => [...text].map((letter) => (/[\p{L}\p{N} ]/u.test(letter) ? letter : "\\" + letter.codePointAt(0).toString(16) + " ")).join("");
    const look = "font: 8pt sans-serif; color: #555f68;";
    let rule = document.getElementById("sheet-foot");
    if (!rule) document.head.append((rule = S.el("style", { id: "sheet-foot" })));
    rule.textContent = '@page { @bottom-left { content: "' + quoted(parts.join(" · ")) + '"; ' + look + ' width: 90%; } @bottom-right { content: counter(page) " / " counter(pages); ' + look + " } }";
  }

  /* One bar of links on every page, in one order. */
  S.showWays = function () {
    const bar = document.querySelector(".ways"), here = location.pathname.split("/").pop();
    if (!bar) return;
    for (const old of bar.querySelectorAll(".way")) old.remove();
    // A map of villages stands for them in the bar, that of integration for the score.
    const shown = S.data.page && S.data.page.kind ? (S.data.page.kind === "score" ? "score" : "villages") : null;
    const more = (S.data.ways || []).filter(({ key }) => key !== "answer" || !document.getElementById("back"));
    bar.append(...more.map(({ key, file }) => {
      // A part of the page shown is scrolled to; a link into another page names the part, so that it opens there.
      const part = key === "villages" ? "villages" : null, isHere = file === here;
      const scroll = part && isHere ? { click: (event) => (event.preventDefault(), document.getElementById(part).scrollIntoView()) } : {};
      return S.el("a", { class: "way", href: S.pageLink(file, part ? { list: part } : {}), "aria-current": isHere && !part ? "page" : key === shown ? "true" : null, text: S.t("way." + key), on: scroll });
    }));
  };

  S.showHead = function (pageTitle) {
    const named = (id) => document.getElementById(id), whole = S.pick(study.title, study.name);
    document.title = pageTitle + " – " + whole;
    if (named("study-title")) named("study-title").textContent = whole;
    if (named("back")) named("back").href = S.pageLink("index.html");
    named("credits").textContent = S.modelled();
    const facts = [
      S.t("study.as_of", { date: S.isoDate(study.as_of) }),
      study.people ? S.t("study.basis_" + study.basis) + (study.rescaled ? S.bracketed(S.t("study.rescaled")) : "") : S.t("study.no_people"),
      study.approval ? S.t("study.map_approval", { number: study.approval }) : "",
      study.below ? S.t("study.for_public", { number: study.below }) : "",
    ].filter(Boolean);
    S.fill("study-facts", [
      S.el("span", { class: "pill study-status", text: S.t("study.status_" + study.status) }),
      S.el("span", { text: facts.join(" · ") }),
    ]);
    footEachSheet([whole, S.t("study.status_" + study.status), ...facts]);
    S.showWays();
    if (named("issues")) showIssues("issues");
    const banner = named("banner");
    banner.hidden = !study.synthetic;
    banner.textContent = study.synthetic ? S.t("study.synthetic") : "";
    const mark = named("watermark");
    if (mark) {
      mark.hidden = !study.synthetic;
      S.fill(mark, study.synthetic ? Array.from({ length: 12 }, () => S.el("span", { "data-text": S.t("study.watermark") })) : []);
    }
  };

  function sourceItem(source) {
    return S.el("li", {}, [
      S.el("span", { text: [source.path, source.origin, source.vintage, source.licence || S.t("about.no_licence")].filter(Boolean).join(" · ") }),
      ...S.issuesOf(source).map((known) => S.el("p", { class: "issue", text: labelled(known) })),
    ]);
  }

  function imputedRows() {
    return Object.entries(S.data.imputed).map(([key, share]) => S.el("li", { text: S.t("imputed.line", { what: S.word("imputed", key), share: S.percent(share) }) }));
  }

  /* What every page says in plain sight: faults of the sources that change how far its numbers can be trusted. */
  function showIssues(target) {
    const issues = S.knownIssues().concat(otherIssues().map((issue) => ({ issue })));
    S.fill(target, [
      study.approval_wanted ? S.el("p", { class: "issue", text: S.t("study.approval_wanted") }) : null,
      ...issues.map((known) => S.el("p", { class: "issue", text: S.issueText(known) })),
    ]);
  }

  /* One by one with what each forbids where the study tells it, else as the sources have them; what a reader has put in order
     stands with the sources alone. */
  S.knownIssues = function () {
    const told = S.data.known_issues || [];
    const texts = told.length ? told : S.data.sources.filter((source) => source.issue);
    return texts.filter((known, at) => !known.is_tidied && texts.findIndex((other) => other.issue === known.issue) === at);
  };

  /* Texts of sources are printed as they were written. A script tells some languages apart, a Chinese sign counting as three
     letters; where it does not, any text may be in another language. */
  function isForeign(text) {
    const own = S.t("page.own_script");
    if (own !== "Latin" && own !== "Han") return true;
    const han = 3 * (text.match(/\p{Script=Han}/gu) || []).length, latin = (text.match(/\p{Script=Latin}/gu) || []).length;
    return own === "Han" ? han < latin : latin < han;
  }

  S.quoted = (text) => (text && isForeign(text) ? text + S.bracketed(S.t("about.quoted")) : text);

  /* What a reader of the files noticed is no quotation: it is said in the page's language where it has a message, else in English. */
  const issueSaid = (known) => S.pick(known.said) || known.issue;
  const issueLabel = (known) => (known.is_notice ? (S.pick(known.said) ? "issue" : "issue_noticed") : isForeign(known.issue) ? "issue_quoted" : "issue");
  const labelled = (known) => S.t("about." + issueLabel(known), { issue: issueSaid(known) });
  S.issueText = (known) => labelled(known) + (S.pick(known.effect) ? S.bracketed(S.pick(known.effect)) : "");

  /* The issues of one file, one by one where the study tells them, else as the one text that the source has. */
  S.issuesOf = function (source) {
    const told = (S.data.known_issues || []).filter((known) => known.path === source.path);
    return told.length ? told : source.issue ? [{ issue: source.issue }] : [];
  };
  S.issueInCell = (known) => (known.is_notice ? issueSaid(known) : S.quoted(known.issue));

  const otherIssues = () => S.data.issues.filter((issue) => !S.data.sources.some((source) => source.issue && issue.includes(source.issue)));

  S.showAbout = function (target, methods, relief) {
    const told = study.note || {}, note = told[S.language] || S.quoted(S.pick(told));
    const issues = otherIssues();
    const imputed = imputedRows();
    const section = (key, nodes) => (nodes.length ? [S.el("h3", { text: S.t(key) }), ...nodes] : []);
    S.fill(target, [
      ...(note ? [S.el("p", { class: "study-note", text: note })] : []),
      ...(study.below ? [] : [S.el("p", { class: "study-note", text: S.t("study.for_office") })]),
      ...section("about.method", methods.map((key) => S.t(key)).concat(relief ? S.t("about.relief", { factor: S.decimal(relief.factor) }) : []).map((text) => S.el("p", { text }))),
      ...section("about.issues", issues.length ? [S.el("ul", {}, issues.map((issue) => S.el("li", { class: "issue", text: S.quoted(issue) })))] : []),
      ...section("about.imputed", imputed.length ? [S.el("ul", {}, imputed)] : []),
      ...section("about.sources", S.data.sources.length ? [S.el("ul", {}, S.data.sources.map(sourceItem))] : []),
    ]);
  };
})(window.Spatial);
