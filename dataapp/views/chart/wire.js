// Values as they travel, and as Vega has them: see wire.py.
//
// Times of kind "wall" are readings of a clock: they come as if they were UTC and are shown as local time.

import {tableFromIPC} from "@uwdata/flechette";
import {localToWall, wallToLocal} from "./clock.js";

export const FROM_WIRE = {wall: wallToLocal, instant: Number, nested: JSON.parse};
export const TO_WIRE = {wall: (value) => localToWall(Number(value)), instant: Number};

/** The columns of an Arrow stream, which comes as bytes, or few of them as text. */
export function tableOf(data) {
  const bytes = typeof data === "string" ? Uint8Array.from(atob(data), (one) => one.charCodeAt(0)) : new Uint8Array(data);
  return tableFromIPC(bytes, {useBigInt: false, useDate: false});
}

/** Turns columns into the rows that Vega works on. */
export function decode({data, kinds}) {
  const table = tableOf(data);
  const rows = Array.from({length: table.numRows}, () => ({}));
  for (const name of table.names) {
    const convert = FROM_WIRE[kinds[name]];
    const values = table.getChild(name).toArray();
    for (let i = 0; i < rows.length; i++) {
      const value = values[i];
      rows[i][name] = value == null ? null : convert ? convert(value) : value;
    }
  }
  return rows;
}
