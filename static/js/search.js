// The search box of the top bar: a combobox (WAI-ARIA) whose list comes from the server by htmx.
(() => {
  "use strict";

  const form = document.querySelector("[data-finder]");
  if (!form) return;
  const box = form.querySelector("[role=combobox]");
  const list = form.querySelector("[role=listbox]");
  const status = form.querySelector("[data-finder-status]");
  let active = null;
  // What the list was made for; "" where there is none.
  let shown = "";

  const options = () => [...list.querySelectorAll("a[role=option]")];

  function mark(option) {
    if (active) active.setAttribute("aria-selected", "false");
    active = option || null;
    if (!active) {
      box.removeAttribute("aria-activedescendant");
      return;
    }
    active.setAttribute("aria-selected", "true");
    box.setAttribute("aria-activedescendant", active.id);
    active.scrollIntoView({ block: "nearest" });
  }

  function open() {
    list.hidden = false;
    box.setAttribute("aria-expanded", "true");
  }

  function close() {
    list.hidden = true;
    box.setAttribute("aria-expanded", "false");
    status.textContent = "";
    mark(null);
  }

  function move(step) {
    const all = options();
    if (!all.length) return;
    const place = all.indexOf(active);
    // Above the first and below the last nothing is chosen: Enter then opens the page of results.
    const next = place < 0 && step < 0 ? all.length - 1 : place + step;
    mark(all[next]);
  }

  list.addEventListener("htmx:afterSwap", () => {
    shown = box.value.trim();
    mark(null);
    if (document.activeElement !== box || !shown) {
      close();
      return;
    }
    open();
    const total = list.querySelector("[data-finder-total]");
    status.textContent = total ? total.textContent : "";
  });

  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden && box.value.trim()) {
        if (shown === box.value.trim()) open();
        else box.dispatchEvent(new Event("finder-open"));
        return;
      }
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && active && !list.hidden) {
      event.preventDefault();
      active.click();
    } else if (event.key === "Escape") {
      event.preventDefault();
      if (!list.hidden) close();
      else if (box.value) box.value = "";
      else box.blur();
    } else if (event.key === "Home" || event.key === "End" || event.key === "ArrowLeft" || event.key === "ArrowRight") {
      mark(null);
    }
  });

  box.addEventListener("focus", () => {
    box.select();
    if (!box.value.trim()) return;
    if (shown === box.value.trim()) open();
    else box.dispatchEvent(new Event("finder-open"));
  });
  box.addEventListener("input", () => {
    mark(null);
    if (!box.value.trim()) close();
  });
  form.addEventListener("focusout", (event) => {
    if (!form.contains(event.relatedTarget)) close();
  });
  // The box keeps the focus while the list is used by pointer.
  list.addEventListener("mousedown", (event) => event.preventDefault());

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog:modal")) return;
    const typing = event.target.closest && event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
    const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !typing;
    const control = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    if (!slash && !control) return;
    event.preventDefault();
    if (box.offsetParent) box.focus();
    else document.querySelector(".finder-link").click();
  });
})();
