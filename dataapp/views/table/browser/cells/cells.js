// The cells that have arrived, in blocks of rows of single columns, and which of those on screen are missing.

import {tableFromIPC} from "@uwdata/flechette";

export const BLOCK = 128; // rows; the server reads multiples of it
const MOST_COLUMNS = 256; // that the server reads at once
const MOST_TILES = 10_000;
const WIDEST = 2 ** 20; // columns

export class Cells {
  constructor() {
    this.tiles = new Map(); // block and column → {values, first, rows, at}
    this.seen = new Map(); // column → the same for rows on screen, which came before the blocks that they are in
  }

  clear() {
    this.tiles.clear();
    this.seen.clear();
  }

  /** Keep what a message brought of blocks that are still to come, and return it as [column, values] pairs. */
  addSeen(message) {
    const tiles = tilesOf(message);
    this.seen = new Map(tiles.map((tile) => [tile.at, tile]));
    return tiles.map(valuesOf);
  }

  /** Keep what a message brought, and return it as [column, values] pairs. */
  add(message) {
    const {first, read} = message;
    const tiles = tilesOf(message);
    for (let row = first; row < first + Math.max(read, 1); row += BLOCK) {
      for (const tile of tiles) {
        const key = keyOf(row / BLOCK, tile.at);
        this.tiles.delete(key); // set again, it is the youngest
        this.tiles.set(key, tile);
      }
    }
    for (const key of this.tiles.keys()) {
      if (this.tiles.size <= MOST_TILES) break;
      this.tiles.delete(key);
    }
    return tiles.map(valuesOf);
  }

  /** What is there, as [column, values] pairs. */
  all() {
    return Array.from(new Set(this.tiles.values()), valuesOf);
  }

  /** The value of a cell; undefined while it is missing. */
  at(row, column) {
    const tile = this.tiles.get(keyOf(Math.floor(row / BLOCK), column)) ?? this.seen.get(column);
    const place = row - tile?.first;
    return place >= 0 && place < tile.rows ? tile.values.at(place) : undefined;
  }

  /**
   * The span to ask for when cells between two rows are missing in some columns, or null: from the first block that lacks
   * one to the last. It has the columns `around` those, too.
   */
  missing(y0, y1, columns, around) {
    const lacks = (block, column) => !this.tiles.has(keyOf(block, column));
    const blocks = range(y0, y1, BLOCK).filter((block) => columns.some((column) => lacks(block, column)));
    if (blocks.length === 0) return null;
    const [first, last] = [blocks[0], blocks.at(-1)];
    const all = range(first * BLOCK, (last + 1) * BLOCK, BLOCK);
    const isLacking = (column) => all.some((block) => lacks(block, column));
    const wanted = [...new Set([...columns, ...around])].filter(isLacking).slice(0, MOST_COLUMNS);
    return {first: first * BLOCK, count: all.length * BLOCK, columns: wanted};
  }
}

const keyOf = (block, column) => block * WIDEST + column;

function tilesOf({first, positions, cells}) {
  const table = tableFromIPC(toBytes(cells), {useBigInt: true});
  return positions.map((at, index) => ({values: table.getChildAt(index), first, rows: table.numRows, at}));
}

const valuesOf = ({values, at}) => [at, Array.from(values.toArray())];

function range(from, to, step) {
  const first = Math.floor(from / step);
  const last = Math.floor(Math.max(from, to - 1) / step);
  return Array.from({length: last - first + 1}, (_, at) => first + at);
}

export function toBytes(buffer) {
  return buffer instanceof ArrayBuffer ? new Uint8Array(buffer) : new Uint8Array(buffer.buffer ?? buffer);
}
