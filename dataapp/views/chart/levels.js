// Zooms charts that have their rows in levels of detail, such as candles: see levels.py.
//
// Their axis is one of names, which Vega cannot zoom. Two signals say what is shown: the width of the plot, and what is
// in sight, as shares of all. Vega filters by them, so nothing is asked of Python.

import {plotWidth} from "./zoom.js";

const ROOM = "level_room";
export const SPAN = "level_span";
const LEAST = 0.005; // the smallest share that can be zoomed into
const PER_PIXEL = 0.002; // of the wheel

/** Says how wide the plot is, and returns the view, which has to run afterwards. */
export function fitLevels(view, width) {
  return ROOM in view._runtime.signals ? view.signal(ROOM, width) : view;
}

/** Lets a reader zoom with Ctrl and the wheel or a pinch, drag what is zoomed, and see all again by a double click.
 *
 * The wheel alone scrolls the page. Where a drag selects, it does not move. Returns what ends this: the next picture of
 * the same place has a view of its own.
 */
export function zoomLevels(view, host, canDrag, onZoom) {
  const heard = new AbortController();
  const end = () => heard.abort();
  if (!(SPAN in view._runtime.signals)) return end;
  const {signal} = heard;
  let dragged = null; // where on the plot, and of which span
  const placeOf = (event) => (event.clientX - host.getBoundingClientRect().left - view.origin()[0]) / plotWidth(view);
  const show = (from, size) => {
    onZoom();
    const begin = Math.min(Math.max(from, 0), 1 - size);
    view.signal(SPAN, [begin, begin + size]).runAsync();
  };
  host.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault(); // else the browser enlarges the page
    const [from, to] = view.signal(SPAN);
    const place = Math.min(Math.max(placeOf(event), 0), 1);
    const size = Math.min(Math.max((to - from) * Math.exp(PER_PIXEL * event.deltaY), LEAST), 1);
    show(from + place * (to - from - size), size);
  }, {passive: false, signal});
  host.addEventListener("pointerdown", (event) => {
    const [from, to] = view.signal(SPAN);
    if (canDrag && event.button === 0 && to - from < 1) dragged = {place: placeOf(event), from, size: to - from};
  }, {signal});
  host.addEventListener("pointermove", (event) => {
    if (event.buttons !== 1) dragged = null;
    if (dragged) show(dragged.from + (dragged.place - placeOf(event)) * dragged.size, dragged.size);
  }, {signal});
  host.addEventListener("dblclick", () => show(0, 1), {signal});
  return end;
}
