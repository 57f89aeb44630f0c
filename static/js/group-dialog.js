// The group dialog's shares, worked out anew while weights are typed. The server does the same.
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
})();
