"use strict";
/* The answer on the first page: its sentences and map, townships against norms, villages by name, service by service. */
(function (S) {
  const D = S.draw;
  const { WITHIN, BEYOND, FAR, DARK, areVillages, heads, named, shareOf, sharesBeyond } = S.answerParts;
  const DOT = 3.2, DOT_WITHIN = 2.2, MAP_SHAPE = 0.56;
  const LONG_PX = 640, SHORT_ROWS = 12;
  const ROWS = 25;
  let known = null, isWhole = false;

  const byPeople = (row) => (row.persons_beyond === null ? row.places_beyond : row.persons_beyond);
  const unitName = (row) => S.pick(row.names) || S.t(row.unit_id ? "answer.unnamed" : "answer.outside");


  /* Township by norm: how many are beyond, darker for a larger share; empty where met, hatched where nobody can judge. */
  function matrix(answer) {
    const { columns, rows } = answer.matrix, shown = isWhole ? rows : rows.slice(0, ROWS);
    const isPeople = rows.some((row) => row.persons !== null);
    const head = S.el("tr", {}, [
      S.el("th", { scope: "col", text: S.t("table.township") }),
      ...columns.map((column) => S.el("th", { scope: "col", class: "numeric" }, [S.el("span", { text: heads()[column.norm_id] }), column.gate !== "none_applicable" ? S.el("strong", { text: S.word("norm_class", "mandatory") }) : null])),
      S.el("th", { scope: "col", class: "numeric", text: S.t("answer.any") }),
      S.el("th", { scope: "col", class: "numeric", text: S.t(isPeople ? "table.people" : "table.places") }),
    ]);
    const atLeast = (isSo) => (isSo ? "≥ " : "");
    const any = (row) => (isPeople && row.persons_beyond === null && row.places_beyond ? S.t("unit.places", { n: row.places_beyond }) : (isPeople ? atLeast(row.at_least) : "") + S.number(byPeople(row)));
    const all = (row) => (isPeople ? (row.persons === null ? S.peopleText(null, "–") : atLeast(row.people_at_least) + S.number(row.persons)) : S.number(row.places));
    const cell = (row, column) => {
      if (column.is_silent || row.unjudged.includes(column.norm_id)) return S.el("td", { class: "cell-unknown" }, [S.el("span", { class: "visually-hidden", text: S.t("answer.unjudged") })]);
      const found = row.cells[column.norm_id];
      if (!found) return S.el("td", { class: "cell-met" }, [S.el("span", { class: "visually-hidden", text: S.t("answer.met_here") })]);
      if (column.is_presence && column.stat_unit === "township") return S.el("td", { class: "numeric cell-4", text: S.t("answer.none") });
      const isCounted = isPeople && found.persons_unserved > 0;
      const beyond = isCounted ? found.persons_unserved : found.places_unserved;
      return S.el("td", { class: "numeric cell-" + Math.max(1, D.shadeOf(shareOf(found, column, isPeople))), text: isCounted || !isPeople ? S.number(beyond) : S.t("unit.places", { n: beyond }) });
    };
    const line = (row) => S.el("tr", {}, [
      S.el("th", { scope: "row" }, [S.data.townships ? S.el("a", { href: S.pageLink(S.data.townships, { township: row.unit_id }), text: unitName(row) }) : S.el("span", { text: unitName(row) })]),
      ...columns.map((column) => cell(row, column)),
      S.el("td", { class: "numeric" }, [S.el("strong", { text: any(row) })]),
      S.el("td", { class: "numeric", text: all(row) }),
    ]);
    S.fill("matrix", [S.el("thead", {}, [head]), S.el("tbody", {}, shown.map(line))]);
    // Who lacks what each township must have is behind, though nobody there is beyond a norm.
    const behind = rows.filter((row) => byPeople(row) > 0 || Object.keys(row.cells).length).slice(0, 3).map(unitName);
    // One township alone is behind no other.
    const key = rows.length === 1 && behind.length ? "alone" : ["nobody", "one", "two", "three"][behind.length];
    document.getElementById("matrix-title").textContent = S.t("answer.behind_" + key, { first: behind[0], second: behind[1], third: behind[2] });
    document.getElementById("matrix-lead").textContent = S.t(isPeople ? "answer.matrix_people" : "answer.matrix_places");
    const labels = [0, ...D.STEPS].map((step, k) => S.el("span", {}, [S.el("i", { class: "cell-" + (k + 1) }), S.el("span", { text: k === D.STEPS.length ? S.t("answer.share_all") : S.t("answer.share_to", { share: S.percent(D.STEPS[k]) }) })]));
    S.fill("matrix-legend", labels);
    const more = document.getElementById("matrix-more");
    more.hidden = isWhole || rows.length <= ROWS;
    S.fill(more, ["all_townships", "show_all"].map((key) => S.el("span", { text: S.t("answer." + key, { n: rows.length, shown: ROWS }) })));
  }

  /* The villages to start with: of the first two findings the first five, each with whatever else it is beyond. */
  function villages(answer) {
    const texts = S.pick(answer.texts), lists = answer.findings.map((finding, k) => ({ finding, texts: texts.first[k] })).filter(({ finding }) => finding.first.length).slice(0, 2);
    document.getElementById("villages").hidden = !lists.length;
    document.getElementById("villages-title").textContent = S.t(areVillages(lists.flatMap(({ finding }) => finding.first)) ? "answer.villages" : "answer.first_places");
    const ids = ({ first }) => first.map((place) => place.settlement_id).sort().join(" ");
    const isSame = lists.length > 1 && ids(lists[0].finding) === ids(lists[1].finding);
    S.fill("village-lists", lists.map(({ finding, texts: told }, at) => S.el("div", {}, [
      S.el("h3", { text: S.t(S.hasPeople() ? "answer.list_title" : "answer.list_title_places", { norm: heads()[finding.norm_id], shown: finding.first.length, n: finding.places.beyond }) }),
      at && isSame ? S.el("p", { text: S.t("answer.list_same", { shown: finding.first.length, n: finding.places.beyond }) }) : S.el("ul", { class: "village-list" }, finding.first.map((place, k) => S.el("li", {}, [
        S.el("span", {}, [S.el("strong", { text: named(place.names) }), S.el("span", { text: " " + S.pick(place.township_names) })]),
        S.el("strong", { class: "numeric", text: S.peopleText(place.persons, "") }),
        S.el("span", { class: "muted", text: told[k].map((text, at) => (at ? text : S.capital(text))).join(" · ") }),
      ]))),
      finding.file ? S.el("p", {}, [S.el("a", { href: S.pageLink(finding.file, { norm: finding.norm_id, list: "yes" }), text: S.t("answer.list_all", { n: finding.places.beyond }), on: isInParts(finding.file) ? { click: showMaps } : {} })]) : null,
    ])));
  }

  /* Of a map in parts no page has them all: the names of all parts stand below. */
  const isInParts = (file) => S.data.pages.some((page) => page.file === file && page.part);
  function showMaps(event) {
    event.preventDefault();
    const maps = document.getElementById("all-maps");
    maps.open = true;
    maps.scrollIntoView();
  }

  /* A small map a service: red beyond its norm, dark beyond half an hour where no norm asks for it. */
  function multiples(answer) {
    const told = S.pick(answer.texts).services, points = known.points.settlement, frame = D.frameOf(known, S.MULTIPLE_PX), isTinted = D.isTinted(known);
    S.fill("service-maps", answer.services.map((service, k) => {
      const { name, over, of, half } = told[k], isAsked = service.is_asked;
      const groups = { within: [], far: [] }, finding = answer.findings.find((each) => isAsked && !each.is_presence && each.service === service.service);
      const tinted = isTinted ? { shares: sharesBeyond(answer, known, known.services[k], finding ? finding.norm_id : ""), shades: isAsked ? D.SHADES : D.GREYS } : null;
      if (!isTinted) known.services[k].forEach((code, i) => {
        const dot = { x: frame.x(points.x[i]), y: frame.y(points.y[i]) };
        if (code === WITHIN) groups.within.push({ ...dot, r: DOT_WITHIN / 2 });
        else if (code === BEYOND || code === FAR) groups.far.push({ ...dot, r: DOT / 2 });
      });
      const colour = isAsked ? D.BEYOND : DARK;
      return S.el("li", {}, [
        S.el("h3", {}, [service.file ? S.el("a", { href: S.pageLink(service.file), text: name }) : S.el("span", { text: name })]),
        S.el("p", { class: isAsked ? "is-beyond" : "", text: over }),
        S.el("p", { class: "muted", text: of }),
        S.el("p", { class: "muted", text: half }),
        D.sheet(frame, name + S.t("page.colon") + over, [
          k && !isTinted ? S.svg("use", { href: "#multiple" }) : D.groundOf(known, frame, { ...S.data.map, relief: null }, k ? "multiple-" + k : "multiple", tinted),
          ...D.circles(groups, { within: { fill: D.WITHIN }, far: { fill: colour } }),
        ]),
      ]);
    }));
    document.getElementById("by-service").hidden = !answer.services.length;
    // A norm says by itself how its people go: on foot and back, say, where all others are shown by car.
    const free = answer.services.filter((service) => !service.is_asked), modes = [...new Set(free.map((service) => S.word("by", service.mode)))];
    const lead = [free.length < answer.services.length ? S.t("answer.multiples_asked") : "", free.length ? S.t("answer.multiples_free", { mode: modes.join(S.t("filter.joint")) }) : ""];
    document.getElementById("by-service-lead").textContent = lead.filter(Boolean).join(S.t("answer.multiples_joint"));
  }

  S.MULTIPLE_PX = 276;

  S.showAnswer = function () {
    const answer = S.data.answer;
    for (const id of ["answer", "by-service", "townships"]) document.getElementById(id).hidden = !answer;
    if (!answer) return;
    if (!known) known = S.answerParts.read(S.data.map);
    const texts = S.pick(answer.texts);
    const title = document.getElementById("answer-title");
    title.textContent = S.isolated(texts.title);
    // A long finding takes smaller letters, so that its sentences stay on the first screen.
    title.classList.toggle("is-long", S.textWidth(texts.title) > LONG_PX);
    S.fill("answer-lines", texts.lines.map((line, k) => S.el("p", { class: answer.plan && k === texts.lines.length - 1 ? "is-plan" : undefined, text: line })));
    S.fill("answer-links", [
      answer.plan ? S.el("a", { class: "button is-first", href: S.pageLink(S.data.plan_file, { plan: answer.plan }), text: S.t("plan.title") }) : null,
      answer.villages ? S.el("a", { class: "button", href: "#villages", on: { click: toVillages }, text: S.t("answer.to_villages", { n: answer.villages }) }) : null,
    ]);
    drawHero(answer);
    const hasMatrix = Boolean(answer.matrix && answer.matrix.rows.length);
    document.getElementById("townships").hidden = !hasMatrix && !answer.villages;
    document.getElementById("matrix-part").hidden = !hasMatrix;
    if (hasMatrix) matrix(answer);
    villages(answer);
    // Beside a short matrix the lists would leave half of the page empty: they stand below it, side by side. Without lists the matrix has it all.
    document.getElementById("townships").classList.toggle("is-short", !hasMatrix || answer.matrix.rows.length <= SHORT_ROWS || document.getElementById("villages").hidden);
    multiples(answer);
  };

  /* The address keeps the language, so that a link inside the page moves the page and leaves it alone. */
  function toVillages(event) {
    event.preventDefault();
    document.getElementById("villages").scrollIntoView();
  }

  function drawHero(answer) {
    const room = document.getElementById("answer-drawing"), frame = D.frameOf(known, Math.max(280, Math.round(room.clientWidth || 776)));
    const { drawing, keys } = S.answerParts.answerMap(answer, known, frame);
    S.fill(room, [drawing]);
    S.fill("answer-legend", keys);
  }

  /* The actions to begin with: a card each, with where it is, whom it gains, and the way to its plan. */
  S.showFirst = function () {
    const { actions, answer } = S.data;
    document.getElementById("first").hidden = !actions.length;
    if (!known && actions.length) known = S.answerParts.read(S.data.map);
    const list = document.getElementById("first-actions");
    S.fill(list, actions.map((action, at) => {
      const said = S.pick(action.texts), [n, gain] = S.answerParts.gainOf(action);
      return S.el("li", {}, [
        S.el("h3", { text: S.number(at + 1) + ". " + said.what }),
        S.el("div", { class: "action-map" }),
        S.el("p", { class: "gain" }, [S.el("strong", { text: S.number(n) }), S.el("span", { text: gain.replace(S.number(n), "") + S.t("page.joint") + said.gain })]),
        S.el("p", { class: "muted", text: said.facts.join(" · ") }),
        S.el("p", { class: "muted" }, [S.el("a", { href: S.pageLink(S.data.plan_file, { plan: action.plan_id }), text: S.t("answer.plan_all", { n: action.of }) })]),
      ]);
    }));
    const width = actions.length ? list.querySelector(".action-map").clientWidth || 380 : 0;
    list.querySelectorAll(".action-map").forEach((room, at) => S.fill(room, [S.answerParts.actionMap(answer, known, actions[at], at, width, Math.round(width * MAP_SHAPE))]));
  };

  S.startAnswer = function () {
    let width = window.innerWidth;
    window.addEventListener("resize", () => {
      if (window.innerWidth === width) return;
      width = window.innerWidth;
      if (S.data.answer) drawHero(S.data.answer);
      S.showFirst();
      S.showReach();
    });
    if (!S.data.answer) return;
    if (S.hash.list === "villages") requestAnimationFrame(() => document.getElementById("villages").scrollIntoView());
    document.getElementById("matrix-more").addEventListener("click", () => {
      isWhole = true;
      matrix(S.data.answer);
    });
  };
})(window.Spatial);
