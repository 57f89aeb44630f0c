// Draws the charts of the monitoring page with uPlot, in the colours of the page's theme.
(() => {
  "use strict";

  const HEIGHT = 190;
  const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3]];
  const PALETTE = 6;
  const language = document.documentElement.lang || "en";
  let drawn = [];

  // A token of the style sheet as the browser sees it now: canvas knows no light-dark().
  function colour(name) {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  }

  const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 2 });

  function lineStyle(line, place) {
    const token = line.tone ? `--c-${line.tone}` : `--chart-${(place % PALETTE) + 1}`;
    return { stroke: colour(token), dash: DASHES[line.tone ? place % DASHES.length : Math.floor(place / PALETTE) % DASHES.length] };
  }

  function times(zone, seconds) {
    const day = { timeZone: zone, month: "2-digit", day: "2-digit" };
    const clock = { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    const shape = seconds > 3 * 86400 ? day : clock;
    const ticks = new Intl.DateTimeFormat(language, shape);
    const whole = new Intl.DateTimeFormat(language, { ...day, ...clock, year: "numeric" });
    return { tick: (at) => ticks.format(at * 1000), whole: (at) => whole.format(at * 1000) };
  }

  function draw(place, frame) {
    const chart = JSON.parse(place.dataset.chart);
    const moments = Array.from({ length: frame.count }, (_, n) => frame.begin + n * frame.period);
    const format = times(frame.zone, frame.count * frame.period);
    const axis = { stroke: colour("--c-quiet"), grid: { stroke: colour("--c-line"), width: 1 }, ticks: { stroke: colour("--c-line"), width: 1 }, font: "12px system-ui, sans-serif" };
    const styles = chart.lines.map(lineStyle);
    const options = {
      width: place.clientWidth,
      height: HEIGHT,
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), frame.zone),
      cursor: { sync: { key: "monitoring" }, drag: { x: true, y: false }, points: { size: 6 } },
      legend: { live: true },
      scales: { y: { range: (_, low, high) => [0, high > 0 ? high * 1.1 : 1] } },
      series: [
        { value: (_, at) => (at == null ? "—" : format.whole(at)) },
        ...chart.lines.map((line, n) => ({
          label: line.label,
          width: 1.75,
          stroke: styles[n].stroke,
          dash: styles[n].dash,
          points: { show: frame.count < 3 },
          value: (_, value) => (value == null ? "—" : `${short.format(value)} ${chart.unit}`.trim()),
        })),
      ],
      axes: [
        { ...axis, values: (_, splits) => splits.map(format.tick), space: 70 },
        { ...axis, values: (_, splits) => splits.map((value) => short.format(value)), size: 56 },
      ],
    };
    place.replaceChildren();
    const plot = new uPlot(options, [moments, ...chart.lines.map((line) => line.values)], place);
    const keys = place.parentElement.querySelectorAll("[data-line]");
    keys.forEach((key, n) => (key.style.backgroundColor = styles[n].stroke));
    return { plot, place };
  }

  function drawAll() {
    for (const one of drawn) one.plot.destroy();
    drawn = [];
    const all = document.querySelector("[data-charts]");
    if (!all) return;
    const frame = JSON.parse(all.dataset.charts);
    drawn = [...all.querySelectorAll("[data-chart]")].map((place) => draw(place, frame));
  }

  function fit() {
    for (const { plot, place } of drawn) {
      if (place.clientWidth && place.clientWidth !== plot.width) plot.setSize({ width: place.clientWidth, height: HEIGHT });
    }
  }

  let waiting = 0;
  window.addEventListener("resize", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(fit);
  });
  // Whoever changes the theme changes this attribute.
  new MutationObserver(drawAll).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id === "numbers" || event.detail.elt.id === "numbers") drawAll();
  });
  drawAll();
})();
