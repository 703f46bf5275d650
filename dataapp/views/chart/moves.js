// What is dragged over on a page, for the charts on it that can follow without the server.

const charts = new Map(); // by what Python calls a selection, the functions that draw for it
const places = new Map(); // by the same, where it is while a pointer holds it

/** Calls back with each place of a selection that a pointer drags, at once if it does; returns how to stop. */
export function follow(mover, draw) {
  if (!charts.has(mover)) charts.set(mover, new Set());
  charts.get(mover).add(draw);
  if (places.has(mover)) draw(places.get(mover));
  return () => {
    charts.get(mover)?.delete(draw);
    if (charts.get(mover)?.size === 0) charts.delete(mover);
  };
}

/** A pointer has dragged a selection somewhere; returns whether charts follow. */
export function move(mover, selected) {
  places.set(mover, selected);
  for (const draw of charts.get(mover) ?? []) draw(selected);
  return charts.has(mover);
}

/** Where a selection is that a pointer drags; undefined if none does. */
export const placeOf = (mover) => places.get(mover);

/** The pointer was let go. */
export function rest(mover) {
  places.delete(mover);
}
