"use strict";
/* What if: what a scenario changes for people; when a crew is there; who finds room. */
(function (S) {
  const { finite, facts, section } = S.placeParts;
  const seconds = (block, names) => Object.fromEntries(names.map((name) => [name, S.seconds(block[name])]));
  const columns = (block, names) => Object.fromEntries(names.map((name) => [name, S.column(block[name])]));

  S.readTrials = function (block) {
    if (!block) return { scenarios: [], response: null, served: null };
    const { response, served } = block;
    return {
      scenarios: block.scenarios.map((one) => Object.assign({}, one, seconds(one, ["before", "after"]), columns(one, ["before_status", "after_status"]))),
      response: response && Object.assign({}, response, seconds(response, ["mobilisation", "drive", "target_met"]), columns(response, ["status", "station"])),
      served: served && Object.assign({}, served, columns(served, ["served", "full", "not_reached"])),
    };
  };

  /* The title that the study gives a scenario, or its name in plain letters. */
  S.scenarioName = (one) => S.pick(one.title, S.capital(one.scenario.replace(/[-_]/g, " ")));

  /* People who find room, who reach only full facilities and who reach none, over what the filters leave. */
  S.roomOf = function (state) {
    const { served } = state.trials, sums = { served: 0, full: 0, not_reached: 0 };
    for (let i = 0; i < served.served.length; i++) {
      if (served.served[i] < 0 || !S.inFilter(state, i)) continue;
      for (const name of Object.keys(sums)) sums[name] += served[name][i];
    }
    return sums;
  };

  function change(one, i, layer) {
    const way = (side) => (finite(one[side][i]) ? S.minutes(one[side][i]) : S.word("reach", one.statuses[one[side + "_status"][i]]));
    const kind = layer ? S.classesOf(layer)[layer.codes[i]] : null;
    return facts([
      [S.t("trial.before"), way("before")], [S.t("trial.after"), way("after")],
      [S.t("trial.change"), kind ? S.capital(S.classLabel(layer, kind, layer.threshold)) : ""],
    ]);
  }

  function scenarios(state, i) {
    return state.trials.scenarios.flatMap((one) => {
      const layer = state.layers.find((other) => other.scenario === one.scenario);
      return section(S.t("trial.of", { name: S.scenarioName(one), mode: S.word("by", one.mode) }), [change(one, i, layer)]);
    });
  }

  function response(state, i) {
    const crew = state.trials.response;
    if (!crew) return [];
    const title = S.t("trial.response", { mode: S.word("by", crew.mode) });
    if (!finite(crew.drive[i])) return section(title, [facts([[S.t("trial.whole"), S.word("reach", crew.statuses[crew.status[i]])]])]);
    const whole = state.layers.find((layer) => layer.key === "response").values[i];
    return section(title, [facts([
      [S.t("trial.station"), S.facilityName(state, crew.station[i])],
      [S.t("trial.whole"), S.minutes(whole)], [S.t("trial.mobilisation"), S.minutes(crew.mobilisation[i])], [S.t("trial.drive"), S.minutes(crew.drive[i])],
      [S.t("trial.met"), finite(crew.target_met[i]) ? S.minutes(crew.target_met[i]) : S.t("trial.none_met")],
    ])]);
  }

  function room(state, i) {
    const { served } = state.trials;
    if (!served) return [];
    const known = served.served[i] >= 0;
    const rows = known ? ["served", "full", "not_reached"].map((name) => [S.t("trial." + name), S.t("unit.people", { n: served[name][i] })]) : [[S.t("trial.served"), S.t("place.unknown")]];
    return section(S.t("trial.room", { mode: S.word("by", served.mode) }), [facts(rows)]);
  }

  S.trialsOf = (state, i) => [...scenarios(state, i), ...response(state, i), ...room(state, i)];

  /* The answer of a scenario in those who gain, or in those who lose where they are more. */
  S.scenarioAnswer = function (layer, amount) {
    const gained = amount("change_gained"), lost = amount("change_lost");
    const key = lost > gained ? "lost" : "gained";
    const parts = Object.fromEntries(["gained", "quicker", "same", "slower", "lost", "neither"].map((name) => [name, S.counted(amount("change_" + name))]));
    parts.same = S.counted(amount("change_same", "change_neither"));
    return { key, count: key === "lost" ? lost : gained, more: S.t("headline.scenario_" + key + "_more", parts) };
  };
})(window.Spatial);
