"use strict";
/* Tables of a comparison that sort by their headings, and fold on a phone. */
(function (S) {
  const SHORT = 4, PHONE = "screen and (max-width: 560px)";
  const text = (words, options) => S.el("span", { ...options, text: words });
  S.plainText = text;

  /* Compare by a value: texts by the language, numbers by size, what is not known last either way. */
  function inOrder(rows, value, down) {
    const collator = new Intl.Collator(S.locale()), sign = down ? -1 : 1;
    return rows.map((row, at) => [row, at]).sort(([a, i], [b, j]) => {
      const [x, y] = [value(a), value(b)];
      if (typeof x === "string" && typeof y === "string") return sign * collator.compare(x, y) || i - j;
      if (!S.isKnown(x) || !S.isKnown(y)) return Number(!S.isKnown(x)) - Number(!S.isKnown(y)) || i - j;
      return sign * (x - y) || i - j;
    }).map(([row]) => row);
  }
  S.inOrder = inOrder;

  /* Columns: key, head, value (to sort by), cell (nodes or text), numeric, down (the first direction). */
  S.sortTable = function (target, columns, rows, order, redraw) {
    const chosen = columns.find((column) => column.key === order.key) || columns[0];
    const head = (column) => {
      const on = column === chosen;
      if (!column.value) return S.el("th", { scope: "col", class: column.numeric ? "numeric" : undefined, text: column.head });
      const sort = () => {
        Object.assign(order, { key: column.key, down: on ? !order.down : Boolean(column.down) });
        redraw();
        document.getElementById("sort-" + target + "-" + column.key).focus();
      };
      return S.el("th", { scope: "col", class: column.numeric ? "numeric" : undefined, "aria-sort": on ? (order.down ? "descending" : "ascending") : "none" }, [
        S.el("button", { type: "button", class: "sort", id: "sort-" + target + "-" + column.key, on: { click: sort } }, [text(column.head), text(on ? (order.down ? "▼" : "▲") : "", { "aria-hidden": "true", class: "sort-sign" })]),
      ]);
    };
    const cell = (column, row, k) => {
      const made = column.cell(row);
      const children = typeof made === "string" ? [text(made)] : [].concat(made);
      if (k === 0) return S.el("th", { scope: "row" }, children);
      return S.el("td", { class: column.numeric ? "numeric" : undefined, "data-head": column.head }, children);
    };
    const sorted = chosen.value ? inOrder(rows, chosen.value, order.down) : rows;
    return S.el("table", { class: "rows" }, [S.el("thead", {}, [S.el("tr", {}, columns.map(head))]), S.el("tbody", {}, sorted.map((row) => S.el("tr", {}, columns.map((column, k) => cell(column, row, k)))))]);
  };

  /* A change to one scale: to the right where it rose, to the left where it fell. */
  S.changeBar = function (value, most) {
    const share = S.isKnown(value) && most > 0 ? (50 * Math.abs(value)) / most : 0;
    return S.el("span", { class: "change-bar", "aria-hidden": "true" }, [S.el("b", { class: value < 0 ? "down" : "up", style: value < 0 ? { right: "50%", width: share + "%" } : { left: "50%", width: share + "%" } })]);
  };

  const folds = () => [...document.querySelectorAll("details.fold")];
  const lines = (fold) => fold.querySelectorAll("tbody tr, li").length;

  /* On a phone a table longer than SHORT waits until it is asked for; a desk shows every one, and paper whatever was closed. */
  S.startFolds = function () {
    const phone = window.matchMedia(PHONE), open = (all, on) => { for (const one of all) one.open = on; };
    let closed = [];
    open(folds().filter((fold) => lines(fold) > SHORT), !phone.matches);
    // Not asked of the media query, which tells nothing where paper was its last answer.
    window.addEventListener("resize", () => { if (!phone.matches) open(folds(), true); });
    window.addEventListener("beforeprint", () => {
      closed = [...document.querySelectorAll("details:not([open])")];
      open(closed, true);
    });
    window.addEventListener("afterprint", () => open(closed, false));
  };

  S.labelFolds = function () {
    for (const fold of folds()) {
      const summary = fold.firstElementChild, heading = [...fold.parentElement.querySelectorAll("h2, h3")].pop();
      summary.hidden = lines(fold) <= SHORT;
      summary.textContent = S.t("compare.lines", { n: lines(fold) });
      summary.setAttribute("aria-label", heading.textContent + S.t("page.colon") + summary.textContent);
    }
  };

  const formats = {};
  const format = (name, options) => {
    const key = S.locale() + name;
    if (!formats[key]) formats[key] = S.numberFormat(options);
    return formats[key];
  };
  S.thousandths = (value) => (S.isKnown(value) ? format("three", { minimumFractionDigits: 3, maximumFractionDigits: 3 }).format(value) : "–");
  S.signedThousandths = (value) => (S.isKnown(value) ? format("signed", { minimumFractionDigits: 3, maximumFractionDigits: 3, signDisplay: "negative" }).format(value).replace(/^(?=[^-−])/, Math.round(value * 1000) > 0 ? "+" : "") : "–");
  S.fourDecimals = (value) => (S.isKnown(value) ? format("four", { minimumFractionDigits: 4, maximumFractionDigits: 4, signDisplay: "negative" }).format(value).replace(/^(?=[^-−])/, Math.round(value * 10000) > 0 ? "+" : "") : "–");
})(window.Spatial);
