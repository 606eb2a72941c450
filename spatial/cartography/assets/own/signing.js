"use strict";
/* A signature belongs to the numbers that it was given for: it is kept with their fingerprint, in the address, in a file and where
   the browser keeps things, and the page of a later run says what has changed since. */
(function (S) {
  const data = S.data, sign = data.sign, place = "spatial-signature-" + data.study.name;
  const FIELDS = ["office", "name", "date"], SHOWN = 12;
  let signature = null, shown = {};

  const field = (name) => document.getElementById("sign-" + name);

  /* Whatever was written elsewhere is checked: three texts, a fingerprint, and numbers by row. */
  function checked(told) {
    if (!told || typeof told !== "object" || typeof told.fingerprint !== "string" || !told.rows || typeof told.rows !== "object") return null;
    if (!FIELDS.every((name) => typeof told[name] === "string") || told.study !== data.study.name) return null;
    const isNumber = (value) => value === null || typeof value === "number";
    return Object.values(told.rows).every((row) => Array.isArray(row) && row.length === 2 && row.every(isNumber)) ? told : null;
  }

  function parsed(text) {
    try {
      return checked(JSON.parse(text));
    } catch (error) {
      return null;
    }
  }

  /* Some browsers keep nothing for a file of the disk. */
  function stored(text) {
    try {
      if (text === undefined) return localStorage.getItem(place);
      if (text === null) localStorage.removeItem(place);
      else localStorage.setItem(place, text);
    } catch (error) {
      return null;
    }
    return null;
  }

  function keep(told) {
    signature = told;
    stored(told && JSON.stringify(told));
    const parts = window.location.hash.slice(1).split("&").filter((part) => part && !part.startsWith("signed="));
    if (told) parts.push("signed=" + encodeURIComponent(JSON.stringify(told)));
    history.replaceState(null, "", "#" + parts.join("&"));
    S.showSigning(shown);
  }

  function changes() {
    const items = new Set([...Object.keys(signature.rows), ...Object.keys(shown)]), same = (a, b) => a === b || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
    return [...items].flatMap((item) => {
      const was = signature.rows[item], now = shown[item];
      if (was && now && same(was[0], now.ours) && same(was[1], now.official)) return [];
      const text = now ? now.text : (value) => (value === null ? "–" : S.number(value)), at = was && now && same(was[0], now.ours) ? 1 : 0;
      return [{ name: now ? now.name : item, was: was ? text(was[at]) : "–", now: now ? text(at ? now.official : now.ours) : "–" }];
    });
  }

  S.showSigning = function (rows) {
    shown = rows;
    document.getElementById("fingerprint").textContent = S.t("sign.fingerprint", { code: sign.fingerprint });
    document.getElementById("sign-remove").hidden = document.getElementById("sign-save").hidden = !signature;
    const note = document.getElementById("signed");
    note.hidden = !signature;
    if (!signature) return;
    for (const name of FIELDS) field(name).value = signature[name];
    const who = { name: signature.name, office: signature.office, date: signature.date, code: signature.fingerprint }, same = signature.fingerprint === sign.fingerprint, found = same ? [] : changes();
    note.className = same ? "signed-same" : "signed-changed";
    S.fill(note, [
      S.el("p", { text: S.t(same ? "sign.signed_same" : "sign.signed_changed", { ...who, n: found.length }) }),
      found.length ? S.el("ul", {}, found.slice(0, SHOWN).map((row) => S.el("li", { text: S.t("sign.changed_row", row) }))) : null,
      found.length > SHOWN ? S.el("p", { class: "muted", text: S.t("fact.more", { n: found.length - SHOWN }) }) : null,
    ]);
  };

  S.startSigning = function () {
    signature = parsed(S.hash.signed || "") || parsed(stored() || "");
    document.getElementById("sign-now").addEventListener("click", () => {
      const missing = FIELDS.find((name) => !field(name).value.trim());
      if (missing) return field(missing).focus();
      const told = Object.fromEntries(FIELDS.map((name) => [name, field(name).value.trim()]));
      return keep({ study: data.study.name, ...told, fingerprint: sign.fingerprint, rows: sign.rows });
    });
    document.getElementById("sign-remove").addEventListener("click", () => {
      for (const name of FIELDS) field(name).value = "";
      keep(null);
    });
    document.getElementById("sign-save").addEventListener("click", () => {
      const address = URL.createObjectURL(new Blob([JSON.stringify(signature)], { type: "application/json" })), link = S.el("a", { href: address, download: "signature-" + data.study.name + ".json" });
      link.click();
      setTimeout(() => URL.revokeObjectURL(address), 1000);
    });
    document.getElementById("sign-open").addEventListener("change", async (event) => {
      const [file] = event.target.files, told = file ? parsed(await file.text()) : null;
      event.target.value = "";
      if (told) keep(told);
      else if (file) S.fill(document.getElementById("signed"), [S.el("p", { text: S.t("sign.not_a_signature") })]).hidden = false;
    });
  };
})(window.Spatial);
