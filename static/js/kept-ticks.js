// Lists whose ticks outlive a search and a change of pages, and rows that open below others.
(() => {
  "use strict";

  // What is ticked, on any page. It lasts as long as the page itself.
  const kept = new Set();

  const boxes = (scope) => [...scope.querySelectorAll("input[data-tick]")];

  function show(scope) {
    const here = boxes(scope);
    const elsewhere = [...kept].filter((value) => !here.some((box) => box.value === value));
    const place = scope.querySelector("[data-kept]");
    if (place) {
      place.replaceChildren(
        ...elsewhere.map((value) =>
          Object.assign(document.createElement("input"), { type: "hidden", name: here[0]?.name || "group", value }),
        ),
      );
    }
    const everything = scope.querySelector("[data-everything]");
    const all = Boolean(everything && everything.checked);
    const count = all ? Number(everything.dataset.everything) : kept.size;
    for (const text of scope.querySelectorAll("[data-kept-count]")) text.textContent = count.toLocaleString();
    for (const text of scope.querySelectorAll("[data-kept-elsewhere]")) {
      text.hidden = all || !elsewhere.length;
      text.querySelector("b").textContent = String(elsewhere.length);
    }
    for (const button of scope.querySelectorAll("[data-kept-needed]")) button.disabled = !count;
    for (const button of scope.querySelectorAll("[data-kept-clear]")) button.hidden = !count;
  }

  document.addEventListener("change", (event) => {
    const scope = event.target.closest("[data-keep-ticks]");
    if (!scope) return;
    // The kit's own listener has carried a tick of the heading over to the rows.
    for (const box of boxes(scope)) {
      if (box.checked) kept.add(box.value);
      else kept.delete(box.value);
    }
    show(scope);
  });

  document.addEventListener("click", (event) => {
    const clear = event.target.closest("[data-kept-clear]");
    if (clear) {
      kept.clear();
      const scope = clear.closest("[data-keep-ticks]");
      for (const box of scope.querySelectorAll("input[type=checkbox]")) {
        box.checked = false;
        box.indeterminate = false;
      }
      show(scope);
      scope.querySelector("[data-tick-all]")?.focus();
    }
    const expander = event.target.closest("[data-expander]");
    if (!expander || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    const open = expander.getAttribute("aria-expanded") !== "true";
    expander.setAttribute("aria-expanded", String(open));
    const row = document.getElementById(expander.dataset.expander);
    if (row) row.hidden = !open;
  });

  function restore() {
    for (const scope of document.querySelectorAll("[data-keep-ticks]")) {
      for (const box of boxes(scope)) {
        if (box.checked) kept.add(box.value);
        box.checked = kept.has(box.value);
      }
      show(scope);
    }
  }

  document.addEventListener("htmx:afterSwap", restore);
  restore();
})();
