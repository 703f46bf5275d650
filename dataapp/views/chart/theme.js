// Colours and font from the page around the chart. They are signals of the view, so a switch between light and dark
// restyles what is drawn and keeps zoom and selections.

const INK = "page_ink";
const FAINT = "page_ink_faint";
const GRID = "page_ink_grid";

/** Returns the page's text colour, strong and faded, by the name of the signal that carries it. */
export function inkOf(host) {
  const [red, green, blue] = getComputedStyle(host).color.match(/[\d.]+/g) ?? [51, 51, 51];
  const faded = (opacity) => `rgba(${red}, ${green}, ${blue}, ${opacity})`;
  return {[INK]: faded(1), [FAINT]: faded(0.72), [GRID]: faded(0.1)};
}

/** Returns the Vega-Lite configuration that a chart's own goes on top of. */
export function themeConfig(host, narrow) {
  const ink = {expr: INK};
  const faint = {expr: FAINT};
  const grid = {expr: GRID};
  const title = {fontSize: 12, fontWeight: 500};
  return {
    params: Object.entries(inkOf(host)).map(([name, value]) => ({name, value})),
    background: "transparent",
    aria: false, // what a mark would be called in an SVG: on a canvas nobody reads it, and it takes half of the drawing
    font: getComputedStyle(host).fontFamily || "sans-serif",
    padding: {left: 4, right: 8, top: 8, bottom: 4},
    axis: {
      labelColor: faint, titleColor: ink, domainColor: grid, tickColor: grid, gridColor: grid,
      labelFontSize: 11, titleFontSize: title.fontSize, titleFontWeight: title.fontWeight,
    },
    // Labels stand at their ticks and keep apart: where the first and the last are pushed inward, as they are by default,
    // they touch their neighbours on a narrow page.
    axisX: {labelFlush: false, labelSeparation: 6},
    header: {labelColor: ink, titleColor: ink, titleFontSize: title.fontSize, titleFontWeight: title.fontWeight},
    legend: {
      labelColor: faint, titleColor: ink, labelFontSize: 11,
      titleFontSize: title.fontSize, titleFontWeight: title.fontWeight,
      ...(narrow ? {orient: "bottom", columns: 3} : {}),
    },
    title: {color: ink, subtitleColor: faint},
    text: {color: ink},
    rule: {color: faint},
    view: {stroke: grid},
    selection: {interval: {mark: {fill: "#808080", fillOpacity: 0.2, stroke: "#808080", strokeOpacity: 0.6}}},
  };
}

/** Calls back whenever the text colour around the chart changes; returns what stops it. */
export function watchInk(host, changed) {
  let ink = getComputedStyle(host).color;
  const check = () => {
    const now = getComputedStyle(host).color;
    if (now === ink) return;
    ink = now;
    changed();
  };
  host.addEventListener("transitionend", check); // the style sheet gives the colour a transition, whoever sets it
  const attributes = new MutationObserver(check);
  for (const root of [document.documentElement, document.body]) attributes.observe(root, {attributes: true});
  return () => {
    host.removeEventListener("transitionend", check);
    attributes.disconnect();
  };
}
