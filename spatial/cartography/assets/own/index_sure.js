"use strict";
/* How sure the numbers of the first page are: a bar a norm, and folded what was varied, what was filled in and who compared. */
(function (S) {
  const data = S.data;

  S.normSpan = (norm) => (norm.certainty ? norm.certainty[S.hasPeople() ? "persons" : "places"] : null);

  const ruralText = (index) => S.t("sure.rural_value", { lower: S.percent(index.rai_lower), upper: S.percent(index.rai_upper), imputed: S.percent(index.imputed_share) });

  /* Who is beyond as assumed, as a dot on the range from best to worst, all as shares of whom each norm asks about. */
  function rangeBars(norms) {
    const base = (norm) => norm.study[(S.hasPeople() ? "persons" : "places") + "_in_scope"] || 0;
    const whole = norms.filter((norm) => base(norm) > 0), most = Math.max(...whole.map((norm) => S.normSpan(norm).high / base(norm)), 0.01);
    const at = (norm, value) => (100 * value) / base(norm) / most;
    return whole.map((norm) => {
      const { low, base: assumed, high } = S.normSpan(norm);
      return S.el("li", {}, [
        S.el("span", { text: S.normText(norm) }),
        S.el("span", { class: "sure-bar", "aria-hidden": "true" }, [S.el("i", { style: { left: at(norm, low) + "%", width: at(norm, high) - at(norm, low) + "%" } }), S.el("b", { style: { left: at(norm, assumed) + "%" } })]),
        S.el("span", { class: "sure-numbers" }, [S.el("strong", { text: S.number(assumed) }), S.el("span", { class: "muted", text: " " + S.t(low === high ? "sure.range_none" : "sure.range_of", { low, high, total: S.hasPeople() ? S.peopleOf(norm, base(norm)) : S.t("unit.places", { n: base(norm) }) }) })]),
      ]);
    });
  }

  /* Who is beyond each headline norm: as assumed, at best, at worst, and what moves most of them. */
  function spanTable(norms) {
    const heads = ["norm", S.hasPeople() ? "people" : "places", "low", "high", "main"];
    const head = S.el("tr", {}, heads.map((name, k) => S.el("th", { scope: "col", class: k > 0 && k < 4 ? "numeric" : undefined, text: S.t("sure.head_" + name) })));
    const rows = norms.map((norm) => {
      const span = S.normSpan(norm), factor = norm.certainty.main_factor;
      return S.el("tr", {}, [
        S.el("th", { scope: "row", text: S.normText(norm) }),
        ...["base", "low", "high"].map((side) => S.el("td", { class: "numeric", text: S.number(span[side]) })),
        S.el("td", { text: factor ? S.capital(S.factorText(factor, norm.certainty)) : S.t("sure.none_moved") }),
      ]);
    });
    return S.el("div", { class: "table-scroll", role: "group", "aria-labelledby": "sure-title", tabindex: "0" }, [S.el("table", { class: "plain spans" }, [S.el("thead", {}, [head]), S.el("tbody", {}, rows)])]);
  }

  /* What was varied, what was filled in, and that nobody compared it with observed times. */
  S.showSure = function () {
    const told = data.certainty, index = data.rural_access, errors = errorsText();
    document.getElementById("sure").hidden = !told && !index && !errors;
    if (!told && !index && !errors) return;
    const norms = data.norms.filter((norm) => norm.headline && !norm.nothing_mapped && S.normSpan(norm));
    // One place stands in no order.
    const isOrdered = data.figures.some(({ key, value }) => key === "settlements" && value > 1), isBare = told && S.speedStatus(told) === "uncalibrated";
    document.getElementById("sure-title").textContent = S.t(isBare && isOrdered ? "sure.title_uncalibrated" : "sure.title");
    document.getElementById("sure-line").textContent = !told ? "" : norms.length ? S.answerParts.variedText(told) : S.t("sure.short_" + S.speedStatus(told));
    S.fill("sure-bars", rangeBars(norms));
    S.fill("sure-body", [
      told && (isOrdered || !isBare) ? S.el("p", { class: isBare ? "issue" : "", text: S.word("sure", "status_" + S.speedStatus(told)) }) : null,
      told ? S.el("p", { text: S.sentences(S.t("sure.lead"), S.t("sure.modes", { modes: told.modes.map((mode) => S.word("by", mode)).join(S.t("sure.list")) })) }) : null,
      norms.length ? spanTable(norms) : null,
    ]);
    const rows = told ? variedRows(told) : [];
    if (errors) rows.push([S.t("sure.errors"), errors]);
    if (index) rows.push([S.t("sure.rural"), ruralText(index)]);
    S.fill("sure-facts", rows.flatMap(([label, text]) => [S.el("dt", { text: label }), S.el("dd", { text })]));
  };

  /* Modelled against observed times of the half kept aside, at the speeds in use. */
  function errorsText() {
    const found = data.calibration;
    if (!found || !found.calibrated) return "";
    const error = (name) => found[(found.status === "calibrated" ? "after_" : "before_") + name];
    const text = S.t("sure.errors_value", {
      n: found.observations, minutes: S.t("unit.min", { n: S.signed(error("median_error_min")) }), share: S.signedPercent(error("median_error_share")),
      low: S.signedPercent(error("p05_error_share")), high: S.signedPercent(error("p95_error_share")),
    });
    return S.sentences(text, found.departure && S.t("sure.observed_when", { when: found.departure }));
  }

  function variedRows(told) {
    const values = {
      speed: told.speed_factors ? S.t("sure.speed_measured", S.speedFactors(told)) : S.t("sure.speed_value", { share: S.percent(told.speed_share) }),
      walk: S.t("sure.walk_value", { slow: S.decimal(told.walk_km_h[0]), fast: S.decimal(told.walk_km_h[1]), least: S.decimal(told.detour[0]), most: S.decimal(told.detour[1]) }),
      entry: S.t("sure.entry_value"), season: S.t("sure.season_value"),
    };
    return [[S.t("sure.table"), told.speeds], ...told.factors.map((name) => [S.t("sure." + name), values[name]])];
  }
})(window.Spatial);
