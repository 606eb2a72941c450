"use strict";
/* Elements are made here and nowhere else; text from data only ever becomes text. */
(function (S) {
  S.el = function (tag, options, children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(options || {})) {
      if (value === undefined || value === null || value === false) continue;
      if (name === "text") node.textContent = S.isolated(String(value));
      else if (name === "on") for (const [event, run] of Object.entries(value)) node.addEventListener(event, run);
      else if (name === "style") Object.assign(node.style, value);
      else node.setAttribute(name, value === true ? "" : value);
    }
    for (const child of children || []) if (child) node.append(child);
    return node;
  };

  const NAMESPACE = "http://www.w3.org/2000/svg";
  S.svg = function (tag, options, children) {
    const node = document.createElementNS(NAMESPACE, tag);
    for (const [name, value] of Object.entries(options || {})) {
      if (value === undefined || value === null) continue;
      if (name === "text") node.textContent = S.isolated(String(value));
      else node.setAttribute(name, value);
    }
    for (const child of children || []) if (child) node.append(child);
    return node;
  };

  S.fill = function (target, children) {
    const node = typeof target === "string" ? document.getElementById(target) : target;
    node.replaceChildren(...children.filter(Boolean));
    return node;
  };

  S.statusPill = function (status) {
    const sign = { met: "✓", not_met: "✕", not_applicable: "–", not_measurable: "?" }[status] || "?";
    return S.el("span", { class: "pill status-" + status }, [
      S.el("span", { "aria-hidden": "true", class: "sign", text: sign }),
      S.el("span", { text: S.word("status", status) }),
    ]);
  };

  /* How the map alone judges a norm, where that is another answer. */
  S.asMapped = function (status, mapped) {
    if (status === mapped) return null;
    return S.el("p", { class: "pills as-mapped" }, [S.el("span", { class: "muted", text: S.t("norm.as_mapped") }), S.statusPill(mapped)]);
  };

  /* Whose people nobody counted, and under which condition the norm is judged for all that. */
  S.missingText = (norm) => S.pick(norm.people_missing);

  const VERDICTS = { ok: ["met", "✓"], look: ["not_met", "!"], remark: ["remark", "i"], unknown: ["not_measurable", "?"], undeclared: ["not_applicable", "–"] };

  /* Verdicts on our totals look like those on norms: told apart by sign and pattern as well as by colour. */
  S.verdictPill = function (verdict, text) {
    const [look, sign] = VERDICTS[verdict] || VERDICTS.unknown;
    return S.el("span", { class: "pill verdict status-" + look }, [
      S.el("span", { "aria-hidden": "true", class: "sign", text: sign }),
      S.el("span", { text: text || S.t("sign.verdict_" + verdict) }),
    ]);
  };

  S.verdictPills = (counts) => Object.keys(VERDICTS).filter((verdict) => counts[verdict]).map((verdict) => S.verdictPill(verdict, S.t("sign.count_" + verdict, { n: counts[verdict] })));

  S.classPill = (norm) => S.el("span", { class: "pill law law-" + norm.norm_class, text: S.word("norm_class", norm.norm_class) });

  S.sourceTitle = (norm) => S.pick(norm.source) || norm.id;

  /* Only web addresses become links; they carry nothing of this page with them. */
  S.link = function (address, text) {
    if (!/^https?:\/\//i.test(address || "")) return document.createTextNode(text);
    return S.el("a", { href: address, rel: "noopener noreferrer", target: "_blank", text: text });
  };

  /* A service's name inside a sentence, which brings its own article. */
  S.inText = function (name) {
    if (S.t("page.name_case") !== "lower") return name;
    const bare = name.replace(/^any (?=\w)/i, "");
    return /^\p{Lu}\p{Ll}/u.test(bare) ? bare[0].toLowerCase() + bare.slice(1) : bare;
  };

  S.capital = (text) => (text ? text[0].toUpperCase() + text.slice(1) : text);

  S.pageLink = function (file, more) {
    const parts = ["lang=" + S.language];
    for (const [name, value] of Object.entries(more || {})) parts.push(name + "=" + encodeURIComponent(value));
    return file + "#" + [...parts, ...S.mineParts()].join("&");
  };

  /* A reader's own list goes from page to page, whether a page shows it or not. */
  S.mineParts = () => (S.hash.mine ? ["mine=" + encodeURIComponent(S.hash.mine)] : []);

  S.hasPeople = () => Boolean(S.data.study.people);
  /* In an edition for the public a number that is not told is withheld, or nobody knows it. */
  S.peopleText = (n, unknown) => (n !== null && n >= 0 ? S.number(n) : S.data.study.below ? S.t("study.withheld") : unknown);
  S.counted = (n) => S.t(S.hasPeople() ? "unit.people" : "unit.places", { n: n });

  /* Among whom a norm counts people: all, those of villages, of the country or of towns alone, or a group. */
  const scopeOf = (norm, section) => (norm ? [norm.stat_unit, norm.scope].map((of) => section + of).find(S.has) : "");
  S.groupOf = (norm) => (norm && S.has("group." + norm.stat_unit + "_persons") ? S.inText(S.t("group." + norm.stat_unit + "_persons")) : "");
  S.peopleOf = (norm, n) => (S.groupOf(norm) ? S.t("unit.group", { n, group: S.groupOf(norm) }) : S.t(scopeOf(norm, "unit.people_") || "unit.people", { n }));
  /* Townships and counties are counted one by one, whoever lives there. */
  S.inPeople = (norm) => S.hasPeople() && !S.has("unit." + norm.stat_unit);
  S.placesOf = (norm, n) => S.t(S.has("unit." + norm.stat_unit) ? "unit." + norm.stat_unit : "unit.places", { n });
  /* A map counts all who live where a norm asks, also where the norm counts a group of them. */
  S.livingOf = (norm, n) => S.t(scopeOf(norm, "unit.people_") || "unit.people", { n });
  S.baseOf = (norm) => S.t(scopeOf(norm, "unit.base_") || "unit.base");

  S.normText = (norm) => S.pick(norm.titles);

  const detailText = (detail) => (S.has("term." + detail) ? S.t("term." + detail) : S.inText(S.word("service", detail)));

  /* Reasons are codes joined by semicolons, each perhaps with a detail behind a colon. */
  S.reasonText = function (reason) {
    if (!reason) return "";
    return reason.split(";").filter(Boolean).map((part) => {
      const cut = part.indexOf(":");
      const code = (cut < 0 ? part : part.slice(0, cut)).trim();
      const detail = cut < 0 ? "" : part.slice(cut + 1).trim();
      const key = "reason." + code;
      if (S.has(key)) return S.t(key, { detail: detailText(detail), n: /^\d+$/.test(detail) ? Number(detail) : undefined });
      return code.replace(/_/g, " ") + (detail ? S.bracketed(detailText(detail)) : "");
    }).join(S.t("filter.joint"));
  };

  S.speedStatus = (told) => told.speed_status || (told.calibrated ? "calibrated" : "uncalibrated");

  /* What the paired runs varied; speeds by an assumed share, or by what observed times say. */
  S.factorText = function (factor, told) {
    if (factor !== "speed") return S.word("factor", factor);
    if (!told) return S.t("factor.speed_any");
    if (!told.speed_factors) return S.t("factor.speed", { share: S.percent(told.speed_share) });
    return S.t("factor.speed_measured", S.speedFactors(told));
  };

  S.speedFactors = (told) => ({ slow: S.hundredths(told.speed_factors[0]), fast: S.hundredths(told.speed_factors[1]) });

  /* What a response begins with: the mobilisation that the study states, then the drive. */
  S.crewText = function ({ mobilisation_min: [least, most], mode }) {
    const values = { mode: S.word("by", mode) };
    if (least === null) return S.t("trial.no_crew", values);
    const minutes = (value) => S.t("unit.min", { n: S.decimal(value) });
    values.mobilisation = least === most ? minutes(least) : S.t("sure.span", { low: S.decimal(least), high: minutes(most) });
    return S.t("trial.crew", values);
  };

  /* The address keeps the language for whoever comes back; a page inside another one may not change its address. */
  S.languageSwitch = function () {
    const languages = Object.keys(S.data.messages);
    if (languages.length < 2) return S.fill("languages", []);
    return S.fill("languages", languages.map((language) => S.el("button", {
      type: "button", lang: S.data.messages[language]["page.locale"],
      "aria-pressed": String(language === S.language), text: S.data.messages[language]["page.language_name"],
      on: {
        click: () => {
          S.setLanguage(language);
          const others = window.location.hash.slice(1).split("&").filter((part) => part && !part.startsWith("lang="));
          if (window.top === window) history.replaceState(history.state, "", "#" + [...others, "lang=" + language].join("&"));
        },
      },
    })));
  };

  S.download = function (name, rows) {
    const cell = function (value) {
      let text = value === null || value === undefined || Number.isNaN(value) ? "" : String(value);
      if (typeof value === "string") {
        if (/^[\s\u00a0]*[=+\-@\t\r\n＝＋－＠]/.test(text)) text = "'" + text;
        text = text.replace(/([;\t|\r\n])(?=[\s\u00a0]*[=+\-@＝＋－＠])/g, "$1'");
      }
      return /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
    };
    // People are whole, in a table that is taken along too.
    const isPeople = rows[0].map((head) => /persons/.test(head));
    const whole = (value, column) => (isPeople[column] && typeof value === "number" && isFinite(value) ? S.whole(value) : value);
    const text = "\ufeff" + rows.map((row) => row.map(whole).map(cell).join(",")).join("\r\n") + "\r\n";
    S.save(name, new Blob([text], { type: "text/csv;charset=utf-8" }));
  };

  S.save = function (name, blob) {
    const address = URL.createObjectURL(blob);
    const link = S.el("a", { href: address, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  };
})(window.Spatial);
