// What is dragged over on a page, for the charts on it that can follow without the server.

const charts = new Map(); // by what Python calls a selection, the functions that draw for it
const places = new Map(); // by the same, where it is while a pointer holds it

/** Calls back at each place of a selection that a pointer drags: {value(), stop()}; there is no value while none does. */
export function follow(mover, moved) {
  if (!charts.has(mover)) charts.set(mover, new Set());
  charts.get(mover).add(moved);
  const stop = () => {
    charts.get(mover)?.delete(moved);
    if (charts.get(mover)?.size === 0) charts.delete(mover);
  };
  return {value: () => places.get(mover), stop};
}

/** A pointer has dragged a selection somewhere; returns whether charts follow. */
export function move(mover, selected) {
  places.set(mover, selected);
  for (const moved of charts.get(mover) ?? []) moved();
  return charts.has(mover);
}

/** The pointer was let go. */
export function rest(mover) {
  places.delete(mover);
}
