// Small pictures for buttons, drawn in a box of 16 by 16 in the colour of the text.

const PATHS = {
  caret: "M4 6l4 4 4-4",
  chart: "M2.5 13.5h11M4.5 11V8M8 11V3M11.5 11V6",
  columns: "M2.5 3.5h11v9h-11zM6.2 3.5v9M9.8 3.5v9",
  close: "M4 4l8 8M12 4l-8 8",
  code: "M5.5 4.5L2 8l3.5 3.5M10.5 4.5L14 8l-3.5 3.5",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  down: "M4 6l4 4 4-4",
  download: "M8 2.5v7.5M5 7.2L8 10l3-2.8M2.5 13.5h11",
  filter: "M2.5 3.5h11L9.5 8.2v4.3l-3-1.5V8.2z",
  goto: "M2.5 8h9M8 4.5L11.5 8 8 11.5M14 3.5v9",
  group: "M2.5 3.5h11M5.5 8h8M5.5 12.5h8M2.5 8v0M2.5 12.5v0",
  pin: "M6 2.5h4l-.5 4.5 2 2h-7l2-2zM8 9v4.5",
  row: "M2.5 3.5h11v9h-11zM5 6.5h6M5 9.5h4",
  unfold: "M6 4l4 4-4 4",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.3 10.3l3.2 3.2",
  up: "M4 10l4-4 4 4",
};

const SVG = "http://www.w3.org/2000/svg";

/** An icon by its name. It says nothing to a screen reader: the button that holds it has a label. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
