// Runs before the first paint: the system's theme for "auto", and the mark that script is on.
(() => {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const choice = root.dataset.themeChoice;
    root.dataset.bsTheme = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
  };
  // The server shows times in the zone of the browser, unless the person chose one.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) document.cookie = `timezone=${zone};path=/;max-age=31536000;samesite=lax`;
  root.classList.add("js");
  dark.addEventListener("change", apply);
  document.addEventListener("theme-choice", apply);
  apply();
})();
