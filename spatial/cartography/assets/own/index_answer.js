"use strict";
/* The answer on the first page: its sentences and map, townships against norms, villages by name, service by service. */
(function (S) {
  const D = S.draw;
  const WITHIN = 0, BEYOND = 1, FAR = 2;
  const DARK = "#4d565b";
  const FULL_PX = 720, LARGEST = 11, SMALL = 0.5, DOT = 3.2, DOT_WITHIN = 2.2, TOWNSHIPS = 9, TOWNSHIPS_PHONE = 4;
  const ROWS = 25, STEPS = [0.1, 0.3, 0.6, 0.95];
  let known = null, isWhole = false;

  const byPeople = (row) => (row.persons_beyond === null ? row.places_beyond : row.persons_beyond);
  const named = (names) => S.pick(names) || S.t("answer.unnamed");
  const unitName = (row) => S.pick(row.names) || S.t(row.unit_id ? "answer.unnamed" : "answer.outside");

  function read(map) {
    const codes = (list) => list.map((packed) => S.column(packed));
    return { ...D.read(map), persons: S.column(map.persons), findings: codes(map.findings), services: codes(map.services) };
  }

  /* Of the findings, the map shows who is beyond as filled circles, and who has none of what there must be as rings. */
  function shownFindings(answer) {
    const at = (isPresence) => answer.findings.findIndex((finding) => finding.is_presence === isPresence);
    return { far: at(false), none: at(true) };
  }

  const RING = { fill: "none", stroke: D.INK, "stroke-width": 2 };

  function hero(answer, width) {
    const map = S.data.map, points = known.points.settlement, frame = D.frameOf(known, width), { far, none } = shownFindings(answer);
    // Without any finding, the map shows who is far from the service that is farthest.
    const isService = !answer.findings.length && answer.services.length > 0;
    const isBeyond = (i) => (isService ? known.services[0][i] === FAR : far >= 0 && known.findings[far][i] === BEYOND), isNone = (i) => none >= 0 && known.findings[none][i] === BEYOND;
    // Circles are as large as those beyond have people: a city within would make villages invisible.
    const size = D.radii(known.persons.map((people, i) => (isBeyond(i) || isNone(i) ? people : 0)), LARGEST * Math.min(1, Math.max(0.5, width / FULL_PX)));
    const groups = { within: [], beyond: [], none: [] }, taken = [];
    for (const i of Array.from(points.x.keys()).sort((a, b) => (known.persons[b] || 0) - (known.persons[a] || 0))) {
      const dot = { x: frame.x(points.x[i]), y: frame.y(points.y[i]), r: Math.min(size.largest, size.of(known.persons[i])) };
      if (isBeyond(i)) groups.beyond.push(dot);
      else if (!isNone(i)) groups.within.push({ ...dot, r: dot.r * (size.most > 0 ? SMALL : 0.8) });
      if (isNone(i)) groups.none.push({ ...dot, r: dot.r + 1 });
    }
    const strong = isService ? DARK : D.BEYOND;
    const styles = { within: { fill: D.WITHIN, stroke: "#fff", "stroke-width": 0.4 }, beyond: { fill: strong, stroke: "#fff", "stroke-width": 0.6 }, none: RING };
    const seats = D.seats(frame, taken), bar = D.scaleBar(frame, taken);
    const labels = none < 0 ? [] : answer.findings[none].first.slice(0, 3).flatMap((place) => {
      if (place.at === null) return [];
      const text = named(place.names), wide = S.textWidth(text), r = size.of(known.persons[place.at]) + 4;
      const x = frame.x(points.x[place.at]), y = frame.y(points.y[place.at]);
      const box = [x + r, x - r - wide].map((left) => ({ x: left, y: y - 8, width: wide, height: 16 })).find((side) => side.x > 0 && side.x + wide < width && !taken.some((other) => D.overlaps(side, other)));
      if (!box) return [];
      taken.push(box);
      return [S.haloText(box.x, y + 5, text)];
    });
    const counts = (answer.matrix ? answer.matrix.rows : []).map((row) => ({ id: row.unit_id, amount: farIn(answer, row, far) })).filter(({ amount }) => amount > 0).sort((a, b) => b.amount - a.amount);
    const townships = D.townshipLabels(points, known.persons, isBeyond, frame, counts, taken, width < 420 ? TOWNSHIPS_PHONE : TOWNSHIPS);
    S.fill("answer-legend", [
      groups.beyond.length ? D.key({ fill: strong }, isService ? S.t("answer.legend_far", { service: S.pick(answer.texts).services[0] }) : S.t("answer.legend_beyond", { norm: heads()[answer.findings[far].norm_id] }), 5) : null,
      groups.none.length ? D.key(RING, S.t("answer.legend_none", { norm: S.inText(heads()[answer.findings[none].norm_id]) }), 5) : null,
      D.key({ fill: D.WITHIN }, S.t("answer.legend_other"), 3),
      D.sizeKey(size),
    ]);
    return D.sheet(frame, S.pick(answer.texts).title, [D.groundOf(known, frame, map), ...D.circles(groups, styles), ...seats, ...bar, ...labels, ...townships]);
  }

  const heads = () => S.pick(S.data.answer.texts).heads;

  function farIn(answer, row, far) {
    const cell = far < 0 ? null : row.cells[answer.findings[far].norm_id];
    return cell ? cell.persons_unserved || cell.places_unserved : 0;
  }

  /* Township by norm: how many are beyond, darker for a larger share; empty where met, hatched where nobody can judge. */
  function matrix(answer) {
    const { columns, rows } = answer.matrix, shown = isWhole ? rows : rows.slice(0, ROWS);
    const isPeople = rows.some((row) => row.persons !== null);
    const head = S.el("tr", {}, [
      S.el("th", { scope: "col", text: S.t("table.township") }),
      ...columns.map((column) => S.el("th", { scope: "col", class: "numeric" }, [S.el("span", { text: heads()[column.norm_id] }), column.norm_class === "mandatory" ? S.el("strong", { text: S.word("norm_class", "mandatory") }) : null])),
      S.el("th", { scope: "col", class: "numeric", text: S.t("answer.any") }),
      S.el("th", { scope: "col", class: "numeric", text: S.t(isPeople ? "table.people" : "table.places") }),
    ]);
    const amounts = (row) => (isPeople ? row.persons : row.places);
    const cell = (row, column) => {
      if (column.is_silent) return S.el("td", { class: "cell-unknown" }, [S.el("span", { class: "visually-hidden", text: S.t("answer.unjudged") })]);
      const found = row.cells[column.norm_id];
      if (!found) return S.el("td", { class: "cell-met" }, [S.el("span", { class: "visually-hidden", text: S.t("answer.met_here") })]);
      if (column.is_presence && column.stat_unit === "township") return S.el("td", { class: "numeric cell-4", text: S.t("answer.none") });
      const isCounted = isPeople && found.persons_unserved > 0;
      const beyond = isCounted ? found.persons_unserved : found.places_unserved, base = isCounted ? found.persons_in_scope : found.places_in_scope;
      return S.el("td", { class: "numeric cell-" + (1 + STEPS.filter((step) => beyond / base >= step).length), text: isCounted || !isPeople ? S.number(beyond) : S.t("unit.places", { n: beyond }) });
    };
    const line = (row) => S.el("tr", {}, [
      S.el("th", { scope: "row" }, [S.data.townships ? S.el("a", { href: S.pageLink(S.data.townships, { township: row.unit_id }), text: unitName(row) }) : S.el("span", { text: unitName(row) })]),
      ...columns.map((column) => cell(row, column)),
      S.el("td", { class: "numeric" }, [S.el("strong", { text: S.number(byPeople(row)) })]),
      S.el("td", { class: "numeric", text: amounts(row) === null ? "–" : S.number(amounts(row)) }),
    ]);
    S.fill("matrix", [S.el("thead", {}, [head]), S.el("tbody", {}, shown.map(line))]);
    const behind = rows.filter((row) => byPeople(row) > 0).slice(0, 3).map(unitName);
    const key = ["nobody", "one", "two", "three"][behind.length];
    document.getElementById("matrix-title").textContent = S.t("answer.behind_" + key, { first: behind[0], second: behind[1], third: behind[2] });
    document.getElementById("matrix-lead").textContent = S.t(isPeople ? "answer.matrix_people" : "answer.matrix_places");
    const labels = [0, ...STEPS].map((step, k) => S.el("span", {}, [S.el("i", { class: "cell-" + (k + 1) }), S.el("span", { text: k === STEPS.length ? S.t("answer.share_all") : S.t("answer.share_to", { share: S.percent(STEPS[k]) }) })]));
    S.fill("matrix-legend", labels);
    const more = document.getElementById("matrix-more");
    more.hidden = isWhole || rows.length <= ROWS;
    more.textContent = S.t("answer.all_townships", { n: rows.length });
  }

  /* The villages to start with: of the first two findings the first five, each with whatever else it is beyond. */
  function villages(answer) {
    const texts = S.pick(answer.texts), lists = answer.findings.map((finding, k) => ({ finding, texts: texts.first[k] })).filter(({ finding }) => finding.first.length).slice(0, 2);
    document.getElementById("villages").hidden = !lists.length;
    S.fill("village-lists", lists.flatMap(({ finding, texts: told }) => [
      S.el("h3", { text: S.t("answer.list_title", { norm: heads()[finding.norm_id], shown: finding.first.length, n: finding.places.beyond }) }),
      S.el("ul", { class: "village-list" }, finding.first.map((place, k) => S.el("li", {}, [
        S.el("span", {}, [S.el("strong", { text: named(place.names) }), S.el("span", { text: " " + S.pick(place.township_names) })]),
        S.el("strong", { class: "numeric", text: place.persons === null ? "" : S.number(place.persons) }),
        S.el("span", { class: "muted", text: told[k].map((text, at) => (at ? text : S.capital(text))).join(" · ") }),
      ]))),
      finding.file ? S.el("p", {}, [S.el("a", { href: S.pageLink(finding.file, { norm: finding.norm_id, list: "yes" }), text: S.t("answer.list_all", { n: finding.places.beyond }) })]) : null,
    ]));
  }

  /* A small map a service: red beyond its norm, dark beyond half an hour where no norm asks for it. */
  function multiples(answer) {
    const names = S.pick(answer.texts).services, points = known.points.settlement, frame = D.frameOf(known, S.MULTIPLE_PX);
    S.fill("service-maps", answer.services.map((service, k) => {
      const finding = answer.findings.find((each) => each.service === service.service && !each.is_presence);
      const groups = { within: [], far: [] };
      known.services[k].forEach((code, i) => {
        const dot = { x: frame.x(points.x[i]), y: frame.y(points.y[i]) };
        if (code === WITHIN) groups.within.push({ ...dot, r: DOT_WITHIN / 2 });
        else if (code === BEYOND || code === FAR) groups.far.push({ ...dot, r: DOT / 2 });
      });
      const counted = finding ? finding.counted : service.counted, unit = counted === "persons" ? "people" : "places";
      const sums = finding ? finding[finding.counted] : { beyond: service.all - service.within["30"], within: service.within["30"] };
      const beyond = sums.beyond, share = sums.within / (sums.within + sums.beyond);
      const limit = finding ? S.measure(finding.threshold, finding.unit) : S.t("unit.min", { n: 30 });
      const median = service.median_min === null ? S.t("answer.no_median") : S.t("answer.median", { measure: S.t("unit.min", { n: S.number(service.median_min) }) });
      const said = S.t("answer.over", { amount: S.t("unit." + unit, { n: beyond }), limit });
      const colour = finding ? D.BEYOND : DARK;
      return S.el("li", {}, [
        S.el("h3", {}, [service.file ? S.el("a", { href: S.pageLink(service.file), text: names[k] }) : S.el("span", { text: names[k] })]),
        S.el("p", { class: finding ? "is-beyond" : "", text: said }),
        S.el("p", { class: "muted", text: S.t("answer.share_within", { share: S.percent(share) }) + " · " + median }),
        D.sheet(frame, names[k] + ": " + said, [
          k ? S.svg("use", { href: "#multiple" }) : D.groundOf(known, frame, { ...S.data.map, relief: null }, "multiple"),
          ...D.circles(groups, { within: { fill: D.WITHIN }, far: { fill: colour } }),
        ]),
      ]);
    }));
    document.getElementById("by-service").hidden = !answer.services.length;
    const modes = [...new Set(answer.services.map((service) => S.word("by", service.mode)))];
    document.getElementById("by-service-lead").textContent = S.t(S.hasPeople() ? "answer.multiples_people" : "answer.multiples_places", { mode: modes.join(S.t("filter.joint")) });
  }

  S.MULTIPLE_PX = 276;

  S.showAnswer = function () {
    const answer = S.data.answer;
    for (const id of ["answer", "by-service", "townships"]) document.getElementById(id).hidden = !answer;
    if (!answer) return;
    if (!known) known = read(S.data.map);
    const texts = S.pick(answer.texts);
    document.getElementById("answer-title").textContent = texts.title;
    S.fill("answer-lines", texts.lines.map((line) => S.el("p", { text: line })));
    S.fill("answer-links", [
      answer.plan ? S.el("a", { class: "button is-first", href: S.pageLink(S.data.plan.file, { plan: answer.plan }), text: S.t("plan.title") }) : null,
      answer.villages ? S.el("a", { class: "button", href: "#villages", on: { click: toVillages }, text: S.t("answer.to_villages", { n: answer.villages }) }) : null,
    ]);
    drawHero(answer);
    const hasMatrix = Boolean(answer.matrix && answer.matrix.rows.length);
    document.getElementById("townships").hidden = !hasMatrix && !answer.villages;
    document.getElementById("matrix-part").hidden = !hasMatrix;
    if (hasMatrix) matrix(answer);
    villages(answer);
    multiples(answer);
  };

  /* The address keeps the language, so that a link inside the page moves the page and leaves it alone. */
  function toVillages(event) {
    event.preventDefault();
    document.getElementById("villages").scrollIntoView();
  }

  function drawHero(answer) {
    const room = document.getElementById("answer-drawing");
    S.fill(room, [hero(answer, Math.max(280, Math.round(room.clientWidth || 776)))]);
  }

  S.startAnswer = function () {
    if (!S.data.answer) return;
    if (S.hash.list === "villages") requestAnimationFrame(() => document.getElementById("villages").scrollIntoView());
    document.getElementById("matrix-more").addEventListener("click", () => {
      isWhole = true;
      matrix(S.data.answer);
    });
    let width = window.innerWidth;
    window.addEventListener("resize", () => {
      if (window.innerWidth === width) return;
      width = window.innerWidth;
      drawHero(S.data.answer);
    });
  };
})(window.Spatial);
