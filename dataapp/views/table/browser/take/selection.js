// What is selected: rows by their numbers in the view, columns by their places on screen, and where the cursor is.
//
// Rows are kept as stretches [first, end), rising, of which no two touch; whatever their number, they cost nothing.

export class Selection {
  constructor() {
    this.reset();
  }

  reset() {
    this.stretches = [];
    this.columns = null; // [first place, last place], or null for whole rows
    this.cursor = null; // {row, place}
    this.anchor = null; // where the stretch that grows began
    this.kept = []; // stretches beside the one that grows
  }

  get isEmpty() {
    return this.stretches.length === 0;
  }

  get rows() {
    return this.stretches.reduce((sum, [first, end]) => sum + end - first, 0);
  }

  get isOfRows() {
    return !this.isEmpty && this.columns === null;
  }

  /** How many columns are selected of so many on screen. */
  width(columns) {
    return this.columns === null ? columns : this.columns[1] - this.columns[0] + 1;
  }

  has(row, place) {
    return this.hasRow(row) && (this.columns === null || (place >= this.columns[0] && place <= this.columns[1]));
  }

  hasRow(row) {
    return this.stretches.some(([first, end]) => row >= first && row < end);
  }

  /** Put the cursor on a cell and select it, or all from the anchor to it. */
  cell(row, place, {extend = false} = {}) {
    this.cursor = {row, place};
    this.kept = [];
    if (!extend || this.anchor === null) this.anchor = this.cursor;
    const isOfRows = extend && this.isOfRows;
    this.columns = isOfRows ? null : between(this.anchor.place, place);
    this.#grow();
  }

  /** Select a whole row, or rows up to it; `add` keeps what is selected, and takes a selected row away. */
  row(row, {extend = false, add = false} = {}) {
    const place = this.cursor?.place ?? 0;
    if (add && this.isOfRows && this.hasRow(row)) {
      this.stretches = without(this.stretches, row);
      this.kept = this.stretches;
      this.cursor = this.anchor = {row, place};
      return;
    }
    if (!extend || this.anchor === null) this.anchor = {row, place};
    this.kept = add && this.isOfRows ? this.stretches : extend ? this.kept : [];
    this.cursor = {row, place};
    this.columns = null;
    this.#grow();
  }

  all(rows) {
    this.kept = [];
    this.columns = null;
    this.stretches = rows > 0 ? [[0, rows]] : [];
    this.cursor ??= {row: 0, place: 0};
    this.anchor = this.cursor;
  }

  /** Select nothing; the cursor stays. */
  clear() {
    this.stretches = [];
    this.kept = [];
    this.anchor = this.cursor;
  }

  #grow() {
    const [first, last] = between(this.anchor.row, this.cursor.row);
    this.stretches = joined([...this.kept, [first, last + 1]]);
  }
}

const between = (one, other) => [Math.min(one, other), Math.max(one, other)];

function joined(stretches) {
  const found = [];
  for (const [first, end] of stretches.toSorted((one, other) => one[0] - other[0])) {
    const last = found.at(-1);
    if (last && first <= last[1]) last[1] = Math.max(last[1], end);
    else found.push([first, end]);
  }
  return found;
}

function without(stretches, row) {
  return stretches.flatMap(([first, end]) =>
    row < first || row >= end
      ? [[first, end]]
      : [
          [first, row],
          [row + 1, end],
        ].filter(([from, to]) => from < to),
  );
}
