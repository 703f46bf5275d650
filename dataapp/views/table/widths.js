// Column widths: what the header and the first rows need, within bounds; what a reader dragged stays.

const NARROWEST = 72;
const WIDEST = 340;
const PADDING = 25; // both sides of a cell, and its line
const MARK = 18; // room for the sign of the order
const STRETCH = 1.6; // a few narrow columns grow by up to this to fill the table

const context = document.createElement("canvas").getContext("2d");

export class Widths {
  constructor(table) {
    this.table = table;
    this.set = {}; // what we chose, by column; anything else in the table is the reader's
  }

  /** Start with other columns. */
  start(headers) {
    this.set = {};
    this.table.resetAutoSize();
    this.reset(headers);
  }

  /** Forget what was seen of the columns. */
  reset(headers) {
    this.needs = headers.map((header) => Math.max(NARROWEST, this.#headerNeeds(header)));
  }

  /** Take texts of a column's cells into account. */
  see(column, texts) {
    context.font = this.#font();
    const need = Math.max(0, ...texts.map((text) => measure(text)));
    this.needs[column] = Math.min(WIDEST, Math.max(this.needs[column], Math.ceil(need) + PADDING));
  }

  /** Give the table its widths. */
  apply() {
    const old = this.table.saveColumnSizes();
    const total = this.needs.reduce((sum, need) => sum + need, 0);
    const factor = Math.min(STRETCH, Math.max(1, (this.table.clientWidth - 1) / total));
    const chosen = {};
    const dragged = {};
    this.needs.forEach((need, column) => {
      chosen[column] = Math.floor(need * factor);
      if (old[column] !== undefined && old[column] !== this.set[column]) dragged[column] = old[column];
    });
    this.set = chosen;
    this.table.restoreColumnSizes({...chosen, ...dragged});
  }

  /** Forget what the reader dragged. */
  fit(column) {
    this.table.restoreColumnSizes({...this.table.saveColumnSizes(), [column]: this.set[column]});
    this.apply();
  }

  #font(weight = 400) {
    const {fontSize, fontFamily} = getComputedStyle(this.table);
    return `${weight} ${fontSize} ${fontFamily}`;
  }

  #headerNeeds({column}) {
    context.font = this.#font(600);
    const name = measure(column.name) + MARK;
    context.font = this.#font();
    return Math.min(WIDEST, Math.ceil(Math.max(name, 0.85 * measure(column.type))) + PADDING);
  }
}

const measure = (text) => context.measureText(text).width;
