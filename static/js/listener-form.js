// The health check of a listener or a rule: its times worked out anew while numbers are typed, as the
// server does it (vservers/pages/listeners/times.py).
(() => {
  "use strict";

  const ANSWER_SECONDS = 1;

  document.addEventListener("input", (event) => {
    // A form may have several checks, of which the names begin differently.
    const check = event.target.closest("[data-check]");
    if (!check) return;
    const place = check.querySelector("[data-check-times]");
    const number = (name) => {
      const field = check.querySelector(`[name$="${name}"]`);
      return field && /^\d{1,4}$/.test(field.value) ? Number(field.value) : NaN;
    };
    const interval = number("health_check_interval");
    const timeout = Math.max(number("health_check_timeout"), interval);
    const unhealthy = number("unhealthy_threshold");
    const healthy = number("healthy_threshold");
    const say = (selector, seconds) => {
      place.querySelector(selector).textContent = Number.isNaN(seconds) ? "—" : String(seconds);
    };
    say("[data-down]", timeout * unhealthy + interval * (unhealthy - 1));
    say("[data-up]", ANSWER_SECONDS * healthy + interval * (healthy - 1));
  });
})();
