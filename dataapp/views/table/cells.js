// The cells that have arrived, in blocks of rows and chunks of columns, and which of those on screen are missing.

import {tableFromIPC} from "@uwdata/flechette";

export const BLOCK = 128; // rows; the server reads multiples of it
export const CHUNK = 32; // columns, likewise
const MOST_TILES = 300;

export class Cells {
  constructor() {
    this.tiles = new Map(); // "block:chunk" → {columns, first, left}
  }

  clear() {
    this.tiles.clear();
  }

  /** Keep what a message brought, and return it as [column position, values] pairs. */
  add({first, left, cells}) {
    const table = tableFromIPC(toBytes(cells), {useBigInt: true});
    const columns = Array.from({length: table.numCols}, (_, at) => table.getChildAt(at));
    const tile = {columns, first, left, rows: table.numRows};
    for (let row = first; row < first + Math.max(table.numRows, 1); row += BLOCK) {
      for (let column = left; column < left + columns.length; column += CHUNK) {
        const key = `${row / BLOCK}:${column / CHUNK}`;
        this.tiles.delete(key); // set again, it is the youngest
        this.tiles.set(key, tile);
      }
    }
    while (this.tiles.size > MOST_TILES) this.tiles.delete(this.tiles.keys().next().value);
    return valuesOf(tile);
  }

  /** What is there, one list of [column position, values] pairs per message. */
  all() {
    return Array.from(new Set(this.tiles.values()), valuesOf);
  }

  /** The value of a cell; undefined while it is missing. */
  at(row, column) {
    const tile = this.tiles.get(`${Math.floor(row / BLOCK)}:${Math.floor(column / CHUNK)}`);
    return tile && row - tile.first < tile.rows ? tile.columns[column - tile.left].at(row - tile.first) : undefined;
  }

  /** The span to ask for when cells of a rectangle are missing, or null. It has a margin, for the next scroll. */
  missing(y0, y1, x0, x1, rows, columns) {
    const margin = BLOCK / 4;
    const blocks = range(Math.max(0, y0 - margin), Math.min(rows, y1 + margin), BLOCK);
    const chunks = range(x0, Math.min(columns, x1), CHUNK);
    const lacks = blocks.some((block) => chunks.some((chunk) => !this.tiles.has(`${block}:${chunk}`)));
    if (!lacks) return null;
    return {
      first: blocks[0] * BLOCK,
      count: blocks.length * BLOCK,
      left: chunks[0] * CHUNK,
      width: chunks.length * CHUNK,
    };
  }
}

const valuesOf = ({columns, left}) => columns.map((column, at) => [left + at, Array.from(column.toArray())]);

function range(from, to, step) {
  const first = Math.floor(from / step);
  const last = Math.floor(Math.max(from, to - 1) / step);
  return Array.from({length: last - first + 1}, (_, at) => first + at);
}

function toBytes(buffer) {
  return buffer instanceof ArrayBuffer ? new Uint8Array(buffer) : new Uint8Array(buffer.buffer ?? buffer);
}
