// What a reader does with columns: order, hide, pin, size them, by menu, key, mouse and finger.
//
// A wish shows at once, and the server is told. What it says of the layout until it has heard all wishes is older.

import {ColumnList} from "./columnlist.js";
import {Layout} from "./layout.js";
import {Mover} from "./mover.js";
import {Sizer} from "./sizer.js";

const NARROWEST = 32; // px
const STEP = 24; // px, of a key that makes a column wider
const GAP = 24; // px beside a column that is jumped to

export class ColumnTools {
  constructor(explorer) {
    this.explorer = explorer;
    this.wished = []; // layouts that the server has not confirmed
    const {headerMenu, toolbar, table} = explorer;
    headerMenu.add(0, (column) => this.#sorting(column));
    headerMenu.add(20, (column) => this.#placing(column), {isOfPage: true});
    headerMenu.add(30, (column) => this.#sizing(column), {isOfPage: true});
    this.list = new ColumnList(this);
    toolbar.add("columns", "Columns", (button) => this.list.toggle(button));
    new Mover(this);
    new Sizer(this);
    table.addEventListener("keydown", (event) => this.#key(event));
  }

  get layout() {
    return this.explorer.layout;
  }

  /** Take what the server says. */
  hear(said, {isNew = false} = {}) {
    const layout = new Layout(this.explorer.relationWidth, said, this.explorer.groups);
    if (isNew) this.wished = [];
    this.wished = this.wished.slice(this.wished.indexOf(layout.key) + 1);
    if (this.wished.length > 0 || layout.key === this.layout.key) return;
    this.#show(layout);
  }

  /** Lay the columns out as the reader wishes. */
  wish(layout) {
    if (layout.key !== this.layout.key) this.settle(layout);
  }

  /** Tell the server of a layout, which may be on screen already. */
  settle(layout) {
    this.wished.push(layout.key);
    this.#show(layout);
    this.explorer.say("layout", layout.message);
  }

  /** Show a layout that nobody has asked for yet, while something is dragged. */
  preview(layout) {
    this.#show(layout);
  }

  #show(layout) {
    const {explorer} = this;
    explorer.layout = layout;
    explorer.fitWidths();
    explorer.draw();
    this.list.show();
  }

  /** Scroll sideways to a column. */
  async reveal(column) {
    const {explorer} = this;
    const place = this.layout.places.get(column);
    if (place === undefined || place < explorer.pinned) return;
    const {left, width} = explorer.widths.place(place, explorer.pinned);
    const {table} = explorer;
    const room = table.clientWidth - explorer.widths.place(explorer.pinned, 0).left;
    if (left < table.scrollLeft) table.scrollLeft = Math.max(0, left - GAP);
    else if (left + width > table.scrollLeft + room) table.scrollLeft = left + width - room + GAP;
    await explorer.draw();
  }

  /** Move the focus to the header of a column. */
  async focus(column) {
    await this.reveal(column);
    this.explorer.headers.at(column).title.focus();
  }

  width(column) {
    const {widths} = this.explorer;
    return widths.chosen[this.layout.places.get(column)];
  }

  size(column, width) {
    this.wish(this.layout.sized(column, width === null ? null : Math.max(NARROWEST, width)));
  }

  async move(column, step) {
    this.wish(this.layout.stepped(column, step));
    await this.focus(column);
  }

  // The menu.

  #sorting(column) {
    const {explorer} = this;
    const key = explorer.order.find((one) => one.column === column);
    const by = (orderOf) => ({
      act: () => explorer.sortBy(orderOf()),
      foresee: (control) => explorer.foresee(control, orderOf),
    });
    const to = (descending) => by(() => [{column, descending}]);
    return [
      {label: "Sort ascending", ...to(false), note: key && !key.descending ? "✓" : ""},
      {label: "Sort descending", ...to(true), note: key?.descending ? "✓" : ""},
      ...(key ? [{label: "Do not sort by it", ...by(() => without(explorer.order, column))}] : []),
    ];
  }

  #placing(column) {
    const {layout} = this;
    const isPinned = layout.pinned.has(column);
    const steps = [-1, 1].map((step) => layout.stepped(column, step) === layout);
    return [
      {
        label: isPinned ? "Unpin" : "Pin to the left",
        act: () => this.wish(this.layout.pinnedTo(column, !isPinned)),
      },
      {label: "Move left", note: "Alt ←", act: () => this.move(column, -1), isOff: steps[0]},
      {label: "Move right", note: "Alt →", act: () => this.move(column, 1), isOff: steps[1]},
      {
        label: "Hide",
        act: () => this.wish(this.layout.shown([column], false)),
        isOff: layout.displayed.length === 1,
      },
    ];
  }

  #sizing(column) {
    const {layout} = this;
    return [
      {label: "Wider", note: "Alt Shift →", act: () => this.#widen(column, 1)},
      {label: "Narrower", note: "Alt Shift ←", act: () => this.#widen(column, -1)},
      {label: "Fit width", act: () => this.size(column, null), isOff: !layout.widths.has(column)},
      {label: "Fit all widths", act: () => this.wish(this.layout.fitted()), isOff: layout.widths.size === 0},
    ];
  }

  #widen(column, step) {
    this.size(column, this.width(column) + step * STEP);
  }

  /** With the focus on a header, Alt or Ctrl with an arrow moves the column; with Shift, it makes it wider. */
  #key(event) {
    const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    const header = this.#headerOf(event.target);
    if (!step || !header || !(event.altKey || event.ctrlKey)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.shiftKey) this.#widen(header.position, step);
    else this.move(header.position, step);
  }

  #headerOf(element) {
    return this.explorer.headers.all().find((one) => one.title === element || one.button === element);
  }
}

const without = (order, column) => order.filter((key) => key.column !== column);
