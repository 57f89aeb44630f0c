// Runs before the first paint: the system's theme for "auto", and the mark that script is on.
(() => {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const choice = root.dataset.themeChoice;
    root.dataset.bsTheme = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
  };
  root.classList.add("js");
  dark.addEventListener("change", apply);
  document.addEventListener("theme-choice", apply);
  apply();
})();
