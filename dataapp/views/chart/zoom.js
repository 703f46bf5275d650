// What is in sight: how many pixels, and what a reader has zoomed into by selections that are bound to scales.
//
// Vega-Lite compiles such a selection `grid` into a signal `grid_<field>` for each axis: its ends, or null for all.

import {find, intervalSignals} from "./selecting.js";

/** Returns the names of the selections of a specification that zoom. */
export function zoomNames(spec) {
  if (Array.isArray(spec)) return spec.flatMap(zoomNames);
  if (spec === null || typeof spec !== "object") return [];
  const own = Array.isArray(spec.params) ? spec.params.filter(({bind}) => bind === "scales").map(({name}) => name) : [];
  const inner = Object.entries(spec).filter(([key]) => ["layer", "hconcat", "vconcat", "concat", "spec"].includes(key));
  return [...own, ...inner.flatMap(([, value]) => zoomNames(value))];
}

/** Returns the values of the signals that hold the ends of each axis. */
export function readZoom(view, names) {
  const signals = names.flatMap((name) => intervalSignals(view, name)).map(({signals}) => signals.values);
  return new Map(signals.map((signal) => [signal, find(view._runtime, "signals", signal)?.value]));
}

/** Returns how wide the widest plot of a view is, in pixels of the page. Vega-Lite names the widths after plots. */
export function plotWidth(view) {
  const widths = Object.keys(view._runtime.signals).filter((name) => /(^|_)(width|childWidth)$/.test(name));
  return Math.max(...widths.map((name) => view.signal(name)));
}

/** Zooms as another view of the same specification was zoomed; the view has to run afterwards. */
export function writeZoom(view, zoom) {
  for (const [signal, value] of zoom) {
    const operator = find(view._runtime, "signals", signal);
    if (operator && value) view.update(operator, value);
  }
}
