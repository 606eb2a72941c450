"use strict";
/* The address says what is shown: each part of a page tells by a key how it stands and takes that back, so that a copied
   link opens the same view. */
(function (S) {
  const REST_MS = 250; // browsers refuse an address that changes many times a second
  const COPIED_MS = 2500;
  const parts = new Map();
  let timer = 0;

  const plain = (text) => encodeURIComponent(text).replace(/%2C/g, ",").replace(/%3A/g, ":").replace(/%3B/g, ";").replace(/%2F/g, "/").replace(/%20/g, "+");

  function fragment() {
    const said = ["lang=" + S.language];
    for (const [key, { get }] of parts) {
      const text = get();
      if (text) said.push(key + "=" + plain(text));
    }
    return "#" + said.join("&");
  }

  function write() {
    clearTimeout(timer);
    timer = 0;
    // A page inside another one may not change its address.
    try {
      window.history.replaceState(window.history.state, "", fragment());
    } catch (error) {
      if (error.name !== "SecurityError") throw error;
    }
  }

  S.view = {
    /* `get` gives a text, empty where the part stands as the page opens; `set` takes any text, rubbish too, and the empty
       one to go back. Parts are set in the order in which they register. */
    register: (key, get, set) => parts.set(key, { get, set }),

    /* Called by whatever changes: the address follows when all rests. */
    changed: () => { if (!timer) timer = setTimeout(write, REST_MS); },

    /* Set what the address names; all parts where another address came instead of the one shown. */
    read(isWhole) {
      for (const [key, { set }] of parts) {
        const text = S.hash[key];
        if (text !== undefined || isWhole) set(text === undefined ? "" : text);
      }
    },

    /* What other pages take as well. */
    told: (keys) => Object.fromEntries(keys.map((key) => [key, parts.get(key).get()]).filter(([, text]) => text)),

    link: () => window.location.href.split("#")[0] + fragment(),
  };

  /* A link to a part of this page is no view. The event knows the address that came, which may be written over by now. */
  S.followAddress = function () {
    window.addEventListener("hashchange", (event) => {
      const { hash } = new URL(event.newURL);
      if (!hash.includes("=")) {
        // What was about to be written would take the reader away from that part.
        clearTimeout(timer);
        timer = 0;
        return;
      }
      S.hash = S.readHash(hash);
      const language = S.hash.lang;
      if (language !== S.language && S.data.messages[language]) S.setLanguage(language);
      S.view.read(true);
      write(); // at once: an address that went back to the old one would not be followed when it is put in again
    });
  };

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch (refused) {
      const box = S.el("textarea", { readonly: true, class: "visually-hidden" });
      box.value = text;
      document.body.append(box);
      box.select();
      const isCopied = document.execCommand("copy");
      box.remove();
      return isCopied;
    }
  }

  /* Says for a while that it worked; else shows the link, to be copied by hand. */
  S.linkButton = function () {
    const button = S.el("button", { type: "button", id: "copy-link", text: S.t("view.copy"), title: S.t("view.copy_note") });
    button.addEventListener("click", async () => {
      write();
      if (!(await copy(S.view.link()))) {
        window.prompt(S.t("view.copy"), S.view.link());
        return;
      }
      button.focus();
      button.textContent = S.t("view.copied");
      setTimeout(() => { button.textContent = S.t("view.copy"); }, COPIED_MS);
    });
    return button;
  };
})(window.Spatial);
