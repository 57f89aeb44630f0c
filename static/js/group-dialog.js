// The group dialog: shares worked out anew while weights are typed (the server does the same), and
// the focus kept near what a button did.
(() => {
  "use strict";

  function showShares(table) {
    const rows = [...table.querySelectorAll("tbody tr")];
    const weights = rows.map((row) => {
      const weight = Number(row.querySelector("[data-weight]").value);
      return Number.isInteger(weight) && weight >= 0 && weight <= 100 ? weight : 0;
    });
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    rows.forEach((row, index) => {
      const share = total ? `${((weights[index] * 100) / total).toFixed(1)} %` : "—";
      row.querySelector("[data-share]").textContent = share;
    });
  }

  document.addEventListener("input", (event) => {
    const table = event.target.matches("[data-weight]") && event.target.closest("[data-shares]");
    if (table) showShares(table);
  });

  // htmx gives the focus back to what it finds again by its ID. A row that is gone is not found, and
  // after Add the next thing to do is to type a port. Who has gone on to another field meanwhile is left
  // there: a settle comes late on a slow machine.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "panes") return;
    const added = document.activeElement.id === "add-servers";
    if (!added && document.activeElement !== document.body) return;
    const empty = [...event.target.querySelectorAll('input[aria-label="Port"]')].find((input) => !input.value);
    const unread = event.target.querySelector("#paste[aria-invalid]");
    (unread || empty || document.getElementById("server-query")).focus();
  });
})();
