"use strict";
/* How sure the time of one settlement is, what the wet season does to it, and the measures of access. */
(function (S) {
  const { finite, facts, section } = S.placeParts;

  /* From the best to the worst, such as "12 to 22 min"; no way at worst, or none at all. */
  S.spanText = function (low, high) {
    if (!finite(low)) return "";
    return finite(high) ? S.t("sure.span", { low: S.number(low), high: S.minutes(high) }) : S.t("sure.span_open", { low: S.minutes(low) });
  };

  /* The span on a line from no time at all, with the time as assumed and the standard. */
  function bar(low, base, high, standard) {
    const far = 1.08 * Math.max(finite(high) ? high : low * 2, finite(base) ? base : 0, standard);
    const at = (value) => (100 * Math.min(1, value / far)).toFixed(2) + "%";
    const fill = { left: at(low), width: (100 * ((finite(high) ? high : far) - low) / far).toFixed(2) + "%" };
    return S.el("div", { class: "range-bar", "aria-hidden": "true" }, [
      S.el("span", { class: finite(high) ? "range-fill" : "range-fill range-open", style: fill }),
      standard > 0 ? S.el("span", { class: "range-standard", style: { left: at(standard) } }) : null,
      finite(base) ? S.el("span", { class: "range-base", style: { left: at(base) } }) : null,
    ]);
  }

  function wetText(wet, i) {
    const status = wet.statuses[wet.status[i]];
    if (status === "kept") return S.t("wet.kept");
    if (status === "slower") {
      const moved = wet.changes[i] ? " " + S.t("wet.changes") : "";
      return S.t("wet.slower", { more: S.more(wet.minutes[i] - wet.dry[i]), minutes: S.minutes(wet.minutes[i]) }) + moved;
    }
    if (status === "lost") return S.t("wet.lost", { reason: S.word("reach", wet.reaches[wet.reach[i]]) });
    return S.word("wet", status);
  }

  S.more = (minutes) => (minutes < 1 ? S.t("wet.below_one") : S.minutes(minutes));

  S.howSure = function (state, i) {
    const { interval, layer } = state;
    if (!interval) return [];
    const low = interval.low[i], base = interval.base[i], high = interval.high[i];
    const standard = layer.unit === "min" && layer.kind !== "classes" ? state.threshold : 0;
    const factor = interval.factors[interval.factor[i] - 1];
    const rows = [[S.t("sure.best"), finite(low) ? S.minutes(low) : S.t("sure.no_way")]];
    if (finite(low)) {
      rows.push([S.t("sure.base"), finite(base) ? S.minutes(base) : S.t("sure.no_way")], [S.t("sure.worst"), finite(high) ? S.minutes(high) : S.t("sure.no_way")]);
      if (factor) rows.push([S.t("sure.wide"), S.capital(S.factorText(factor, S.data.certainty)) + (finite(interval.width[i]) ? S.t("sure.alone", { minutes: S.more(interval.width[i]) }) : "")]);
    }
    if (interval.wet) rows.push([S.t("wet.title"), wetText(interval.wet, i)]);
    const title = S.t("sure.place", { mode: S.word("by", interval.mode) });
    const key = standard > 0 ? S.el("p", { class: "muted range-key", text: S.t("sure.key", { standard: S.limitText(standard, "min") }) }) : null;
    return section(title, [finite(low) ? bar(low, base, high, standard) : null, finite(low) ? key : null, facts(rows)]);
  };

  /* Supply for each person is told for a thousand people or more; told: the unit and what a value is multiplied by. */
  S.supply = function (value, told) {
    const shown = value * told.per;
    const digits = shown >= 100 || told.unit === "persons" ? { maximumFractionDigits: 0 } : shown >= 1 ? { maximumFractionDigits: 1 } : { maximumSignificantDigits: 2 };
    return { value: S.numberFormat(digits).format(shown), unit: S.word("unit_of", told.unit) };
  };

  S.supplyText = (value, told) => S.t("measure.amount", S.supply(value, told));

  S.measureName = function (measure) {
    const counted = /^cumulative_([0-9.]+)_min$/.exec(measure.measure);
    const name = counted ? S.t("measure_kind.cumulative", { minutes: S.limitText(Number(counted[1]), "min") }) : S.word("measure_kind", measure.measure);
    return !measure.group || measure.group === "everybody" ? name : S.t("measure.of_group", { name, group: S.word("group", measure.group + "_persons") });
  };

  S.measuresOf = function (state, i) {
    const rows = state.measures.map((measure) => {
      const status = measure.statuses[measure.status[i] - 1];
      if (!status) return [S.measureName(measure), S.t("place.unknown")];
      const why = status === "reached" ? "" : " · " + S.word("measure_status", status);
      const risk = measure.risk[i] ? " · " + S.t("measure.risk") : "";
      return [S.measureName(measure), S.supplyText(measure.value[i], measure) + why + risk];
    });
    return section(S.t("measure.title"), [facts(rows)]);
  };
})(window.Spatial);
