"use strict";
/* The filters: township, tier, people and a norm not met. Headline, legend, map and table count what they leave. */
(function (S) {
  const NOTHING = { township: -1, tier: -1, people: 0, norm: -1 };
  const notMet = () => S.data.norm_statuses.indexOf("not_met");

  /* Whether its class is shown: all are, or the one that was chosen in the legend. */
  S.isShown = (state, i) => !state.only || S.classesOf(state.layer)[state.classes[i]] === state.only;

  S.noFilter = () => Object.assign({}, NOTHING);
  S.isFiltered = (state) => Object.keys(NOTHING).some((name) => state.filter[name] !== NOTHING[name]);

  /* Whether the filters leave a settlement; a place without a known population is not above any number. */
  S.inFilter = function (state, i) {
    const { places, filter } = state;
    return (filter.township < 0 || places.township[i] === filter.township) && S.inFilterBesideTownship(state, i);
  };

  S.inFilterBesideTownship = function (state, i) {
    const { places, filter } = state;
    return (filter.tier < 0 || places.tier[i] === filter.tier) &&
      (filter.people <= 0 || places.population[i] >= filter.people) &&
      (filter.norm < 0 || state.norms[filter.norm].places.mapped[i] === notMet());
  };

  /* What the filters leave, in words; the table by township names the townships itself. */
  S.filterText = function (state, besideTownship) {
    const { places, filter } = state;
    return [
      filter.township >= 0 && !besideTownship ? S.townshipName(state, filter.township) : "",
      filter.tier >= 0 ? S.word("tier", places.tiers[filter.tier]) : "",
      filter.people > 0 ? S.t("filter.only_people", { n: filter.people, people: S.number(filter.people) }) : "",
      filter.norm >= 0 ? S.t("filter.only_norm", { norm: S.normText(state.norms[filter.norm]) }) : "",
    ].filter(Boolean).join(S.t("filter.joint"));
  };

  function options(select, entries, chosen) {
    S.fill(select, entries.map(([value, text]) => S.el("option", { value: value, text: text, selected: value === chosen })));
    document.getElementById(select).parentElement.hidden = entries.length < 3;
  }

  S.showFilters = function (state) {
    const { places, filter } = state;
    const collator = new Intl.Collator(S.language);
    const order = places.townships.map((_, code) => code)
      .sort((a, b) => collator.compare(S.townshipName(state, a), S.townshipName(state, b)));
    options("filter-township", [[-1, S.t("filter.all_townships")]].concat(order.map((code) => [code, S.townshipName(state, code)])), filter.township);
    options("filter-tier", [[-1, S.t("filter.all_tiers")]].concat(places.tiers.map((tier, code) => [code, S.word("tier", tier)])), filter.tier);
    const failed = state.norms.map((norm, k) => [k, norm]).filter(([, norm]) => norm.places && norm.places.mapped.includes(notMet()));
    options("filter-norm", [[-1, S.t("filter.any_norm")]].concat(failed.map(([k, norm]) => [k, S.normText(norm) + " · " + norm.id])), filter.norm);
    document.getElementById("filter-norm").parentElement.hidden = failed.length === 0;
    const people = document.getElementById("filter-people");
    people.parentElement.hidden = !places.population;
    if (Number(people.value) !== filter.people) people.value = filter.people || "";
  };

  S.clearFilters = function (state) {
    state.filter = S.noFilter();
    state.only = null;
    S.showFilters(state);
  };

  S.startFilters = function (state, update) {
    const listen = (id, event, name, read) => document.getElementById(id).addEventListener(event, (change) => {
      state.filter[name] = read(change.target.value);
      update();
    });
    listen("filter-township", "change", "township", Number);
    listen("filter-tier", "change", "tier", Number);
    listen("filter-norm", "change", "norm", Number);
    listen("filter-people", "input", "people", (text) => Math.max(0, Number(text) || 0));
    document.getElementById("filter-reset").addEventListener("click", () => {
      S.clearFilters(state);
      update();
      document.getElementById("tab-result").focus();
    });
    for (const button of document.querySelectorAll(".only-off")) button.addEventListener("click", () => { state.only = null; update(); });
  };

  /* Said where the results are, with the way back. */
  S.showFiltered = function (state) {
    document.getElementById("filtered").hidden = !S.isFiltered(state);
    document.getElementById("filtered-text").textContent = S.t("filter.only", { where: S.filterText(state) });
    const only = state.only ? S.t("filter.only", { where: S.classLabel(state.layer, state.only, state.threshold) }) : "";
    for (const button of document.querySelectorAll(".only-off")) {
      button.hidden = !only;
      button.querySelector("span").textContent = only;
    }
  };
})(window.Spatial);
