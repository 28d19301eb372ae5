// Vega, fetched when the first chart is drawn. Its expressions are interpreted, as the page may not compile any.

let loading;

const OPTIONS = {
  actions: false,
  renderer: "svg",
  ast: true,
  defaultStyle: false,
  tooltip: { disableDefaultStyle: true },
};

export async function draw(place, spec) {
  loading ??= import("./vega.js");
  const { vegaEmbed } = await loading;
  const drawn = await vegaEmbed(place, structuredClone(spec), OPTIONS);
  // What is picked with, and tells nothing, has no name for who listens to the page.
  for (const mark of place.querySelectorAll("svg [role=graphics-symbol]:not([aria-label])")) {
    mark.removeAttribute("role");
    mark.removeAttribute("aria-roledescription");
    mark.setAttribute("aria-hidden", "true");
  }
  return drawn;
}

// The look of charts that the page makes itself; colours are the page's variables.
export const CONFIG = {
  background: "transparent",
  font: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif",
  view: { stroke: null },
  axis: {
    labelColor: "var(--ink)", titleColor: "var(--muted)", gridColor: "var(--line)", domain: false, ticks: false,
    labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal", labelPadding: 6, labelLimit: 200,
  },
  legend: { labelColor: "var(--ink)", titleColor: "var(--muted)", orient: "top", titleFontWeight: "normal", labelLimit: 200 },
  range: { category: ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999", "#8C6D31"] },
  bar: { color: "var(--accent)", cornerRadiusEnd: 2 },
  line: { color: "var(--accent)", strokeWidth: 2 },
  point: { color: "var(--accent)", filled: true, size: 45 },
};
