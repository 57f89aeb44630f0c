// What pages cannot do with HTML alone. Every listener is delegated, so it survives htmx's swaps.
(() => {
  "use strict";

  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const on = (event, handle) => document.addEventListener(event, handle);
  // What the script says, in the language of the page; pages without toasts say nothing.
  const words = (one("[data-toasts]") || document.body).dataset;

  // Toasts ------------------------------------------------------------------------------------

  const TOAST_MILLISECONDS = 6000;
  const WAIT_MILLISECONDS = 1000;

  function expire(toast) {
    // Errors stay until they are dismissed; the pointer or the focus on a toast keeps it too.
    if (toast.dataset.level === "error") return;
    let timer;
    const start = () => (timer = setTimeout(() => toast.remove(), TOAST_MILLISECONDS));
    const stop = () => clearTimeout(timer);
    toast.addEventListener("mouseenter", stop);
    toast.addEventListener("focusin", stop);
    toast.addEventListener("mouseleave", start);
    toast.addEventListener("focusout", start);
    start();
  }

  function showToast(level, text, requestId) {
    const template = one(`template[data-toast="${level}"]`) || one('template[data-toast="info"]');
    if (!template) return;
    const toast = template.content.firstElementChild.cloneNode(true);
    const body = one("[data-text]", toast);
    body.textContent = text;
    if (requestId) {
      const line = document.createElement("div");
      line.className = "notify-id";
      line.append(`${words.request} `, Object.assign(document.createElement("code"), { textContent: requestId }));
      body.append(line);
    }
    one("[data-toasts]").append(toast);
    expire(toast);
  }

  on("click", (event) => {
    const button = event.target.closest("[data-toast-close]");
    if (button) button.closest(".notify").remove();
  });

  on("toast", (event) => {
    for (const toast of event.detail.toasts || []) showToast(toast.level, toast.text);
  });

  on("htmx:responseError", (event) => {
    const answer = event.detail.xhr;
    const plain = (answer.getResponseHeader("Content-Type") || "").startsWith("text/plain");
    const said = (plain && answer.responseText) || words[`error${answer.status}`];
    showToast(
      "error",
      said || words.error.replace("{status}", answer.status),
      answer.getResponseHeader("X-Request-ID"),
    );
  });
  on("htmx:sendError", () => showToast("error", words.unreachable));
  on("htmx:timeout", () => showToast("error", words.late));

  // A sign-in in another tab gives a new token; the page was drawn with the old one.
  const token = () => (document.cookie.match(/(?:^|; )csrftoken=([^;]+)/) || [])[1];
  on("htmx:configRequest", (event) => {
    const { verb, headers, parameters } = event.detail;
    if (verb === "get" || !token()) return;
    headers["X-CSRFToken"] = token();
    if (parameters.csrfmiddlewaretoken) parameters.csrfmiddlewaretoken = token();
  });
  document.addEventListener(
    "submit",
    (event) => {
      const field = event.target.elements.namedItem("csrfmiddlewaretoken");
      if (field && token()) field.value = token();
    },
    true,
  );

  // Progress ----------------------------------------------------------------------------------

  let running = 0;
  function progress(change) {
    running = Math.max(0, running + change);
    const line = one("[data-progress]");
    if (line) line.hidden = running === 0;
  }
  on("htmx:beforeSend", () => progress(1));
  on("htmx:afterRequest", () => progress(-1));

  // A dialog says that it waits, once an answer takes longer than a moment.
  let waiting = 0;
  on("htmx:beforeSend", (event) => {
    const place = event.detail.elt.matches("[data-unsaved]") && one("[data-wait]", event.detail.elt);
    if (!place) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => (place.textContent = place.dataset.wait), WAIT_MILLISECONDS);
  });
  on("htmx:afterRequest", (event) => {
    if (!event.detail.elt.matches("[data-unsaved]")) return;
    clearTimeout(waiting);
    for (const place of all("[data-wait]")) place.textContent = "";
  });

  // Dialogs -----------------------------------------------------------------------------------

  const dialog = one("[data-dialog]");
  const question = one("[data-discard]");
  let opener = null;
  let openerId = "";
  let asEntered = "";

  const unsavedForm = () => dialog && one("form[data-unsaved]", dialog);
  const entered = (form) =>
    form ? JSON.stringify([...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken" && name !== "once").map(([name, value]) => [name, String(value)])) : "";

  function focusInside() {
    const goal =
      one('[aria-invalid="true"]', dialog) ||
      one("[data-error-focus]", dialog) ||
      one("[autofocus]", dialog) ||
      one('form input:not([type="hidden"]):not([disabled]), form select:not([disabled]), form textarea:not([disabled])', dialog) ||
      one("#dialog-title", dialog);
    if (goal) goal.focus();
  }

  function openDialog() {
    // Toasts move into the dialog: what is outside a modal dialog can be neither read nor clicked.
    dialog.append(one("[data-toasts]"), one("[data-progress]"));
    dialog.showModal();
    window.addEventListener("beforeunload", askFirst);
    asEntered = entered(unsavedForm());
    focusInside();
  }

  function closeDialog() {
    if (!dialog.open) return;
    dialog.close();
  }

  function isChanged() {
    const form = unsavedForm();
    return dialog.open && Boolean(form) && entered(form) !== asEntered;
  }

  function leaveDialog() {
    if (isChanged()) question.showModal();
    else closeDialog();
  }

  // The browser asks before Back, Reload or a link takes what was entered.
  function askFirst(event) {
    if (isChanged()) event.preventDefault();
  }
  // The console itself moves on once it has carried out what was entered.
  on("htmx:beforeOnLoad", (event) => {
    if (event.detail.xhr.getResponseHeader("HX-Redirect")) window.removeEventListener("beforeunload", askFirst);
  });

  if (dialog) {
    dialog.addEventListener("close", () => {
      window.removeEventListener("beforeunload", askFirst);
      document.body.append(one("[data-toasts]"), one("[data-progress]"));
      one("#dialog").replaceChildren();
      const back = opener && opener.isConnected ? opener : openerId && document.getElementById(openerId);
      (back || one("#main")).focus();
      opener = null;
    });
    dialog.addEventListener("cancel", (event) => {
      if (event.target !== dialog) return;
      event.preventDefault();
      leaveDialog();
    });
    // Chromium closes on the second Escape without asking, unless the key never arrives.
    dialog.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      event.preventDefault();
      leaveDialog();
    });
  }

  on("htmx:beforeRequest", (event) => {
    const target = event.detail.target;
    if (!dialog || dialog.open || !target || target.id !== "dialog") return;
    const menu = event.detail.elt.closest("[popover]");
    opener = (menu && buttonOf(menu)) || event.detail.elt;
    openerId = opener.id;
  });

  // Settled, not swapped: until then htmx shows fields of the same id with their old attributes.
  on("htmx:afterSettle", (event) => {
    // A part that comes with something to read first, as a refused form does.
    const news = !(dialog && dialog.open) && one("[data-error-focus]", event.detail.elt);
    if (news) news.focus();
    if (!dialog || event.detail.target.id !== "dialog" || !event.detail.target.childElementCount) return;
    if (!dialog.open) return openDialog();
    // Another dialog in its place, where a link of this one led: it starts as it came.
    if (event.detail.requestConfig && event.detail.requestConfig.verb === "get") asEntered = entered(unsavedForm());
    focusInside();
  });

  on("dialog-close", closeDialog);

  on("click", (event) => {
    if (event.target.closest("[data-dialog-close]") && dialog && dialog.open) {
      event.preventDefault();
      leaveDialog();
    } else if (event.target.closest("[data-discard-yes]")) {
      question.close();
      closeDialog();
    } else if (event.target.closest("[data-discard-no]")) {
      question.close();
    }
  });

  // Where the focus goes when what had it is not in the new part, as the row that was deleted.
  let heldFocus = false;
  on("htmx:beforeSwap", (event) => {
    const now = document.activeElement;
    heldFocus = now !== document.body && event.detail.target.contains(now);
  });
  on("htmx:afterSettle", (event) => {
    if (!heldFocus || document.activeElement !== document.body) return;
    const part = document.getElementById(event.detail.target.id) || one("#main");
    if (!part.hasAttribute("tabindex")) part.tabIndex = -1;
    part.focus({ preventScroll: true });
  });

  // Menus of rows -----------------------------------------------------------------------------

  const buttonOf = (menu) => one(`[popovertarget="${CSS.escape(menu.id)}"]`);

  // Browsers without anchors in CSS would show them in the middle of the window.
  if (!CSS.supports("position-area", "bottom")) {
    document.addEventListener(
      "toggle",
      (event) => {
        const menu = event.target;
        if (event.newState !== "open" || !menu.matches(".pop-menu")) return;
        const button = buttonOf(menu).getBoundingClientRect();
        const below = button.bottom + menu.offsetHeight < window.innerHeight;
        menu.style.top = `${below ? button.bottom : button.top - menu.offsetHeight - 8}px`;
        menu.style.left = `${Math.max(4, button.right - menu.offsetWidth)}px`;
      },
      true,
    );
  }

  // Ticks -------------------------------------------------------------------------------------
  // <div data-ticks> … <input type="checkbox" data-tick-all> … <input type="checkbox" data-tick>
  // … <span data-tick-count></span> … <button data-tick-needed> … </div>

  function countTicks(scope) {
    const ticks = all("[data-tick]:not(:disabled)", scope);
    const ticked = ticks.filter((box) => box.checked).length;
    for (const box of all("[data-tick-all]", scope)) {
      box.checked = ticked > 0 && ticked === ticks.length;
      box.indeterminate = ticked > 0 && ticked < ticks.length;
    }
    for (const place of all("[data-tick-count]", scope)) place.textContent = String(ticked);
    for (const button of all("[data-tick-needed]", scope)) button.disabled = ticked === 0;
  }

  on("change", (event) => {
    const box = event.target;
    const scope = box.closest && box.closest("[data-ticks]");
    if (!scope || !box.matches("[data-tick], [data-tick-all]")) return;
    if (box.matches("[data-tick-all]")) {
      for (const other of all("[data-tick]:not(:disabled)", scope)) other.checked = box.checked;
    }
    countTicks(scope);
  });

  // Copy --------------------------------------------------------------------------------------

  async function copyText(text, near) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    // Plain HTTP has no clipboard API. The field stands inside the dialog, if one is open.
    const field = Object.assign(document.createElement("textarea"), { value: text, className: "off-screen" });
    near.parentElement.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    if (!copied) throw new Error("refused");
  }

  on("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-from]");
    if (!button) return;
    // A value, or all the text of an element: of that the toast shows nothing.
    const source = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
    try {
      await copyText(source ? source.textContent : button.dataset.copy, button);
      showToast("success", source ? words.copied : words.copiedValue.replace("{value}", () => button.dataset.copy));
    } catch {
      showToast("warning", words.uncopied);
    }
    button.focus();
  });

  // Region, theme, menus ----------------------------------------------------------------------

  on("change", (event) => {
    if (event.target.matches("[data-autosubmit]")) event.target.form.requestSubmit();
  });

  on("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-theme-form]")) return;
    event.preventDefault();
    const theme = event.submitter.value;
    const body = new FormData(form, event.submitter);
    document.documentElement.dataset.themeChoice = theme;
    document.dispatchEvent(new Event("theme-choice"));
    for (const button of all("[aria-pressed]", form)) {
      button.setAttribute("aria-pressed", String(button.value === theme));
    }
    if (form.matches(":popover-open")) form.hidePopover();
    await fetch(form.action, { method: "POST", body, redirect: "manual" });
  });

  // At the start and after each swap ------------------------------------------------------------

  for (const toast of all("[data-toasts] .notify")) expire(toast);
  for (const scope of all("[data-ticks]")) countTicks(scope);
  on("htmx:afterSettle", () => {
    for (const scope of all("[data-ticks]")) countTicks(scope);
  });
})();
