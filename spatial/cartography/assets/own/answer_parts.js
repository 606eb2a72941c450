"use strict";
/* What the index and the fact sheet share of the answer: its map, the small map of an action, and how sure a finding is. */
(function (S) {
  const D = S.draw;
  const WITHIN = 0, BEYOND = 1, FAR = 2, UNKNOWN = 3;
  const DARK = "#4d565b";
  const FULL_PX = 720, LARGEST = 11, SMALL = 0.5, TOWNSHIPS = 9, TOWNSHIPS_PHONE = 4, NAMED = 3, TOWNSHIP_RING = 3;
  const LEAST_SHARE = 0.16, COUNTRY_SHARE = 0.03, PAD = 0.14;

  /* Towns may be among those to start with: then these are places, and no villages. */
  const areVillages = (places) => places.every((place) => place.tier === "village");
  const named = (names) => S.pick(names) || S.t("answer.unnamed");
  const heads = () => S.pick(S.data.answer.texts).heads;

  function read(map) {
    const codes = (list) => list.map((packed) => S.column(packed));
    return { ...D.read(map), persons: S.column(map.persons), findings: codes(map.findings), services: codes(map.services) };
  }

  /* Of the findings, the map shows who is beyond as filled circles, and who has none of what there must be as rings; townships that lack it are tinted where no other norm fails. */
  const isOfTownships = (finding) => finding.stat_unit === "township";
  function shownFindings(answer) {
    const unitOf = (finding) => (["township", "county"].includes(finding.stat_unit) ? finding.stat_unit : "place");
    const at = (isPresence, ...units) => units.map((unit) => answer.findings.findIndex((finding) => finding.is_presence === isPresence && unitOf(finding) === unit)).find((found) => found >= 0) ?? -1;
    const far = at(false, "place", "county");
    return { far, none: far < 0 ? at(true, "place", "township", "county") : at(true, "place", "county") };
  }

  const RING = { fill: "none", stroke: D.INK, "stroke-width": 2 };
  const STYLES = { within: { fill: D.WITHIN, stroke: "#fff", "stroke-width": 0.4 }, beyond: { fill: D.BEYOND, stroke: "#fff", "stroke-width": 0.6 }, gained: { fill: D.GAIN, stroke: "#fff", "stroke-width": 0.6 }, none: RING };
  const byPeople = (known, isShown = () => true) => Array.from(known.points.settlement.x.keys()).filter(isShown).sort((a, b) => (known.persons[b] || 0) - (known.persons[a] || 0));

  /* The name of a place beside its circle, to the right or else to the left; none where both are taken, or at a seat, which has its name. */
  function nameBeside(known, frame, place, r, taken) {
    if (place.at === null || S.data.map.seats.some((seat) => seat.place === place.at)) return null;
    const x = frame.x(known.points.settlement.x[place.at]), y = frame.y(known.points.settlement.y[place.at]), text = named(place.names);
    const wide = S.textWidth(text);
    const box = [x + r, x - r - wide].map((left) => ({ x: left, y: y - 8, width: wide, height: 16 })).find((side) => side.x > 0 && side.x + wide < frame.width && side.y > 0 && side.y + 16 < frame.height && !taken.some((other) => D.overlaps(side, other)));
    if (!box) return null;
    taken.push(box);
    return S.haloText(box.x, y + 5, text);
  }

  function farIn(answer, row, far) {
    const cell = far < 0 ? null : row.cells[answer.findings[far].norm_id];
    return cell ? cell.persons_unserved || cell.places_unserved : 0;
  }

  /* The share beyond in a cell of the table of townships: of the people whom the norm asks about, of places where none is counted; 1 where a township has none of what there must be. */
  function shareOf(found, column, isPeople) {
    if (column.is_presence && column.stat_unit === "township") return 1;
    const isCounted = isPeople && found.persons_unserved > 0;
    return isCounted ? found.persons_unserved / found.persons_in_scope : found.places_unserved / found.places_in_scope;
  }

  /* The share beyond of each township: as its table says of a norm, else of its people, or places, by their codes; null where nobody can judge. */
  function sharesBeyond(answer, known, codes, norm) {
    const { n, township } = known.points.settlement, ids = S.data.map.township_ids, sums = new Map();
    for (let i = 0; i < n; i++) {
      if (township[i] < 0) continue;
      const sum = sums.get(ids[township[i]]) || { persons: 0, places: 0, far: 0, far_places: 0 }, people = known.persons[i] > 0 ? known.persons[i] : 0;
      sums.set(ids[township[i]], sum);
      if (codes[i] === UNKNOWN) continue;
      const isFar = codes[i] !== WITHIN;
      sum.persons += people;
      sum.places += 1;
      sum.far += isFar ? people : 0;
      sum.far_places += isFar ? 1 : 0;
    }
    const column = answer.matrix && answer.matrix.columns.find((each) => each.norm_id === norm && !each.is_silent), rows = column ? answer.matrix.rows : [];
    const isPeople = rows.some((row) => row.persons !== null), isJudged = [...sums.values()].some((sum) => sum.places);
    const found = new Map([...sums].map(([id, sum]) => [id, !sum.places ? (column && !isJudged ? 0 : null) : sum.persons ? sum.far / sum.persons : sum.far_places / sum.places]));
    for (const row of rows) {
      const cell = row.cells[norm];
      if (cell) found.set(row.unit_id, shareOf(cell, column, isPeople));
      else if (row.unjudged.includes(norm)) found.set(row.unit_id, null);
      else if (found.get(row.unit_id)) found.set(row.unit_id, 0);
    }
    return found;
  }

  /* Of each township the middle of its places of a code. */
  function middlesOf(known, frame, codes, code) {
    const { n, x, y, township } = known.points.settlement, sums = new Map();
    for (let i = 0; i < n; i++) {
      if (codes[i] !== code || township[i] < 0) continue;
      const sum = sums.get(township[i]) || { x: 0, y: 0, n: 0 };
      sums.set(township[i], { x: sum.x + x[i], y: sum.y + y[i], n: sum.n + 1 });
    }
    return [...sums.values()].map((sum) => ({ x: frame.x(sum.x / sum.n), y: frame.y(sum.y / sum.n), r: TOWNSHIP_RING }));
  }

  /* By what townships are tinted: as circles are drawn where there are fewer places, or by the service that is farthest where that leaves no township with anybody beyond. */
  function tintedBy(answer, known, isService, far, none) {
    if (!isService) {
      const at = far >= 0 ? far : none, norm = answer.findings[at].norm_id, shares = sharesBeyond(answer, known, known.findings[at], norm);
      if (isOfTownships(answer.findings[at])) return { shares, shades: D.SHADES, title: S.t("figure.townships"), words: [S.t("answer.met_here"), "", "", "", "", S.t("answer.legend_none", { norm: S.inText(heads()[norm]) })] };
      const title = S.t(far >= 0 ? "answer.tint_beyond" : "answer.tint_none", { norm: far >= 0 ? heads()[norm] : S.inText(heads()[norm]) });
      if (!answer.services.length || [...shares.values()].some((share) => share > 0)) return { shares, shades: D.SHADES, title };
    }
    return { shares: sharesBeyond(answer, known, known.services[0], ""), shades: D.GREYS, title: S.t("answer.tint_far", { n: answer.services[0].far_min, service: S.pick(answer.texts).services[0].name }) };
  }

  /* The map of the answer, with the actions to begin with where `marked`; and the keys to it. */
  function answerMap(answer, known, frame, marked = []) {
    const map = S.data.map, points = known.points.settlement, { far, none } = shownFindings(answer);
    // Without any finding, the map shows who is far from the service that is farthest.
    const isService = !answer.findings.length && answer.services.length > 0;
    const isBeyond = (i) => (isService ? known.services[0][i] === FAR : far >= 0 && known.findings[far][i] === BEYOND), isNone = (i) => none >= 0 && known.findings[none][i] === BEYOND;
    // Circles are as large as those beyond have people: a city within would make villages invisible.
    const size = D.radii(known.persons.map((people, i) => (isBeyond(i) || isNone(i) ? people : 0)), LARGEST * Math.min(1, Math.max(0.5, frame.width / FULL_PX)));
    const groups = { within: [], beyond: [], none: [] }, taken = [], isTinted = D.isTinted(known, S.data.map.is_tinted || (none >= 0 && isOfTownships(answer.findings[none]))), tinted = isTinted ? tintedBy(answer, known, isService, far, none) : null;
    if (isTinted && far >= 0 && none >= 0) groups.none = middlesOf(known, frame, known.findings[none], BEYOND);
    for (const i of isTinted ? [] : byPeople(known)) {
      const dot = { x: frame.x(points.x[i]), y: frame.y(points.y[i]), r: Math.min(size.largest, size.of(known.persons[i])) };
      if (isBeyond(i)) groups.beyond.push(dot);
      else if (!isNone(i)) groups.within.push({ ...dot, r: dot.r * (size.most > 0 ? SMALL : 0.8) });
      if (isNone(i)) groups.none.push({ ...dot, r: dot.r + 1 });
    }
    const strong = isService ? DARK : D.BEYOND;
    const seats = D.seats(frame, taken), pins = D.actions(marked, frame, taken), bar = D.scaleBar(frame, taken);
    const isSmall = frame.width < 420, farthest = isService && answer.reach ? answer.reach.farthest.slice(0, isSmall ? NAMED : TOWNSHIPS) : [];
    const labels = (none < 0 ? farthest : answer.findings[none].first.slice(0, NAMED)).map((place) => nameBeside(known, frame, place, size.of(known.persons[place.at]) + 4, taken));
    const counts = (answer.matrix ? answer.matrix.rows : []).map((row) => ({ id: row.unit_id, amount: farIn(answer, row, far) })).filter(({ amount }) => amount > 0).sort((a, b) => b.amount - a.amount);
    const townships = D.townshipLabels(points, known.persons, isBeyond, frame, counts, taken, isSmall ? TOWNSHIPS_PHONE : TOWNSHIPS);
    const keys = isTinted ? [S.el("span", { class: "tint-title", text: tinted.title }), ...D.tintKeys(tinted), groups.none.length ? D.key(RING, S.t("answer.legend_none", { norm: S.inText(heads()[answer.findings[none].norm_id]) }), 5) : null, pins.length ? D.key({ fill: D.GAIN }, S.t("answer.legend_action"), 5) : null] : [
      groups.beyond.length ? D.key({ fill: strong }, isService ? S.t("answer.legend_far", { n: answer.services[0].far_min, service: S.pick(answer.texts).services[0].name }) : S.t("answer.legend_beyond", { norm: heads()[answer.findings[far].norm_id] }), 5) : null,
      groups.none.length ? D.key(RING, S.t("answer.legend_none", { norm: S.inText(heads()[answer.findings[none].norm_id]) }), 5) : null,
      groups.within.length ? D.key({ fill: D.WITHIN }, S.t("answer.legend_other"), 3) : null,
      D.sizeKey(size),
      pins.length ? D.key({ fill: D.GAIN }, S.t("answer.legend_action"), 5) : null,
    ];
    const drawing = D.sheet(frame, S.pick(answer.texts).title, [D.groundOf(known, frame, map, "ground", tinted), ...D.circles(groups, { ...STYLES, beyond: { ...STYLES.beyond, fill: strong } }), ...seats, ...bar, ...labels, ...townships, ...pins]);
    return { drawing, keys };
  }

  /* What an action touches, with room around it, in the shape of the small map. */
  function around(known, action, width, height) {
    const points = known.points.settlement, units = action.lines.flat().map(([longitude, latitude]) => S.toUnit(latitude, longitude));
    const xs = [...units.map(({ x }) => x), ...action.gained.map((i) => points.x[i])], ys = [...units.map(({ y }) => y), ...action.gained.map((i) => points.y[i])];
    const middle = { x: (Math.min(...xs) + Math.max(...xs)) / 2, y: (Math.min(...ys) + Math.max(...ys)) / 2 };
    const least = (known.high.x - known.low.x) * (D.isTinted(known) ? COUNTRY_SHARE : LEAST_SHARE);
    const across = Math.max(Math.max(...xs) - Math.min(...xs), least) * (1 + 2 * PAD), down = (Math.max(...ys) - Math.min(...ys)) * (1 + 2 * PAD);
    const wide = Math.max(across, (down * width) / height), tall = (wide * height) / width;
    return { low: { x: middle.x - wide / 2, y: middle.y + tall / 2 }, high: { x: middle.x + wide / 2, y: middle.y - tall / 2 } };
  }

  /* An action on a map of its own: whom it gains, and who else stands where to the same norm. */
  function actionMap(answer, known, action, at, width, height) {
    const points = known.points.settlement, frame = D.frameOf(around(known, action, width, height), width, height), gains = new Set(action.gained);
    const finding = answer ? answer.findings.findIndex((each) => each.norm_id === action.norm_id) : -1, isPresence = finding >= 0 && answer.findings[finding].is_presence;
    const isShown = (i) => frame.x(points.x[i]) > -LARGEST && frame.x(points.x[i]) < width + LARGEST && frame.y(points.y[i]) > -LARGEST && frame.y(points.y[i]) < frame.height + LARGEST;
    const size = D.radii(known.persons.map((people, i) => (isShown(i) && (gains.has(i) || (finding >= 0 && known.findings[finding][i] === BEYOND)) ? people : 0)), LARGEST);
    const groups = { within: [], beyond: [], gained: [], none: [] }, taken = [];
    for (const i of byPeople(known, isShown)) {
      const dot = { x: frame.x(points.x[i]), y: frame.y(points.y[i]), r: Math.min(size.largest, size.of(known.persons[i])) }, isBeyond = finding >= 0 && known.findings[finding][i] === BEYOND;
      if (gains.has(i)) groups.gained.push(dot);
      else if (isBeyond) groups[isPresence ? "none" : "beyond"].push(dot);
      else groups.within.push({ ...dot, r: dot.r * (size.most > 0 ? SMALL : 0.8) });
    }
    const seats = D.seats(frame, taken), pins = D.actions([{ number: at + 1, parts: action.lines }], frame, taken);
    const labels = action.named.map((place) => nameBeside(known, frame, place, Math.min(size.largest, size.of(known.persons[place.at])) + 4, taken));
    const bar = D.scaleBar(frame, taken);
    return D.sheet(frame, S.pick(action.texts).what, [D.groundOf(known, frame, S.data.map, "action" + at), ...D.circles(groups, STYLES), ...seats, ...bar, ...labels, ...pins]);
  }

  /* Whom an action gains, as the norm counts people, or places where nobody's number is known: the number, and the whole text. */
  const gainOf = ({ shown: { persons, places }, norm }) => (persons === null ? [places, S.t("unit.places", { n: places })] : [persons, S.peopleOf(norm, persons)]);

  /* Whether anybody measured times, and what was varied because nobody did. */
  function variedText(told) {
    const factors = told.factors.map((factor) => S.factorText(factor, told));
    return S.t("sure.short_" + S.speedStatus(told)) + S.t("page.joint") + S.t("sure.varied_if", { factors: factors.join(S.t("sure.list")) });
  }

  S.answerParts = { WITHIN, BEYOND, FAR, DARK, areVillages, named, heads, read, shareOf, sharesBeyond, answerMap, actionMap, gainOf, variedText };
})(window.Spatial);
