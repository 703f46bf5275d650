// When the page asks for which cells.
//
// What is missing on screen is asked for at once; otherwise what comes next in the direction of travel. One question is
// under way at a time, unless the screen has left what was asked for: the server then drops the old one.

import {BLOCK} from "./cells/cells.js";

const EVERY = 40; // ms between two questions: no more often than the eye can tell
const LEAST_AHEAD = BLOCK;
const MOST_AHEAD = 4 * BLOCK; // rows
const LOOKS_AHEAD = 700; // ms of travel at the present speed
const JUMP = 4; // screens; who moves further has no direction

export class Asking {
  /**
   * `ask(span, seen)` asks the server for what the page lacks; `seen` is what the reader waits for among it, or null.
   * `again()` is called when it is time to look at the screen again.
   */
  constructor(cells, {ask, again}) {
    this.cells = cells;
    this.ask = ask;
    this.again = again;
    this.forget();
  }

  /** Another view is shown: nothing is under way. */
  forget() {
    clearTimeout(this.waiting);
    this.asked = null;
    this.at = {row: 0, time: 0, speed: 0};
  }

  /** Cells have arrived. */
  arrived() {
    this.asked = null;
  }

  /** Ask for what the rows from `y0` to `y1` lack, of `rows` in all, in some columns and those `around` them. */
  look(y0, y1, rows, columns, around) {
    const [above, below] = this.#ahead(y0, y1);
    const reach = {from: Math.max(0, y0 - above), to: Math.min(rows, y1 + below)};
    const lacks = this.cells.missing(y0, y1, columns, columns);
    const span = lacks
      ? this.cells.missing(Math.max(0, y0 - BLOCK / 4), Math.min(rows, y1 + BLOCK / 4), columns, around)
      : this.cells.missing(reach.from, reach.to, columns, around);
    if (!span || (this.asked && (!lacks || covers(this.asked, lacks)))) return;
    const wait = EVERY - (performance.now() - (this.askedAt ?? 0));
    clearTimeout(this.waiting);
    if (wait > 0) {
      this.waiting = setTimeout(this.again, wait); // what is on screen by then
      return;
    }
    this.asked = span;
    this.askedAt = performance.now();
    this.ask(span, lacks && onScreen(lacks, y0, y1));
  }

  /** How many rows to read above and below the screen: more where the reader is going. */
  #ahead(y0, y1) {
    const time = performance.now();
    const [moved, passed] = [y0 - this.at.row, Math.max(1, time - this.at.time)];
    if (moved !== 0) {
      const isJump = Math.abs(moved) > JUMP * (y1 - y0);
      this.at = {row: y0, time, speed: isJump ? 0 : moved / passed};
    }
    const {speed} = this.at;
    const ahead = Math.min(MOST_AHEAD, Math.max(LEAST_AHEAD, Math.abs(speed) * LOOKS_AHEAD));
    return [speed < 0 ? ahead : BLOCK / 4, speed > 0 ? ahead : BLOCK / 4];
  }
}

/** The rows of a span between two others. */
function onScreen({first, count, columns}, y0, y1) {
  const [from, to] = [Math.max(first, Math.floor(y0)), Math.min(first + count, Math.ceil(y1))];
  return {first: from, count: Math.max(1, to - from), columns};
}

/** Whether one span has all rows and columns of another. */
function covers(span, other) {
  const columns = new Set(span.columns);
  const isRows = span.first <= other.first && other.first + other.count <= span.first + span.count;
  return isRows && other.columns.every((column) => columns.has(column));
}
