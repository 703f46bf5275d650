// Which controls of the headers Tab stops at: those of one column, as all of a wide table would be thousands. Arrow keys go
// from column to column, and between a header and its rows. The column is that of the cursor, or of the header used last.

export class HeaderStops {
  constructor(explorer) {
    this.explorer = explorer;
    explorer.table.addEventListener("focusin", (event) => this.#focused(event.target));
    explorer.table.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Headers or the cursor have been drawn. */
  paint() {
    const {explorer} = this;
    const {cursor, selection} = explorer.take;
    if (cursor.isActive && selection.cursor) this.column = explorer.layout.displayed[selection.cursor.place];
    const cells = [...explorer.table.querySelectorAll("thead th")];
    const shown = cells.map((cell) => explorer.placeOf(cell)?.column).filter((column) => column !== undefined);
    if (!shown.includes(this.column)) this.column = shown[0];
    for (const column of shown) explorer.headers.at(column).stop(column === this.column);
  }

  #focused(target) {
    const header = this.#headerOf(target);
    if (header) this.column = header.position;
    this.paint();
  }

  #key(event) {
    const isPlain = !(event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented);
    const header = this.#headerOf(event.target);
    if (!isPlain || !header || !event.target.matches("button")) return;
    const {layout, columnTools, scroller, take} = this.explorer;
    const [place, last] = [layout.places.get(header.position), layout.displayed.length - 1];
    const to = {ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: last}[event.key];
    if (event.key === "ArrowDown") {
      take.cursor.activate();
      take.cursor.move(Math.ceil(scroller.row), place);
    } else if (to !== undefined) {
      columnTools.focus(layout.displayed[Math.min(Math.max(0, to), last)]);
    } else {
      return;
    }
    event.preventDefault();
  }

  #headerOf(element) {
    return this.explorer.headers.all().find((one) => one.element.contains(element));
  }
}
