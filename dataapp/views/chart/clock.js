// Readings of a clock without a time zone. Outside the browser they are milliseconds as if they were UTC; Vega shows
// local time, so here they are the instant at which a local clock has that reading.

/** Returns the instant whose local reading is the given one. */
export function wallToLocal(milliseconds) {
  const wall = new Date(milliseconds);
  const local = new Date(
    2000, 0, 1, wall.getUTCHours(), wall.getUTCMinutes(), wall.getUTCSeconds(), wall.getUTCMilliseconds(),
  );
  local.setFullYear(wall.getUTCFullYear(), wall.getUTCMonth(), wall.getUTCDate()); // years below 100 stay themselves
  return local.getTime();
}

/** Returns the local reading of an instant. */
export function localToWall(milliseconds) {
  const local = new Date(milliseconds);
  const wall = new Date(Date.UTC(
    2000, 0, 1, local.getHours(), local.getMinutes(), local.getSeconds(), local.getMilliseconds(),
  ));
  wall.setUTCFullYear(local.getFullYear(), local.getMonth(), local.getDate());
  return wall.getTime();
}
