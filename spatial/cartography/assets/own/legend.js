"use strict";
/* Headline, norm, slider, and the legend that is also the chart. */
(function (S) {
  S.swatch = function (name) {
    const size = 18, ratio = Math.min(window.devicePixelRatio || 1, 2) * 2;
    const canvas = S.el("canvas", { class: "swatch", "aria-hidden": "true", width: size * ratio, height: size * ratio });
    S.drawDot(canvas.getContext("2d"), S.LOOKS[name], (size * ratio) / 2, (size * ratio) / 2, 7 * ratio, ratio);
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

  function classLabel(layer, name, threshold) {
    if (layer.breaks && name !== "unknown") return levelLabel(layer.breaks, name);
    const values = { service: serviceName(), measure: S.measure(threshold, layer.unit), more: S.measure(threshold + (layer.near || 0), layer.unit) };
    if (layer.key === "measure") Object.assign(values, { mean: S.supply(layer.mean, layer.told).value, half: S.supply(layer.mean / 2, layer.told).value });
    return S.t("class." + name, values);
  }
  S.classLabel = classLabel;

  /* The result's own classes always, the others where a place is in them, a near miss only where there is one. */
  S.isListed = function (layer, code, sums) {
    if (layer.kind === "threshold" && code === 1 && layer.near === 0) return false;
    return code < layer.always || sums.places[code] > 0;
  };

  const noWay = (state) => [...state.classes.keys()].filter((i) => S.layers.points.classes[i] === S.NO_WAY);
  const showsNoWay = (state) => state.layer.kind === "threshold" && S.layers.points.classes.includes(S.NO_WAY);

  /* Part of the row above it: whoever has no way mapped is counted as beyond, and looks different. */
  function noWayRow(state) {
    const found = noWay(state), population = state.places.population;
    const amount = S.hasPeople() ? found.reduce((sum, i) => sum + (population[i] >= 0 ? population[i] : 0), 0) : found.length;
    return S.el("p", { class: "legend-row legend-part" }, [S.swatch("no_way"), S.el("span", { class: "legend-label", text: S.t("legend.no_way") }), S.el("span", { class: "legend-number" }, [S.el("strong", { text: S.number(amount) }), S.el("span", { class: "muted" })])]);
  }

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

  S.showLegend = function (state, sums, onToggle) {
    const names = S.classesOf(state.layer);
    const amounts = S.hasPeople() ? sums.people : sums.places;
    const total = amounts.reduce((a, b) => a + b, 0);
    const largest = Math.max(1e-9, ...amounts);
    const rows = names.map((name, code) => ({ name, code, amount: amounts[code] }))
      .filter((row) => S.isListed(state.layer, row.code, sums));
    const rowsNode = S.fill("legend", rows.map((row) => S.el("button", {
      type: "button", class: "legend-row", "aria-pressed": String(!state.hidden.has(row.name)),
      title: S.t("legend.toggle"), on: { click: () => onToggle(row.name) },
    }, [
      S.swatch(row.name),
      S.el("span", { class: "legend-label", text: classLabel(state.layer, row.name, state.threshold) }),
      S.el("span", { class: "legend-number" }, [
        S.el("strong", { text: S.number(row.amount) }),
        S.el("span", { class: "muted", text: S.percent(total > 0 ? row.amount / total : NaN) }),
      ]),
      S.el("span", { class: "bar", "aria-hidden": "true" }, [
        row.amount > 0 && S.el("span", { style: { width: (100 * row.amount) / largest + "%", background: S.LOOKS[row.name].pattern ? "" : S.LOOKS[row.name].fill, borderColor: S.LOOKS[row.name].line }, class: S.LOOKS[row.name].pattern ? "bar-" + S.LOOKS[row.name].pattern : "" }),
      ]),
    ])));
    if (showsNoWay(state)) [...rowsNode.children][rows.findIndex((row) => row.name === "beyond")].after(noWayRow(state));
    const unit = S.t(S.hasPeople() ? "legend.people" : "legend.places");
    document.getElementById("legend-title").textContent = S.isFiltered(state) ? S.t("legend.filtered", { what: unit }) : unit;
    document.getElementById("legend-note").textContent = S.hasPeople() && sums.uncounted > 0 ? S.t("legend.uncounted", { n: sums.uncounted }) : "";
  };

  function servedText(state, sums) {
    const service = S.data.page.service;
    const amounts = S.hasPeople() ? sums.people : sums.places;
    const judged = amounts[0] + amounts[1] + amounts[2];
    const key = service.inventory === "complete" ? "headline.within" : "headline.at_least";
    const parts = [S.t(key, { count: S.counted(amounts[0]), share: S.percent(judged > 0 ? amounts[0] / judged : NaN) })];
    if (service.inventory !== "complete") parts.push(S.t("headline.inventory_" + service.inventory));
    if (service.proxy) parts.push(S.t("headline.proxy"));
    return parts.join(" ");
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
      n: count, share: S.percent(judged > 0 ? count / judged : NaN), measure: S.measure(state.threshold, layer.unit),
      mode: S.word("by", layer.mode), service: serviceName(),
    };
    if (layer.breaks) Object.assign(values, { low: S.hundredths(layer.breaks[3]), what: layerOf(layer) });
    if (changed) return { count, sentence: S.t("headline.scenario_" + changed.key + "_" + noun, values), more: changed.more };
    const parts = Object.fromEntries(layer.classes.map((name) => [name, S.counted(amount(name))]));
    if (family === "measure") Object.assign(parts, { name: S.measureName(layer), mean: S.supplyText(layer.mean, layer.told) });
    const more = [S.t(family === "last_mile" ? "headline.last_mile_" + layer.key : "headline." + family + "_more", parts)];
    if (family === "sure") more.push(S.varied());
    return { count, sentence: S.t("headline." + family + "_" + noun, values), more: more.join(" ") };
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
  S.varied = function () {
    const told = S.data.certainty;
    if (!told) return "";
    const factors = told.factors.map((name) => S.factorText(name, told)).join(S.t("sure.list"));
    return S.t("sure.varied", { factors, status: S.word("speed_status", S.speedStatus(told)) });
  };

  S.rangeText = (span) => S.t(span.low === span.high ? "headline.range_same" : "headline.range", { low: span.low, high: span.high });

  /* Where none of the service is mapped there is no distance: people are counted only where none is there for sure. */
  function showUnmapped(layer, count, noun) {
    const name = layer.classes[0], known = name === "none_there";
    const isTown = S.has("tier." + S.data.page.service.id);
    S.fill("headline", [
      known ? S.el("p", { class: "headline-number" }, [S.el("strong", { text: S.number(count) }), S.el("span", { text: S.t("headline." + noun, { n: count }) })]) : null,
      S.el("p", { class: "headline-sentence", text: S.t("headline." + name + (known ? "_" + noun : ""), { n: count, service: serviceName() }) }),
      S.el("p", { class: "headline-more", text: S.t("headline." + (isTown ? "none_mapped_town" : name + "_more")) }),
    ]);
  }

  /* Of whom, and in how many places: a number does not stand without its base. */
  function baseText(state, sums, amounts) {
    const judged = amounts[0] + amounts[1] + amounts[2];
    if (!S.hasPeople()) return S.t("headline.of", { total: S.counted(judged) });
    return S.t("headline.of_in", { total: S.counted(judged), amount: S.beyondAmount(state) });
  }

  /* The township with most people beyond: all its judged places, or some of them. */
  function worstTownship(state, noun) {
    if (state.filter.township >= 0) return null;
    const amount = (row) => row[noun][1] + row[noun][2];
    const rows = S.sumsByTownship(state, state.classes).rows.map((sums, code) => ({ code, sums }));
    const worst = rows.reduce((best, row) => (!best || amount(row.sums) > amount(best.sums) ? row : best), null);
    if (rows.length < 2 || !(amount(worst.sums) > 0)) return null;
    const beyond = worst.sums.places[1] + worst.sums.places[2], all = beyond + worst.sums.places[0];
    return S.t(beyond === all ? "finding.worst_all" : "finding.worst", { name: S.townshipName(state, worst.code), n: all, beyond });
  }

  /* The fastest mode is what anybody would take; the norm below says so. */
  function reachText({ layer, threshold }) {
    const measure = S.measure(threshold, layer.unit);
    return layer.mode === "any" ? measure : S.t("finding.reach", { measure, mode: S.word("by", layer.mode || "none") });
  }

  /* The title says what was found; the topic of the page where nothing is judged by a standard. */
  S.showFinding = function (state, sums) {
    const { layer } = state, noun = S.hasPeople() ? "people" : "places", amounts = sums[noun];
    const count = amounts[1] + amounts[2], judged = amounts[0] + count;
    const told = layer.kind === "threshold" && !layer.key && judged > 0;
    state.isFound = told;
    document.getElementById("page-topic").textContent = told ? state.topic : "";
    if (!told) return (document.getElementById("page-title").textContent = state.topic);
    const mapped = S.data.page.service.inventory === "complete" ? "" : "_mapped";
    const values = { share: S.percent(count / judged), reach: reachText(state), service: serviceName() };
    const text = S.t((count > 0 ? "finding.beyond_" : "finding.within_") + noun + mapped, values), worst = worstTownship(state, noun);
    document.getElementById("page-title").textContent = [text, worst].filter(Boolean).join(S.t("filter.joint"));
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
      count = amounts[1] + amounts[2];
      const judged = amounts[0] + count;
      const mapped = service.inventory === "complete" ? "" : "_mapped";
      sentence = S.t("headline." + (layer.key || "beyond") + "_" + noun + (layer.key ? "" : mapped), {
        n: count, measure: S.measure(state.threshold, layer.unit), service: serviceName(),
        mode: S.word("by", layer.mode || "none"), share: S.percent(judged > 0 ? count / judged : NaN),
      });
      more = servedText(state, sums);
    }
    const span = S.spanOf(state);
    const unit = layer.kind === "threshold" ? baseText(state, sums, amounts) : S.t("headline." + noun, { n: count });
    S.fill("headline", [
      S.el("p", { class: "headline-number" }, [S.el("strong", { text: S.number(count) }), S.el("span", { text: unit })]),
      // What the title says already is not said again.
      state.isFound ? null : S.el("p", { class: "headline-sentence", text: sentence }),
      span ? S.el("p", { class: "headline-range" }, [S.el("strong", { text: S.rangeText(span) }), S.el("span", { class: "muted", text: " " + S.varied() })]) : null,
      S.el("p", { class: "headline-more", text: more }),
    ]);
  };

  S.showNorm = function (state) {
    const norm = state.layer.norm === null || state.layer.norm === undefined ? null : S.data.norms[state.layer.norm];
    if (!norm) {
      if (state.layer.key === "none_mapped") return S.fill("norm", []);
      const plain = state.layer.key === "response" ? "norm.response" : state.norms.length && state.layers.some((layer) => layer.norm !== null) ? "norm.plain" : "norm.absent";
      const key = state.layer.kind !== "classes" ? plain : S.data.page.kind === "last_mile" ? "norm.last_mile" : "norm." + state.layer.key;
      const crew = state.layer.key === "response" ? S.crewText(state.layer) + " " : "";
      S.fill("norm", [S.el("p", { class: "muted", text: crew + S.t(key) })]);
      return;
    }
    const study = norm.study;
    S.fill("norm", [
      S.el("p", { class: state.layers.length > 1 ? "norm-text print-only" : "norm-text", text: S.normText(norm) }),
      S.el("p", { class: "pills" }, [S.classPill(norm), study ? S.statusPill(study.status) : null]),
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
    slider.setAttribute("aria-valuetext", S.measure(state.threshold, layer.unit));
    slider.style.setProperty("--at", (100 * Math.min(1, state.threshold / layer.max)).toFixed(2) + "%");
    document.getElementById("slider-value").textContent = S.measure(state.threshold, layer.unit);
    const reset = document.getElementById("slider-reset");
    reset.hidden = state.threshold === layer.threshold;
    reset.textContent = S.t(layer.norm === null || layer.norm === undefined ? "slider.reset_default" : "slider.reset", { measure: S.measure(layer.threshold, layer.unit) });
  };
})(window.Spatial);
