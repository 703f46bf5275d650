// The cursor in the grid: keys, mouse and finger move it and select cells, and assistive technology is told.
//
// The cell under the cursor has the focus. Cells on screen are used again for other rows, so the focus goes to whichever
// cell shows the cursor's row after each drawing; where none does, the table itself keeps it until the cursor is back.
// A cell that stays the same element says nothing new to a screen reader: then what it shows is announced.

import {element} from "../columns/header.js";

const LONG_PRESS = 500; // ms
const STILL = 10; // px that a finger may move meanwhile
const EDGE_SPEED = 0.4; // rows per frame and row height beyond the edge, while selecting

export class Cursor {
  /** `act` has what keys and clicks ask for beside selecting: changed, copy, open, goTo. */
  constructor(explorer, selection, act) {
    this.explorer = explorer;
    this.selection = selection;
    this.act = act;
    this.table = explorer.table;
    this.isActive = false; // the focus is in the rows
    this.isWanted = false; // or is to come there from elsewhere
    this.said = element("div", "said");
    this.said.setAttribute("role", "status");
    this.#listen();
  }

  // What is on screen.

  /** Mark the cells on screen; called after each drawing, and when something else is selected. */
  paint() {
    const {explorer, selection, table} = this;
    if (!this.isNamed) this.#name();
    table.setAttribute("aria-rowcount", explorer.view?.rows == null ? -1 : explorer.scroller.rows + 1);
    table.setAttribute("aria-colcount", explorer.layout.displayed.length);
    let [here, first, above] = [null, null, -1];
    for (const line of table.querySelectorAll("tbody tr")) {
      const row = this.placeOf(line.lastElementChild)?.row ?? -1;
      if (row <= above) { // a line below the last one, as the table left it
        for (const cell of line.querySelectorAll("[data-cursor]")) cell.removeAttribute("data-cursor");
        continue;
      }
      above = row;
      for (const cell of line.children) {
        const at = this.placeOf(cell);
        if (!at) continue;
        const isCursor = selection.cursor?.row === at.row && selection.cursor.place === at.place;
        if (isCursor) here = cell;
        if (at.row >= explorer.scroller.row) first ??= cell;
        set(line, "role", "row");
        set(line, "aria-rowindex", at.row + 2);
        set(cell, "role", cell.localName === "th" ? "rowheader" : "gridcell");
        set(cell, "aria-colindex", at.place + 1);
        set(cell, "aria-selected", selection.has(at.row, at.place));
        cell.toggleAttribute("data-cursor", isCursor && (this.isActive || !selection.isEmpty));
      }
    }
    for (const cell of table.querySelectorAll("thead th")) {
      const at = this.placeOf(cell);
      set(cell, "role", "columnheader");
      if (at) set(cell, "aria-colindex", at.place + 1);
    }
    const stop = here ?? first;
    for (const cell of table.querySelectorAll("tbody [tabindex]")) if (cell !== stop) cell.removeAttribute("tabindex");
    if (stop) set(stop, "tabindex", 0);
    this.#keepFocus(here);
  }

  /** The row of a cell, and the place of its column among those on screen. */
  placeOf(cell) {
    const at = this.explorer.placeOf(cell);
    const place = at && this.explorer.layout.places.get(at.column);
    return place === undefined || place === null ? null : {row: at.row, place};
  }

  #name() {
    const {table} = this;
    this.isNamed = true;
    if (!table.hasAttribute("role")) table.setAttribute("role", "grid"); // with groups it is another
    table.setAttribute("aria-label", "Table");
    table.setAttribute("aria-multiselectable", "true");
    const inner = table.querySelector("table");
    inner.setAttribute("role", "none");
    for (const part of inner.children) part.setAttribute("role", "rowgroup");
    const line = inner.querySelector("thead tr");
    if (line) {
      line.setAttribute("role", "row");
      line.setAttribute("aria-rowindex", 1);
    }
  }

  #keepFocus(here) {
    if (!this.isActive) return;
    const {table} = this;
    const focused = table.getRootNode().activeElement;
    if (!this.isWanted && focused && focused !== table && !isCell(focused)) return; // the reader is in the header
    this.isWanted = false;
    if (here === null) {
      if (focused !== table) table.focus({preventScroll: true});
    } else if (here !== focused) here.focus({preventScroll: true});
    else if (this.last && this.last.row !== this.selection.cursor.row) this.#announce(here);
    this.last = this.selection.cursor;
  }

  #announce(cell) {
    this.said.textContent = `${cell.textContent}, row ${this.selection.cursor.row + 1}`;
  }

  // Moving.

  /** Put the cursor somewhere, within the table, and show it. */
  async move(row, place, {extend = false} = {}) {
    const {explorer} = this;
    const last = explorer.layout.displayed.length - 1;
    if (explorer.scroller.rows === 0 || last < 0) return;
    const to = {row: clamp(row, explorer.scroller.rows - 1), place: clamp(place, last)};
    this.selection.cell(to.row, to.place, {extend});
    await this.changed();
  }

  /** What is selected has changed: show it, with the cursor in sight. */
  async changed({reveal = true} = {}) {
    this.act.changed();
    if (reveal && this.#reveal()) await this.explorer.draw();
    this.paint();
  }

  /** Take the focus. */
  focus() {
    this.activate();
    this.paint();
  }

  /** Let the next painting take the focus. */
  activate() {
    this.isActive = this.isWanted = true;
  }

  /** Show the cursor where the table has become narrower. */
  async reveal() {
    await this.explorer.draw(); // its size is another one only now
    if (this.#reveal()) await this.explorer.draw();
  }

  #reveal() {
    const {scroller, layout, columnTools} = this.explorer;
    const {row, place} = this.selection.cursor ?? {};
    if (row === undefined) return false;
    columnTools.reveal(layout.displayed[place]);
    const lowest = row + 1 - scroller.visible; // the first row on screen that still shows it whole
    if (row >= scroller.row && lowest <= scroller.row) return false;
    const first = row < scroller.row ? row : Math.ceil(lowest); // whole rows stay whole at the top
    if (Math.abs(first - scroller.row) > 2 * scroller.visible) scroller.to(first);
    else scroller.by(first - scroller.row);
    return true;
  }

  /** Where the cursor is, or would start. */
  get here() {
    return this.selection.cursor ?? {row: Math.ceil(this.explorer.scroller.row), place: 0};
  }

  // What the reader does.

  #listen() {
    const {table} = this;
    table.addEventListener("keydown", (event) => this.#key(event));
    table.addEventListener("focusin", (event) => this.#focused(event.target));
    this.heard = (event) => this.#tabbed(event);
    document.addEventListener("keydown", this.heard, {capture: true});
    table.addEventListener("focusout", ({target}) => {
      queueMicrotask(() => {
        const isTakenAway = !target.isConnected; // by the table, which does not end it
        if (!isTakenAway && !isIn(table, table.getRootNode().activeElement)) this.#left();
      });
    });
    table.addEventListener("pointerdown", (event) => this.#pressed(event));
    table.addEventListener("mousedown", (event) => {
      const isCell = this.#at(event.target) && !event.target.closest("button");
      if (isCell) event.preventDefault(); // no text is selected, and the focus is ours
    });
    table.addEventListener("click", (event) => this.#clicked(event));
    table.addEventListener("contextmenu", (event) => {
      if (this.isTouched) event.preventDefault();
    });
  }

  /** No longer listen outside the table. */
  stop() {
    document.removeEventListener("keydown", this.heard, {capture: true});
  }

  /**
   * Let Tab go from the header to the rows: the table itself would come before its header, and what is in a table that is
   * no stop is none either. So Tab passes the table on to its first control, and goes back past it.
   */
  #tabbed(event) {
    if (event.key !== "Tab") return;
    const {table} = this;
    this.isTabbing = !event.shiftKey;
    if (event.shiftKey && table.getRootNode().activeElement === this.#firstControl) table.tabIndex = -1;
    setTimeout(() => {
      this.isTabbing = false;
      table.tabIndex = 0;
    });
  }

  get #firstControl() {
    const controls = [...this.table.querySelectorAll("thead :is(button, input, [tabindex]):not([tabindex='-1'])")];
    return controls.find((one) => one.checkVisibility());
  }

  #at(target) {
    const cell = target.closest?.("tbody td, tbody th");
    return cell ? this.placeOf(cell) : null;
  }

  #focused(target) {
    const at = isCell(target) ? this.placeOf(target) : null;
    if (target === this.table && this.isTabbing) {
      this.#firstControl?.focus();
      return;
    }
    if (target !== this.table && !at) {
      this.isActive = false;
      return;
    }
    this.isActive = true;
    if (at && this.selection.cursor === null) this.selection.cursor = at;
    this.paint();
  }

  #left() {
    this.isActive = false;
    this.paint();
  }

  #key(event) {
    if (event.altKey || event.defaultPrevented || (event.target !== this.table && !isCell(event.target))) return;
    const isHeld = event.ctrlKey || event.metaKey;
    const done = isHeld ? this.#command(event) : this.#step(event);
    if (done) event.preventDefault();
  }

  #command(event) {
    const {scroller, layout} = this.explorer;
    const {place} = this.here;
    const keys = {
      Home: () => this.move(0, 0, {extend: event.shiftKey}),
      End: () => this.move(scroller.rows - 1, layout.displayed.length - 1, {extend: event.shiftKey}),
      ArrowUp: () => this.move(0, place, {extend: event.shiftKey}),
      ArrowDown: () => this.move(scroller.rows - 1, place, {extend: event.shiftKey}),
      a: () => this.all(),
      c: () => this.act.copy(),
      g: () => this.act.goTo(),
    };
    const key = keys[event.key] ?? keys[event.key.toLowerCase()];
    key?.();
    return key !== undefined;
  }

  #step(event) {
    const {scroller, layout} = this.explorer;
    const page = Math.max(1, Math.floor(scroller.visible) - 1);
    const steps = {
      ArrowDown: [1, 0],
      ArrowUp: [-1, 0],
      ArrowRight: [0, 1],
      ArrowLeft: [0, -1],
      PageDown: [page, 0],
      PageUp: [-page, 0],
      Home: [0, -layout.displayed.length],
      End: [0, layout.displayed.length],
    };
    const {row, place} = this.here;
    const step = steps[event.key];
    const isOut = event.key === "ArrowUp" && row === 0 && !event.shiftKey;
    if (isOut) this.explorer.columnTools.focus(layout.displayed[place]);
    else if (step) this.move(row + step[0], place + step[1], {extend: event.shiftKey});
    else if (event.key === " " && event.shiftKey) this.row(row);
    else if (event.key === " " || event.key === "Enter") this.act.open(event.key);
    else if (event.key !== "Escape") return false;
    else if (!this.act.escape()) this.clear();
    return true;
  }

  /** Select whole rows. */
  row(row, how) {
    this.selection.row(row, how);
    return this.changed({reveal: false});
  }

  all() {
    this.selection.all(this.explorer.scroller.rows);
    return this.changed({reveal: false});
  }

  clear() {
    this.selection.clear();
    return this.changed({reveal: false});
  }

  #pressed(event) {
    const at = this.#at(event.target);
    this.isTouched = event.pointerType === "touch";
    if (!at || event.button !== 0 || event.target.closest("button")) return;
    if (this.isTouched) {
      this.#awaitLongPress(event, at);
      return;
    }
    this.activate();
    if ((event.ctrlKey || event.metaKey) && this.selection.isOfRows) {
      this.row(at.row, {add: true});
      return;
    }
    this.selection.cell(at.row, at.place, {extend: event.shiftKey});
    this.changed({reveal: false}); // what is under the mouse stays there: a second click may follow
    this.dragged(event, (to) => this.selection.cell(to.row, to.place, {extend: true}));
  }

  /** While the button is held, `take` the cell under the mouse; beyond an edge, the rows scroll. */
  dragged(event, take) {
    const {table, explorer} = this;
    let [x, y, frame] = [event.clientX, event.clientY, 0];
    const look = () => {
      const to = this.#nearest(x, y);
      const {cursor} = this.selection;
      if (to === null || (cursor.row === to.row && cursor.place === to.place)) return;
      take(to);
      this.changed({reveal: false});
    };
    const roll = async () => {
      const beyond = this.#beyond(y);
      if (beyond !== 0) {
        await explorer.scroller.by(beyond * EDGE_SPEED);
        look();
      }
      frame = requestAnimationFrame(roll);
    };
    const moved = (next) => {
      [x, y] = [next.clientX, next.clientY];
      look();
    };
    const ended = () => {
      cancelAnimationFrame(frame);
      document.removeEventListener("pointermove", moved);
      for (const type of ["pointerup", "pointercancel"]) document.removeEventListener(type, ended);
    };
    document.addEventListener("pointermove", moved);
    for (const type of ["pointerup", "pointercancel"]) document.addEventListener(type, ended);
    frame = requestAnimationFrame(roll);
  }

  #box() {
    const box = this.table.getBoundingClientRect();
    const top = box.top + this.explorer.scroller.headerHeight;
    return {top, left: box.left, right: box.left + this.table.clientWidth, bottom: box.top + this.table.clientHeight};
  }

  /** How many rows a height is above (negative) or below the rows on screen. */
  #beyond(y) {
    const {top, bottom} = this.#box();
    const {rowHeight} = this.explorer.scroller;
    return y < top ? (y - top) / rowHeight : y > bottom ? (y - bottom) / rowHeight : 0;
  }

  #nearest(x, y) {
    const {top, left, right, bottom} = this.#box();
    const root = this.table.getRootNode();
    const target = root.elementFromPoint(clamp(x, right - 2, left + 2), clamp(y, bottom - 2, top + 2));
    return target && this.#at(target);
  }

  // A finger: a tap selects, a long press selects up to there.

  #awaitLongPress(event, at) {
    const {clientX, clientY} = event;
    this.wasLong = false;
    const stop = () => {
      clearTimeout(timer);
      this.table.removeEventListener("pointermove", moved);
      for (const type of ["pointerup", "pointercancel"]) this.table.removeEventListener(type, stop);
    };
    const moved = (next) => {
      if (Math.hypot(next.clientX - clientX, next.clientY - clientY) > STILL) stop();
    };
    const timer = setTimeout(() => {
      stop();
      this.wasLong = true;
      this.selection.cell(at.row, at.place, {extend: !this.selection.isEmpty});
      this.changed({reveal: false});
    }, LONG_PRESS);
    this.table.addEventListener("pointermove", moved);
    for (const type of ["pointerup", "pointercancel"]) this.table.addEventListener(type, stop);
  }

  #clicked(event) {
    const at = this.#at(event.target);
    if (!at || !this.isTouched || this.wasLong || event.target.closest("button")) return;
    this.activate();
    this.selection.cell(at.row, at.place);
    this.changed();
  }
}

const isCell = (one) => Boolean(one.matches?.("tbody td, tbody th"));

const isIn = (table, one) => one === table || (one !== null && table.contains(one) && isCell(one));

const clamp = (value, most, least = 0) => Math.max(least, Math.min(most, value));

function set(one, name, value) {
  const text = String(value);
  if (one.getAttribute(name) !== text) one.setAttribute(name, text);
}
