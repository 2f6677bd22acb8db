// Draws the charts of a page with uPlot, and asks for the page again when its viewer wants that.
// Each figure has its numbers as JSON, and the colors of its series in its legend.

const HEIGHT = 220;
const drawn = new Map();

function colorOf(figure, name) {
  return getComputedStyle(figure.querySelector(`.c-${name}`)).color;
}

// A stacked series is drawn as the sum of itself and those below, the highest first.
function stacked(values) {
  const sums = values[0].map(() => 0);
  return values.map((series) => series.map((value, at) => (sums[at] += value)));
}

function axis(figure, values) {
  const style = getComputedStyle(figure);
  return { stroke: style.color, grid: { stroke: style.borderTopColor, width: 1 },
    ticks: { stroke: style.borderTopColor }, font: "12px system-ui, sans-serif", values };
}

function shortNumber(value, unit) {
  const text = Intl.NumberFormat(undefined, { notation: "compact" }).format(value);
  return unit ? `${text} ${unit}` : text;
}

// Times below the chart: of days only the date, else the date where a day begins.
function timeLabels(data) {
  const day = new Intl.DateTimeFormat(undefined, { timeZone: data.zone, day: "numeric", month: "short" });
  const time = new Intl.DateTimeFormat(undefined, { timeZone: data.zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return (_, seconds) => seconds.map((each) => {
    const text = time.format(each * 1000);
    return data.days || text === "00:00" ? day.format(each * 1000) : text;
  });
}

function readout(figure, data, at) {
  const out = figure.querySelector(".readout");
  if (at == null) {
    out.textContent = "";
    return;
  }
  const form = { timeZone: data.zone, dateStyle: "medium", ...(data.days ? {} : { timeStyle: "short" }) };
  const time = new Intl.DateTimeFormat(undefined, form).format(new Date(data.edges[at] * 1000));
  const parts = data.series.map((name, number) => {
    const value = data.values[number][at];
    return `${name} ${value == null ? "-" : Intl.NumberFormat().format(Math.round(value))}${data.unit && ` ${data.unit}`}`;
  });
  out.textContent = `${time}: ${parts.join(", ")}`;
}

function options(figure, data) {
  const bars = data.kind === "stack";
  const series = data.series.map((name) => {
    const color = colorOf(figure, name);
    return bars
      ? { label: name, stroke: color, fill: color, width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.85], align: 1 }) }
      : { label: name, stroke: color, width: 2, spanGaps: false };
  });
  if (bars) series.reverse();
  const ends = [data.edges[0], data.edges[data.edges.length - 1]];
  return {
    width: figure.querySelector(".chart").clientWidth, height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), data.zone),
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: !bars } },
    scales: { x: { range: () => ends }, y: { range: (_, low, high) => [0, Math.max(high, 1) * 1.05] } },
    axes: [axis(figure, timeLabels(data)), { ...axis(figure, (_, values) => values.map((value) => shortNumber(value, data.unit))), size: 64 }],
    series: [{}, ...series],
    hooks: { setCursor: [(plot) => readout(figure, data, plot.cursor.idx)] },
  };
}

function draw(figure) {
  const box = figure.querySelector(".chart");
  const data = JSON.parse(figure.querySelector("script").textContent);
  drawn.get(box)?.destroy();
  const values = data.kind === "stack" && data.values.length ? stacked(data.values).reverse() : data.values;
  const plot = new uPlot(options(figure, data), [data.edges.slice(0, -1), ...values], box);
  plot.over.addEventListener("click", () => {
    if (plot.cursor.idx != null) location.assign(data.links[plot.cursor.idx]);
  });
  drawn.set(box, plot);
}

function drawAll() {
  for (const box of drawn.keys()) {
    if (!box.isConnected) drawn.delete(box);
  }
  for (const figure of document.querySelectorAll("figure[data-chart]")) draw(figure);
}

// Not while the page is hidden, or while somebody reads a table of it.
function refresh() {
  const page = document.getElementById("traffic");
  const seconds = Number(page?.dataset.refresh);
  if (!seconds) return;
  setTimeout(() => {
    const busy = document.hidden || page.querySelector("details[open]");
    if (busy || !page.isConnected) refresh();
    else page.dispatchEvent(new CustomEvent("refresh"));
  }, seconds * 1000);
}

document.addEventListener("htmx:after:swap", () => { drawAll(); refresh(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
addEventListener("resize", drawAll);
drawAll();
refresh();
