// Which rows are on screen, for tables far taller than a browser can scroll.
//
// A browser clamps elements near ten million pixels. The table is therefore told that it has at most MOST rows, and
// `offset` is added to its row numbers. Small steps (wheel, touch, keys) leave the offset alone, so they stay smooth and
// exact to the pixel. A jump (the scroll bar) chooses it anew: a quarter of the bar is a quarter of the rows. Only the
// first and the last EXACT rows of the bar stand for themselves, so that steps find room beyond it. When scrolling rests,
// or steps come NEAR an end of the bar before that of the rows, the bar is put where it belongs.

const MOST = 150_000; // times the row height stays below what Firefox clamps at
const EXACT = 200; // more than one step of a wheel is long
const NEAR = 100;
const OUT_OF_PLACE = 500; // rows that the bar may be wrong by before it is put right
const RESTS_AFTER = 150; // ms without a scroll event

export class RowScroller {
  /** `redraw` is called when other rows are on screen although the browser has not scrolled. */
  constructor(table, rowHeight, headerHeight, redraw) {
    this.table = table;
    this.rowHeight = rowHeight;
    this.headerHeight = headerHeight;
    this.redraw = redraw;
    this.rows = 0;
    this.offset = 0;
    this.last = 0; // scrollTop as far as it has been accounted for
    this.dragged = false;
    table.addEventListener("scroll", () => this.#scrolled(), {capture: true, passive: true});
    table.addEventListener("pointerdown", (event) => {
      this.dragged = event.target === table && event.offsetX >= table.clientWidth; // on the scroll bar
    });
    for (const type of ["wheel", "touchstart", "keydown"]) {
      table.addEventListener(type, () => (this.dragged = false), {passive: true});
    }
  }

  /** How many rows the table is told that it has. */
  get height() {
    return Math.min(this.rows, MOST);
  }

  /** How many rows fit on screen. */
  get visible() {
    return Math.max(1, (this.table.clientHeight - this.headerHeight) / this.rowHeight);
  }

  /** The first row on screen; a fraction when it is cut. */
  get row() {
    return this.last / this.rowHeight + this.offset;
  }

  /** Show the table with this many rows, from a row. Returns when it is drawn. */
  async resize(rows, row) {
    this.rows = rows;
    this.#place(row);
    await this.redraw();
    this.#place(row); // only now is the table high enough
    await this.redraw();
  }

  /** Scroll to a row, or as near as there are rows. */
  to(row) {
    this.#place(row);
    return this.redraw();
  }

  by(rows) {
    const row = this.row + rows;
    const place = row - this.offset;
    if (place < 0 || place > this.height - this.visible) return this.to(row);
    this.table.scrollTop = place * this.rowHeight;
    this.last = this.table.scrollTop;
    return this.redraw();
  }

  #place(row) {
    const wanted = Math.min(Math.max(0, row), Math.max(0, this.rows - this.visible));
    this.offset = this.#offsetFor(this.#rowToPlace(wanted), wanted);
    this.table.scrollTop = (wanted - this.offset) * this.rowHeight;
    this.last = this.table.scrollTop;
  }

  #scrolled() {
    const top = this.table.scrollTop;
    if (top === this.last) return; // our own doing, or sideways
    const isJump = this.dragged || Math.abs(top - this.last) > 4 * this.table.clientHeight;
    this.last = top;
    if (this.rows <= MOST) return;
    const place = top / this.rowHeight;
    if (isJump) this.offset = this.#offsetFor(place, this.#placeToRow(place));
    else if (this.#isNearEnd(place)) this.#place(this.row);
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.#rest(), RESTS_AFTER);
  }

  #rest() {
    const row = this.row;
    if (Math.abs(this.#rowToPlace(row) - this.last / this.rowHeight) > OUT_OF_PLACE) this.to(row);
  }

  /** Whether an end of the bar is near, and that of the rows is not at the same place. */
  #isNearEnd(place) {
    const isTop = place < NEAR && this.offset > 0;
    return isTop || (place > this.height - this.visible - NEAR && this.offset < this.rows - this.height);
  }

  #offsetFor(place, row) {
    return Math.min(Math.max(0, Math.round(row - place)), this.rows - this.height);
  }

  get #stretch() {
    return (this.rows - 2 * EXACT) / (MOST - 2 * EXACT);
  }

  #placeToRow(place) {
    if (this.rows <= MOST || place < EXACT) return place;
    if (place > MOST - EXACT) return place + this.rows - MOST;
    return EXACT + (place - EXACT) * this.#stretch;
  }

  #rowToPlace(row) {
    if (this.rows <= MOST || row < EXACT) return row;
    if (row > this.rows - EXACT) return row - this.rows + MOST;
    return EXACT + (row - EXACT) / this.#stretch;
  }
}
