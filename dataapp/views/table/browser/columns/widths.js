// Column widths: what the header and the first rows need, within bounds, or what a reader chose.

const NARROWEST = 72;
const DATED = 112; // of a column of dates, for two of them below its picture
const WIDEST = 340;
const PADDING = 25; // both sides of a cell, and its line
const MARK = 44; // room for the two buttons beside the name, or the sign of the order
const STRETCH = 1.6; // a few narrow columns grow by up to this to fill the table
const MOST_PINNED = 0.6; // of the width of the table

const context = document.createElement("canvas").getContext("2d");

export class Widths {
  constructor(table) {
    this.table = table;
    this.needs = [];
  }

  /** Start with columns, or forget what was seen of them. */
  start(columns) {
    const font = fontOf(this.table);
    this.needs = columns.map((column) => Math.max(isDated(column) ? DATED : NARROWEST, headerNeeds(column, font)));
  }

  /** Take texts of a column's cells into account. */
  see(column, texts) {
    context.font = fontOf(this.table)(400);
    const most = texts.reduce((length, text) => Math.max(length, text.length), 0);
    const long = new Set(texts.filter((text) => text.length > 0.7 * most)); // the widest is hardly a shorter one
    const need = Math.max(0, ...Array.from(long, measure));
    this.needs[column] = Math.min(WIDEST, Math.max(this.needs[column], Math.ceil(need) + PADDING));
  }

  /** Give the table the widths of a layout. */
  apply(layout) {
    const free = layout.displayed.filter((at) => !layout.widths.has(at));
    const taken = layout.displayed.reduce((sum, at) => sum + (layout.widths.get(at) ?? 0), 0);
    const needed = free.reduce((sum, at) => sum + this.needs[at], 0);
    const factor = Math.min(STRETCH, Math.max(1, (this.table.clientWidth - 1 - taken) / needed));
    this.chosen = layout.displayed.map((at) => layout.widths.get(at) ?? Math.floor(this.needs[at] * factor));
    this.#round(layout);
    this.table.restoreColumnSizes({...this.chosen});
    const sizes = Object.values(this.table).find((one) => one?.override && one.indices);
    if (sizes) sizes.indices = [...this.chosen]; // it knows only those that it has drawn: told all, it scrolls exactly
  }

  /** Let the last column end where the table does, when rounding has left some pixels. */
  #round({displayed, widths}) {
    const rest = this.table.clientWidth - 1 - this.chosen.reduce((sum, width) => sum + width, 0);
    if (rest > 0 && rest <= displayed.length && !widths.has(displayed.at(-1))) this.chosen[displayed.length - 1] += rest;
  }

  /** How many of the pinned columns leave room for others. */
  pinned(layout) {
    let room = MOST_PINNED * this.table.clientWidth;
    let count = 0;
    while (count < layout.pinnedCount && room >= this.chosen[count]) room -= this.chosen[count++];
    return count;
  }

  /** Where a column starts, of those that scroll, and how wide it is. */
  place(place, pinned) {
    const left = this.chosen.slice(pinned, place).reduce((sum, width) => sum + width, 0);
    return {left, width: this.chosen[place]};
  }
}

function fontOf(table) {
  const {fontSize, fontFamily} = getComputedStyle(table);
  return (weight) => `${weight} ${fontSize} ${fontFamily}`;
}

function headerNeeds(column, font) {
  context.font = font(600);
  const name = measure(column.name) + MARK;
  context.font = font(400);
  return Math.min(WIDEST, Math.ceil(Math.max(name, 0.85 * measure(column.type))) + PADDING);
}

const isDated = ({kind}) => kind === "date" || kind === "timestamp";

const measure = (text) => context.measureText(text).width;
