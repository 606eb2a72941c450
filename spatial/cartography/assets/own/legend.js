"use strict";
/* Headline, norm, slider, and the legend that is also the chart. */
(function (S) {
  const OTHER_BASE = 0.01; // share of the people judged, beyond which a norm counts others than these
  const WHOLE = 1e-6; // of a person, by which a share of many may miss a whole number

  S.swatch = function (look, isRinged) {
    const size = 18, ratio = Math.min(window.devicePixelRatio || 1, 2) * 2;
    const canvas = S.el("canvas", { class: "swatch", "aria-hidden": "true", width: size * ratio, height: size * ratio });
    const context = canvas.getContext("2d"), middle = (size * ratio) / 2;
    S.drawDot(context, look, middle, middle, (isRinged ? 5 : 7) * ratio, ratio);
    if (isRinged) S.drawRing(context, middle, middle, 5 * ratio, ratio);
    return canvas;
  };

  /* The service as a sentence names it. */
  const serviceName = () => S.inText(S.pick(S.data.page.service.names, S.data.page.service.id.replace(/_/g, " ")));

  /* Classes of a level run from where they begin to where the better one does. */
  function levelLabel(breaks, name) {
    const at = 5 - Number(name.slice(-1)), from = S.hundredths(breaks[at]);
    if (at === 0) return S.t("class.level_from", { from });
    return S.t(at === 4 ? "class.level_below" : "class.level_range", { from, to: S.hundredths(breaks[at - 1]) });
  }
  S.levelLabel = levelLabel;

  /* From one limit to the next, with the unit once where both have the same. */
  function spanLabel(low, high, unit) {
    const bare = unit === "min" ? S.figure(low) : unit !== "m" || high < 999.5 ? S.number(low) : low >= 999.5 ? S.thousandths(low / 1000) : S.measure(low, unit);
    return S.t("sure.span", { low: bare, high: S.limitText(high, unit) });
  }

  function gradedLabel(layer, code, threshold) {
    const limits = S.classLimits(threshold, layer.step);
    if (code === 0) return S.t("class.within", { measure: S.limitText(limits[0], layer.unit) });
    if (code === limits.length) return S.t("class.beyond", { measure: S.limitText(limits[code - 1], layer.unit) });
    return code < limits.length ? spanLabel(limits[code - 1], limits[code], layer.unit) : S.t(code === S.NO_WAY ? "beyond.no_way" : "class.searched");
  }

  function classLabel(layer, name, threshold) {
    if (layer.breaks && name !== "unknown") return levelLabel(layer.breaks, name);
    const code = layer.kind === "threshold" ? S.classesOf(layer).indexOf(name) : -1;
    if (S.JUDGED.includes(code)) return gradedLabel(layer, code, threshold);
    const values = { service: serviceName(), measure: S.limitText(threshold, layer.unit) };
    if (layer.key === "measure") Object.assign(values, { mean: S.supply(layer.mean, layer.told).value, half: S.supply(layer.mean / 2, layer.told).value });
    return S.t("class." + name, values);
  }
  S.classLabel = classLabel;

  /* The result's own classes always, unless two limits fall together; the others where a place is in them. */
  S.isListed = function (state, code, sums) {
    const { layer, threshold } = state;
    if (layer.kind !== "threshold") return code < layer.always || sums.places[code] > 0;
    const limits = [0, ...S.classLimits(threshold, layer.step), Infinity];
    return code + 1 < limits.length ? limits[code] < limits[code + 1] || sums.places[code] > 0 : sums.places[code] > 0;
  };

  /* Circles of two or three round numbers of people, as large as the map draws them. */
  S.showSizes = function (points) {
    const sizes = points.sizes(), ratio = 2, gap = 6, canvas = document.getElementById("key-sizes");
    const height = 2 * Math.ceil(Math.max(...sizes.map(({ radius }) => radius))) + 2, width = sizes.reduce((sum, { radius }) => sum + 2 * radius + gap, 0);
    Object.assign(canvas, { width: width * ratio, height: height * ratio });
    Object.assign(canvas.style, { width: width + "px", height: height + "px" });
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.strokeStyle = "#555f68";
    let x = 0;
    for (const { radius } of sizes) {
      context.beginPath();
      context.arc(x + radius + 1, height / 2, radius, 0, 2 * Math.PI);
      context.stroke();
      x += 2 * radius + gap;
    }
    document.getElementById("key-size-text").textContent = S.t("legend.sizes", { list: sizes.map(({ people }) => S.number(people)).join(S.t("legend.sizes_joint")) });
  };

  /* Whole numbers of the classes, which add up to those within and those beyond, or to all that a layer classes. */
  function wholeAmounts(layer, amounts) {
    const within = S.JUDGED.filter((code) => !S.BEYOND.includes(code)), found = Array.from(amounts);
    const sides = layer.kind === "threshold" ? [within, S.BEYOND] : [[...layer.classes.keys()].filter((code) => !ASIDE.includes(layer.classes[code]))];
    for (const side of sides) S.wholeParts(side.map((code) => amounts[code])).forEach((whole, at) => (found[side[at]] = whole));
    return found;
  }

  S.showLegend = function (state, sums, onToggle) {
    const { layer } = state, amounts = wholeAmounts(state.layer, S.hasPeople() ? sums.people : sums.places);
    // Whoever is not judged stands below, and makes no bar of those who are shorter.
    const isAside = (code) => layer.kind === "threshold" && code > S.NO_WAY;
    const rows = S.classesOf(layer).map((name, code) => ({ name, code, look: S.lookOf(layer, name), amount: amounts[code] })).filter((row) => S.isListed(state, row.code, sums));
    const largest = Math.max(1e-9, ...rows.filter((row) => !isAside(row.code)).map((row) => row.amount));
    const fill = ({ amount, look }) => S.el("span", { style: { width: (100 * Math.min(amount, largest)) / largest + "%", background: look.pattern ? "" : look.fill, borderColor: look.line }, class: look.pattern ? "bar-" + look.pattern : "" });
    S.fill("legend", rows.map((row) => S.el("button", {
      type: "button", class: "legend-row" + (isAside(row.code) ? " is-aside" : ""), "data-class": row.name, "aria-pressed": String(state.only === row.name),
      title: S.t(state.only === row.name ? "legend.all" : "legend.only"), on: { click: () => onToggle(row.name) },
    }, [
      S.swatch(row.look),
      S.el("span", { class: "legend-label", text: classLabel(layer, row.name, state.threshold) }),
      S.el("strong", { text: S.number(row.amount) }),
      S.el("span", { class: "muted", text: S.hasPeople() ? S.villagesIn(state, [row.code], rows.map(({ code }) => code)) : "" }),
      isAside(row.code) ? null : S.el("span", { class: "bar", "aria-hidden": "true" }, [row.amount > 0 && fill(row)]),
    ])));
    document.getElementById("legend").classList.toggle("has-only", Boolean(state.only));
    const unit = S.t(S.hasPeople() ? "legend.people" : "legend.places");
    document.getElementById("legend-title").textContent = S.isFiltered(state) ? S.t("legend.filtered", { what: unit }) : unit;
    document.getElementById("legend-note").textContent = S.hasPeople() && sums.uncounted > 0 ? S.t(S.data.study.below ? "legend.withheld" : "legend.uncounted", { n: sums.uncounted }) : "";
    showMandatory(state);
  };

  /* The thick ring with what it stands for, over what the filters leave. */
  function showMandatory(state) {
    const found = state.mandatory.places.filter((i) => S.inFilter(state, i)), people = found.reduce((sum, i) => sum + Math.max(0, (state.places.population || [])[i] || 0), 0);
    const amount = [S.villagesOf(state, found), S.hasPeople() ? S.t("unit.people", { n: people }) : ""].filter(Boolean).join(S.t("sure.list"));
    const norms = state.mandatory.norms.map((k) => S.normText(state.norms[k])).join(S.t("filter.joint"));
    document.getElementById("key-ring").hidden = !found.length;
    S.fill("key-ring", [S.swatch(S.lookOf(state.layer, S.classesOf(state.layer)[0]), true), S.el("span", { text: S.t("legend.mandatory", { norms, amount }) })]);
  }

  function servedText(state, sums) {
    const service = S.data.page.service;
    const { within, judged } = S.split(S.hasPeople() ? sums.people : sums.places);
    // Where everybody is within, no facility that is not mapped could bring more.
    const isSure = service.inventory === "complete" || (judged > 0 && within === judged), key = isSure ? "headline.within" : "headline.at_least";
    const parts = [S.t(key, { n: within, count: S.hasPeople() ? S.livingOf(normOf(state), within) : S.counted(within), share: S.percent(judged > 0 ? within / judged : NaN) })];
    if (!isSure) parts.push(S.t("headline.inventory_" + service.inventory));
    return S.sentences(...parts);
  }

  /* A layer of classes answers in the people whose class asks for attention. */
  const ASKING = { likely: ["gap", "none"], known: ["gap", "none"], sure: ["may"], wet: ["slower", "lost"], measure: ["short", "nothing"], level: ["level_1"], clusters: ["cluster_bad"], fulcrum: ["fulcrum_high"] };
  const ASIDE = ["unknown", "no_data", "out_of_scope", "change_unknown", "room_unknown", "room_nobody"];

  function classesAnswer(state, amounts, noun) {
    const layer = state.layer;
    const amount = (...names) => layer.classes.reduce((sum, name, code) => sum + (names.includes(name) ? amounts[code] : 0), 0);
    if (layer.key === "room") return roomAnswer(state);
    const changed = layer.key === "scenario" ? S.scenarioAnswer(layer, amount) : null;
    const count = changed ? changed.count : amount(...ASKING[layer.key]);
    const judged = amount(...layer.classes.filter((name) => !ASIDE.includes(name)));
    const family = S.data.page.kind === "last_mile" ? "last_mile" : layer.key;
    const values = {
      n: count, share: S.percent(judged > 0 ? count / judged : NaN), measure: S.limitText(state.threshold, layer.unit),
      mode: S.word("by", layer.mode), service: serviceName(),
    };
    if (layer.breaks) Object.assign(values, { low: S.hundredths(layer.breaks[3]), what: layerOf(layer) });
    if (changed) return { count, sentence: S.t("headline.scenario_" + changed.key + "_" + noun, values), more: changed.more };
    const parts = Object.fromEntries(layer.classes.map((name) => [name, S.counted(amount(name))]));
    if (family === "measure") Object.assign(parts, { name: S.measureName(layer), mean: S.supplyText(layer.mean, layer.told) });
    const more = [S.t(family === "last_mile" ? "headline.last_mile_" + layer.key : "headline." + family + "_more", parts)];
    if (family === "sure") more.push(S.varied());
    return { count, sentence: S.t("headline." + family + "_" + noun, values), more: S.sentences(...more) };
  }

  const layerOf = (layer) => (layer.pillar ? S.t("pillar." + layer.pillar) : S.t("layer.level_all"));
  S.levelName = layerOf;

  /* Of a settlement some may find room and others not: people are counted, not the settlements of a class. */
  function roomAnswer(state) {
    const sums = S.roomOf(state);
    const count = sums.full + sums.not_reached, total = count + sums.served;
    const values = { n: count, share: S.percent(total > 0 ? count / total : NaN), mode: S.word("by", state.layer.mode), service: serviceName() };
    const parts = Object.fromEntries(Object.entries(sums).map(([name, n]) => [name, S.t("unit.people", { n })]));
    return { count, sentence: S.t("headline.room", values), more: S.t("headline.room_more", parts) };
  }

  /* What was varied, and whether anybody compared the speeds with observed times. */
  const variedParts = (told) => ({ factors: told.factors.map((name) => S.factorText(name, told)).join(S.t("sure.list")), status: S.word("speed_status", S.speedStatus(told)) });
  S.varied = () => (S.data.certainty ? S.t("sure.varied", variedParts(S.data.certainty)) : "");

  /* The range of those beyond, and what it depends on, in one sentence. */
  const rangeText = (span) => S.t(span.low === span.high ? "sure.depends_same" : "sure.depends", { low: span.low, high: span.high, ...variedParts(S.data.certainty) });

  /* Where none of the service is mapped there is no distance: people are counted only where none is there for sure. */
  function showUnmapped(layer, count, noun) {
    const name = layer.classes[0], known = name === "none_there";
    const isTown = S.has("tier." + S.data.page.service.id);
    S.fill("headline", [
      known ? S.el("p", { class: "headline-number" }, [S.el("strong", { text: S.number(count) }), S.el("span", { text: S.t("headline." + noun, { n: count }) })]) : null,
      S.el("p", { class: "headline-sentence", text: S.t("headline." + name + (known ? "_" + noun : ""), { n: count, service: serviceName() }) }),
    ]);
    document.getElementById("certainty").textContent = "";
    document.getElementById("headline-more").textContent = S.t("headline." + (isTown ? "none_mapped_town" : name + "_more"));
  }

  const normOf = ({ layer }) => (layer.norm === null || layer.norm === undefined ? null : S.data.norms[layer.norm]);

  /* Of some the number of people is withheld, or it is of all who are beyond that nobody knows it: shares are of the others. */
  const isPartly = ({ people, places, uncounted }) => S.hasPeople() && uncounted > 0 && (S.data.study.below > 0 || (S.split(places).beyond > 0 && !(S.split(people).beyond > 0)));
  const toldOf = (sums, base) => (isPartly(sums) ? S.t("unit.told", { base }) : base);

  /* Of whom, and in how many places: a number does not stand without its base. */
  function baseText(state, sums, amounts) {
    const { judged } = S.split(amounts);
    if (!S.hasPeople()) return S.t("headline.of", { total: S.counted(judged) });
    return S.t("headline.of_in", { total: toldOf(sums, S.livingOf(normOf(state), judged)), amount: S.villagesIn(state, S.BEYOND) });
  }

  /* The township with most people beyond: all its judged places, or some of them. */
  function worstTownship(state, noun) {
    if (state.filter.township >= 0) return null;
    const beyondOf = (row) => S.split(row[noun]).beyond;
    const rows = S.sumsByTownship(state, state.classes).rows.map((sums, code) => ({ code, sums }));
    const worst = rows.reduce((best, row) => (!best || beyondOf(row.sums) > beyondOf(best.sums) ? row : best), null);
    if (rows.length < 2 || !(beyondOf(worst.sums) > 0)) return null;
    const { beyond, judged } = S.split(worst.sums.places), { places, classes } = state;
    const amount = S.villagesOf(state, [...classes.keys()].filter((i) => places.township[i] === worst.code && S.JUDGED.includes(classes[i]) && S.inFilter(state, i)));
    return S.t(beyond === judged ? "finding.worst_all" : "finding.worst", { name: S.isolated(S.townshipName(state, worst.code)), n: judged, beyond, amount });
  }

  /* The fastest mode is what anybody would take; the norm below says so. Who is within is not "away". */
  function reachText({ layer, threshold }, isWithin) {
    const measure = S.limitText(threshold, layer.unit), way = layer.metric === "roundtrip_time_min" ? "finding.reach_return" : "finding.reach";
    return layer.mode === "any" || (isWithin && (layer.mode || "none") === "none") ? measure : S.t(way, { measure, mode: S.word("by", layer.mode || "none") });
  }

  /* The title says what was found; the topic of the page where nothing is judged by a standard. */
  S.showFinding = function (state, sums) {
    const { layer } = state, noun = S.hasPeople() ? "people" : "places", { beyond: count, judged } = S.split(sums[noun]);
    const told = layer.kind === "threshold" && !layer.key && judged > 0;
    state.isFound = told;
    document.getElementById("page-topic").textContent = told ? state.topic : "";
    if (!told) return (document.getElementById("page-title").textContent = state.topic);
    const mapped = S.data.page.service.inventory === "complete" ? "" : "_mapped";
    const values = { share: S.percent(count / judged), reach: reachText(state, !(count > 0)), service: serviceName(), base: toldOf(sums, S.baseOf(normOf(state))) };
    const text = S.t((count > 0 ? "finding.beyond_" : "finding.within_") + noun + mapped, values), worst = worstTownship(state, noun);
    document.getElementById("page-title").textContent = S.capital([text, worst].filter(Boolean).join(S.t("filter.joint")));
  };

  /* The answer in people: those beyond the standard that the slider stands at. */
  S.showHeadline = function (state, sums) {
    const layer = state.layer, service = S.data.page.service;
    const amounts = S.hasPeople() ? sums.people : sums.places;
    const noun = S.hasPeople() ? "people" : "places";
    if (layer.key === "none_mapped") return showUnmapped(layer, amounts[0], noun);
    let count, sentence, more;
    if (layer.kind !== "threshold") {
      ({ count, sentence, more } = classesAnswer(state, amounts, noun));
    } else {
      const { beyond, judged } = S.split(amounts);
      count = beyond;
      const mapped = service.inventory === "complete" ? "" : "_mapped";
      sentence = S.t("headline." + (layer.key || "beyond") + "_" + noun + (layer.key ? "" : mapped), {
        n: count, measure: S.limitText(state.threshold, layer.unit), service: serviceName(),
        mode: S.word("by", layer.mode || "none"), share: S.percent(judged > 0 ? count / judged : NaN),
      });
      more = servedText(state, sums);
    }
    const span = S.spanOf(state);
    const unit = layer.kind === "threshold" ? baseText(state, sums, amounts) : S.t("headline." + noun, { n: count });
    document.getElementById("headline").classList.toggle("is-beyond", layer.kind === "threshold" && layer.norm !== null && count > 0);
    S.fill("headline", [
      S.el("p", { class: "headline-number" }, [S.el("strong", { text: S.number(count) }), S.el("span", { text: unit })]),
      // What the title says already is not said again.
      state.isFound ? null : S.el("p", { class: "headline-sentence", text: sentence }),
    ]);
    document.getElementById("certainty").textContent = span && S.data.certainty ? rangeText(span) : "";
    document.getElementById("headline-more").textContent = more;
  };

  /* What the norm asks for, how much of it there is today, and how many are wanting, over all whom it asks about. */
  function todayText(state, norm) {
    const { study } = norm, of = study && (study.share_of === "places" ? "places" : "persons");
    const share = study ? study.served_share : null, target = norm.target_share;
    if (share === null || target === null || norm.threshold === null) return "";
    // From whole people, as they are read on the page.
    const served = S.whole(study[of + "_served"]), total = S.whole(study[of + "_served"] + study[of + "_unserved"]), wanting = Math.ceil(target * total - served - WHOLE);
    // A norm on children counts children, where the number of the page counts all who live there.
    const all = of === "persons" && S.hasPeople() ? state.classes.reduce((sum, code, i) => sum + (S.JUDGED.includes(code) ? Math.max(0, state.places.population[i] || 0) : 0), 0) : total;
    const isOther = Math.abs(all - total) > OTHER_BASE * all && (S.groupOf(norm) || !isPartly(state.sums));
    const noun = of === "places" || !S.hasPeople() ? "places" : isOther && (S.groupOf(norm) || !S.data.part) ? (S.groupOf(norm) ? "named" : "group") : "people";
    const values = { target: S.percent(target), measure: S.limitText(norm.threshold, norm.unit), share: S.percent(share), n: wanting, total, group: S.peopleOf(norm, total) };
    const told = S.sentences(S.t(norm.target_share_basis === "assumed" ? "norm.today_assumed" : "norm.today", values), share < target && wanting > 0 && S.t("norm.wanting_" + noun, values));
    return told && (S.data.part || S.isFiltered(state)) ? S.t("norm.whole", { told }) : told;
  }

  S.showNorm = function (state) {
    const norm = state.layer.norm === null || state.layer.norm === undefined ? null : S.data.norms[state.layer.norm];
    if (!norm) {
      if (state.layer.key === "none_mapped") return S.fill("norm", []);
      const plain = state.layer.key === "response" ? "norm.response" : state.norms.length && state.layers.some((layer) => layer.norm !== null) ? "norm.plain" : "norm.absent";
      const key = state.layer.kind !== "classes" ? plain : S.data.page.kind === "last_mile" ? "norm.last_mile" : "norm." + state.layer.key;
      S.fill("norm", [S.el("p", { class: "muted", text: S.sentences(state.layer.key === "response" && S.crewText(state.layer), S.t(key)) })]);
      return;
    }
    const study = norm.study;
    S.fill("norm", [
      S.el("p", { class: state.layers.length > 1 ? "norm-text print-only" : "norm-text", text: S.normText(norm) }),
      S.el("p", { class: "pills" }, [study ? S.statusPill(study.status) : null, S.classPill(norm)]),
      S.el("p", { class: "norm-today", text: todayText(state, norm) }),
      study ? S.asMapped(study.status, study.status_as_mapped) : null,
      study && study.reason ? S.el("p", { class: "muted", text: S.reasonText(study.reason) }) : null,
      study && S.missingText(norm) ? S.el("p", { class: "muted", text: S.missingText(norm) }) : null,
    ]);
  };

  S.showSlider = function (state) {
    const layer = state.layer;
    const box = document.getElementById("slider-box");
    box.hidden = layer.kind === "classes";
    if (box.hidden) return;
    const slider = document.getElementById("slider");
    slider.min = 0;
    slider.max = layer.max;
    slider.step = layer.step;
    slider.value = state.threshold;
    slider.setAttribute("aria-valuetext", S.limitText(state.threshold, layer.unit));
    slider.style.setProperty("--at", (100 * Math.min(1, state.threshold / layer.max)).toFixed(2) + "%");
    document.getElementById("slider-value").textContent = S.limitText(state.threshold, layer.unit);
    const reset = document.getElementById("slider-reset");
    reset.hidden = state.threshold === layer.threshold;
    reset.textContent = S.t(layer.norm === null || layer.norm === undefined ? "slider.reset_default" : "slider.reset", { measure: S.limitText(layer.threshold, layer.unit) });
  };
})(window.Spatial);
