"use strict";
/* Blocks of the first page: what if, response of crews, room at facilities. None without its table. */
(function (S) {
  const { scenarios, emergency, served, warnings } = S.data.trials;
  const serviceName = (entry) => S.pick(entry.names, S.capital(entry.service.replace(/_/g, " ")));
  const serviceLink = (entry) => (entry.file ? S.el("a", { href: S.pageLink(entry.file), text: serviceName(entry) }) : S.el("span", { text: serviceName(entry) }));
  const numeric = (text) => S.el("td", { class: "numeric", text });

  function table(heads, rows) {
    const head = S.el("tr", {}, heads.map((text, k) => S.el("th", { scope: "col", class: k ? "numeric" : undefined, text })));
    return S.el("div", { class: "table-scroll" }, [S.el("table", { class: "plain spans trio" }, [S.el("thead", {}, [head]), S.el("tbody", {}, rows)])]);
  }

  const uncounted = (n) => (S.hasPeople() && n > 0 ? S.el("p", { class: "muted", text: S.t("legend.uncounted", { n }) }) : null);

  function scenario(name) {
    const own = scenarios.filter((entry) => entry.scenario === name);
    const heads = ["service", "gained", "lost", "unchanged"].map((key) => S.t("trial.head_" + key));
    const rows = own.map((entry) => {
      const sums = entry[S.hasPeople() ? "persons" : "places"];
      const norm = S.t("trial.within", { minutes: S.limitText(entry.cutoff_min, "min"), mode: S.word("by", entry.mode) });
      return S.el("tr", {}, [
        S.el("th", { scope: "row" }, [serviceLink(entry), S.el("span", { class: "muted", text: " " + norm })]),
        ...["gained", "lost", "unchanged"].map((key) => numeric(S.number(sums[key]))),
      ]);
    });
    return S.el("div", { class: "card" }, [
      S.el("h3", { text: S.pick(own[0].title, S.capital(name.replace(/[-_]/g, " "))) }),
      table(heads, rows), uncounted(Math.max(...own.map((entry) => entry.unknown_places))),
    ]);
  }

  function crew(entry) {
    const noun = S.hasPeople() ? "persons" : "places";
    const rows = entry.targets.map((target) => {
      const within = target["within_" + noun], beyond = target["beyond_" + noun];
      return S.el("tr", {}, [
        S.el("th", { scope: "row", text: S.t("trial.target", { minutes: S.limitText(target.target_min, "min") }) }),
        numeric(S.number(within)), numeric(S.percent(within + beyond > 0 ? within / (within + beyond) : NaN)), numeric(S.number(beyond)),
      ]);
    });
    const heads = [S.t("trial.head_target"), S.t("trial.head_within_" + noun), S.t("table.share"), S.t("trial.head_beyond_" + noun)];
    return S.el("div", { class: "card" }, [
      S.el("h3", {}, [serviceLink(entry)]),
      S.el("p", { text: S.crewText(entry) }),
      table(heads, rows), uncounted(entry.unknown_places),
    ]);
  }

  function room(entry) {
    const parts = [["served", "within"], ["full", "full"], ["not_reached", "beyond"]];
    const total = entry.served + entry.full + entry.not_reached;
    return S.el("div", { class: "card" }, [
      S.el("h3", {}, [serviceLink(entry)]),
      S.el("p", { text: S.t("trial.room_of", { n: total, mode: S.word("by", entry.mode) }) }),
      total > 0 ? S.el("div", { class: "share-bar", "aria-hidden": "true" }, parts.filter(([name]) => entry[name] > 0).map(([name, look]) => S.el("span", { class: "share-" + look, style: { flexGrow: String(entry[name]) } }))) : null,
      S.el("dl", { class: "thirds" }, parts.map(([name, look]) => S.el("div", {}, [
        S.el("dt", {}, [S.el("span", { class: "key share-" + look, "aria-hidden": "true" }), S.el("span", { text: S.t("trial." + name) })]),
        S.el("dd", { text: S.number(entry[name]) }), S.el("dd", { class: "muted", text: S.percent(total > 0 ? entry[name] / total : NaN) }),
      ]))),
    ]);
  }

  function block(id, cards) {
    document.getElementById(id).hidden = cards.length === 0;
    S.fill(id + "-body", cards);
  }

  S.showTrials = function () {
    block("what-if", [
      ...warnings.map((said) => S.el("p", { class: "issue", text: S.pick(said, "") })),
      ...[...new Set(scenarios.map((entry) => entry.scenario))].map(scenario),
    ]);
    block("emergency", emergency.map(crew));
    block("room", served.map(room));
  };
})(window.Spatial);
