"use strict";
/* Words and numbers in the language shown. */
(function (S) {
  const data = S.data;
  const { keys, texts } = S.json(data.messages);
  data.messages = Object.fromEntries(Object.entries(texts).map(([language, told]) => [
    language, Object.fromEntries(keys.map((key, k) => [key, told[k]]).filter(([, text]) => text !== null)),
  ]));
  S.language = data.language;
  const listeners = [];
  let formats = {};

  S.readHash = function (fragment) {
    const parts = {};
    for (const part of fragment.slice(1).split("&")) {
      const cut = part.indexOf("=");
      if (cut > 0) {
        try {
          parts[part.slice(0, cut)] = decodeURIComponent(part.slice(cut + 1).replace(/\+/g, " "));
        } catch (error) {
          continue;
        }
      }
    }
    return parts;
  };
  S.hash = S.readHash(window.location.hash);
  if (Object.prototype.hasOwnProperty.call(data.messages, S.hash.lang || "")) S.language = S.hash.lang;

  S.locale = () => data.messages[S.language]["page.locale"];

  S.has = (key) => Object.prototype.hasOwnProperty.call(data.messages[S.language], key);

  /* English has one singular, 1; French has 0 and 1; others have forms for two, for few, for many. */
  function formOf(n) {
    if (!formats.plural) formats.plural = new Intl.PluralRules(S.locale());
    return formats.plural.select(S.whole(n));
  }

  const isVowel = /^(?!(?:Ou|Y)[aeiouéè])[AEIOUYÀÂÄÉÈÊËÎÏÔÖÙÛÜŒ]/;

  S.t = function (key, values) {
    const words = data.messages[S.language];
    let text = words[key];
    if (values && typeof values.n === "number") {
      const form = formOf(values.n);
      if (form !== "other" && S.has(key + "_" + form)) text = words[key + "_" + form];
    }
    if (text === undefined) return key;
    return text.replace(/(\bde )?\{(\w+)\}/g, (whole, of, name) => {
      const value = values ? values[name] : undefined;
      if (value === undefined) return whole;
      // French parts with the e of "de" before Alba.
      return (of && isVowel.test(value) ? "d’" : of || "") + (typeof value === "number" ? S.number(value) : value);
    });
  };

  /* A message where there is one, the code in plain letters where there is none. */
  S.word = function (section, code) {
    const key = section + "." + code;
    return S.has(key) ? S.t(key) : String(code).replace(/_/g, " ");
  };

  /* A name that is written in two scripts, as on the ground, begins with that of the page, everywhere. */
  const scripts = new Map();
  const isOwnScript = (word) => {
    const told = S.t("page.own_script"), own = told === "any" ? "Latin" : told;
    if (!scripts.has(own)) scripts.set(own, new RegExp("\\p{Script=" + own + "}", "u"));
    return scripts.get(own).test(word);
  };
  S.inScriptOrder = function (name) {
    if (!/[^\x00-\u024f]/.test(name) || !/\s/.test(name)) return name;
    const words = name.split(/\s+/), own = words.filter(isOwnScript), rest = words.filter((word) => !isOwnScript(word));
    return own.length && rest.some((word) => /\p{L}/u.test(word)) ? [...own, ...rest].join(" ") : name;
  };

  /* A text by language: the one shown, else as it is written there, else English, else the first. */
  S.pick = function (names, fallback) {
    const known = names || {};
    return known[S.language] || S.inScriptOrder(known.und || "") || known.en || known[Object.keys(known).sort()[0]] || fallback || "";
  };

  /* Names from right to left stand by themselves before a number, which would else change sides; alone they stay as they are, to be copied. */
  S.isolated = (text) => text.replace(/[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]+(?:[\s\p{P}]+[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]+)*(?=[^\p{L}]*\p{N})/gu, "\u2068$&\u2069");

  S.lengthText = (metres) => (metres >= 1000 ? S.t("unit.km", { n: metres / 1000 }) : S.t("unit.m", { n: metres }));

  /* What is told, one sentence after another: Chinese leaves no space between them. */
  S.sentences = (...told) => told.filter(Boolean).join(S.t("page.joint"));
  S.bracketed = (text) => S.t("page.brackets", { text });

  /* Four digits are grouped in every language, and halves go to the even number, as they do in sentences. */
  S.numberFormat = (options) => new Intl.NumberFormat(S.locale(), { useGrouping: "always", roundingMode: "halfEven", ...options });

  S.whole = function (value) {
    const near = Math.round(value);
    return near - value === 0.5 && near % 2 ? near - 1 : near;
  };

  /* Whole numbers that add up to their rounded sum: up, where most is lost by rounding down. */
  S.wholeParts = function (parts) {
    const whole = parts.map(Math.floor), total = S.whole(parts.reduce((sum, part) => sum + part, 0));
    const order = [...parts.keys()].sort((one, two) => whole[one] - parts[one] - (whole[two] - parts[two]) || one - two);
    for (const at of order.slice(0, Math.max(0, total - whole.reduce((sum, part) => sum + part, 0)))) whole[at] += 1;
    return whole;
  };

  function format(name, options) {
    if (!formats[name]) formats[name] = S.numberFormat(options);
    return formats[name];
  }

  S.number = function (value) {
    return format("whole", { maximumFractionDigits: 0 }).format(S.whole(value));
  };

  S.decimal = (value) => format("decimal", { maximumFractionDigits: 1 }).format(value);

  S.hundredths = (value) => format("hundredths", { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value);

  S.thousandths = (value) => format("thousandths", { maximumFractionDigits: 3 }).format(value);

  S.signed = (value) => format("signed", { maximumFractionDigits: 1, signDisplay: "exceptZero" }).format(value);

  S.signedPercent = (share) => S.t("unit.percent", { n: S.signedNumber(100 * share) });

  S.signedNumber = (value) => format("signedNumber", { maximumFractionDigits: 0, signDisplay: "exceptZero" }).format(value);

  S.signedTenths = (share) => S.t("unit.percent", { n: S.signed(100 * share) });

  S.percent = function (share) {
    if (!isFinite(share)) return "–";
    // Of a share that lies right between two tenths of a percent, such as 6.25, the even one.
    const percent = 100 * share;
    let tenths = percent % 1 === 0.25 ? Math.floor(10 * percent) : Math.round(10 * Number(percent.toFixed(1)));
    if (share < 1 && tenths >= 1000) tenths = 999;
    if (share > 0 && tenths <= 0) tenths = 1;
    return S.t("unit.percent", { n: S.decimal(tenths / 10) });
  };

  S.distance = function (metres) {
    if (!isFinite(metres)) return "–";
    if (metres < 999.5) return S.t("unit.m", { n: metres });
    return S.t("unit.km", { n: format("km", { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(metres / 1000) });
  };

  S.minutes = (value) => (isFinite(value) ? S.t("unit.min", { n: value }) : "–");

  /* A limit has as many decimals as it needs, to the metre: of 7.5 minutes, 8 are too many, and six miles are 9.656 km. */
  S.limitText = function (value, unit) {
    const isFar = unit === "m" && value >= 1000;
    if (!["min", "m"].includes(unit) || value === null || !isFinite(value) || (!isFar && value % 1 === 0)) return S.measure(value, unit);
    if (isFar) return S.t("unit.km", { n: S.thousandths(value / 1000) });
    return S.t("unit." + unit, { n: S.figure(value) });
  };

  S.figure = (value) => format("figure", { maximumFractionDigits: 2 }).format(value);

  /* A value beside its threshold: rounding never hides that the threshold is passed. */
  S.measure = function (value, unit, threshold) {
    if (value === null || !isFinite(value)) return "–";
    if (unit === "min") {
      const hidden = threshold !== undefined && value > threshold && S.whole(value) <= threshold;
      return hidden ? "> " + S.limitText(threshold, unit) : S.minutes(value);
    }
    if (unit === "m" && value >= 1000 && value % 1000 === 0) return S.t("unit.km", { n: value / 1000 });
    if (unit === "m") return S.distance(value);
    return S.number(value) + (unit ? " " + S.word("term", unit) : "");
  };

  S.onLanguage = (listener) => listeners.push(listener);

  S.setLanguage = function (language) {
    S.language = language;
    formats = {};
    document.documentElement.lang = S.locale();
    for (const node of document.querySelectorAll("[data-i18n]")) node.textContent = S.t(node.dataset.i18n);
    for (const node of document.querySelectorAll("[data-i18n-label]")) {
      node.setAttribute("aria-label", S.t(node.dataset.i18nLabel));
    }
    for (const node of document.querySelectorAll("[data-i18n-placeholder]")) {
      node.setAttribute("placeholder", S.t(node.dataset.i18nPlaceholder));
    }
    for (const listener of listeners) listener();
  };
})(window.Spatial);
