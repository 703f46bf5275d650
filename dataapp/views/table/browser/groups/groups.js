// Groups in the browser: which line shows what, how group lines look, and how a reader opens and closes them.
//
// The server says with each window of cells what its lines show. A line is a group, closed or open, or a row of an open
// one. What a line has no value for is blank: a group has its own key and its aggregates, a row its own columns.

import {tableFromIPC} from "@uwdata/flechette";
import {BLOCK, toBytes} from "../cells/cells.js";
import {formatCount} from "../cells/format.js";
import {GroupChooser} from "./groupchooser.js";
import {element} from "../columns/header.js";
import {icon} from "../icons.js";

const [ROW, CLOSED, OPEN] = [0, 1, 2]; // as the server says
const MOST_TILES = 300;
const PARTS = {day: "day of ", month: "month of ", year: "year of ", value: ""};

export class Groups {
  constructor(explorer) {
    this.explorer = explorer;
    this.tiles = new Map(); // block → {level, state, group, first}
    this.said = null; // what the server says of the groups, or null without
    this.keys = [];
    this.top = 0; // the first row on screen
    this.focused = null; // the group whose caret was used: it keeps the focus when its cell is made anew
    this.chooser = new GroupChooser(this);
    this.button = explorer.toolbar.add("group", "Group rows", (button) => this.chooser.toggle(button));
    this.chip = element("span", "chip group-chip");
    this.chip.hidden = true;
    explorer.toolbar.chips.prepend(this.chip);
    explorer.headerMenu.add(15, (column) => this.#entries(column));
    explorer.table.addEventListener("click", (event) => this.#clicked(event));
    explorer.root.addEventListener("pointerdown", () => (this.focused = null), {capture: true});
    explorer.root.addEventListener("keydown", () => (this.focused = null), {capture: true});
    explorer.table.addEventListener("keydown", (event) => this.#pressed(event), {capture: true});
  }

  /** The columns after those of the relation. */
  get columns() {
    return this.said?.columns ?? [];
  }

  /** Take what the server says of a view, and tell whether other columns are on screen. Lines come with the cells. */
  hear(said) {
    const isOther = shape(said) !== shape(this.said);
    this.said = said;
    this.keys = (said?.keys ?? []).map(([column]) => column);
    this.tiles.clear();
    this.button.setAttribute("aria-pressed", String(said !== null));
    this.explorer.root.toggleAttribute("data-grouped", said !== null);
    return isOther;
  }

  /** Keep what the lines of a window show. */
  take({first, lines}) {
    if (!lines) return;
    const table = tableFromIPC(toBytes(lines), {useBigInt: true});
    const tile = {first};
    for (const name of ["level", "state", "group"]) tile[name] = table.getChild(name).toArray();
    for (let row = first; row < first + Math.max(table.numRows, 1); row += BLOCK) {
      this.tiles.delete(row / BLOCK);
      this.tiles.set(row / BLOCK, tile);
    }
    while (this.tiles.size > MOST_TILES) this.tiles.delete(this.tiles.keys().next().value);
  }

  /** What a line shows; undefined while that is not known, and without groups. */
  line(row) {
    const tile = this.tiles.get(Math.floor(row / BLOCK));
    const at = row - tile?.first;
    if (tile?.level[at] === undefined) return undefined;
    return {level: tile.level[at], state: tile.state[at], group: tile.group[at]};
  }

  /** Whether a line shows a group, and not a row. */
  isGroup(row) {
    const line = this.said && this.line(row);
    return Boolean(line) && line.state !== ROW;
  }

  /** Whether a line has no value for a column. */
  isBlank(row, column) {
    const line = this.said && this.line(row);
    if (!line) return false;
    const isMade = column >= this.explorer.relationWidth;
    if (line.state === ROW) return isMade || (row !== this.top && this.#isWhole(column));
    return !isMade && this.keys[line.level] !== column;
  }

  /** The columns on screen, from left to right: keys, what is made of the groups, then those that their rows have. */
  displayed(others, hidden) {
    const keys = [...new Set(this.keys)];
    const made = this.columns.map((_, at) => this.explorer.relationWidth + at);
    const shown = made.filter((at) => !hidden.has(at));
    return [...keys, ...shown, ...(this.said.open ? others.filter((at) => !keys.includes(at)) : [])];
  }

  get pinnedCount() {
    return new Set(this.keys).size;
  }

  /** What is made of groups has no filter. */
  dressHeader(header) {
    header.element.toggleAttribute("data-made", header.position >= this.explorer.relationWidth);
  }

  /** Let a cell look like what its line shows. */
  dress(cell, {row, column}) {
    const line = this.said && this.line(row);
    const isGroup = line !== undefined && line !== null && line.state !== ROW;
    const isTop = row === this.top && line?.state === ROW; // it says which group it is in, and closes it
    const isKey = (isGroup && this.keys[line.level] === column) || (isTop && this.keys[line.level - 1] === column);
    let caret = cell.querySelector(".caret");
    if (!isKey) caret?.remove();
    else {
      caret ??= this.#caret(cell);
      const isOpen = line.state !== CLOSED;
      caret.setAttribute("aria-expanded", String(isOpen));
      if (this.focused === line.group) caret.focus({preventScroll: true});
      caret.setAttribute("aria-label", `${isOpen ? "Close" : "Open"} the group`);
    }
    if (cell.localName === "th") set(cell, "role", "rowheader");
    const tr = cell.parentElement;
    const kind = line ? (isGroup ? "group" : "row") : "";
    if (tr.dataset.line !== kind) tr.dataset.line = kind;
    set(tr, "aria-level", line ? line.level + 1 : null);
    set(tr, "aria-expanded", isGroup ? line.state === OPEN : null);
  }

  /** Show the chip, and what the table is to a screen reader. */
  show() {
    const {said, explorer} = this;
    this.chooser.show();
    set(explorer.table, "role", said ? "treegrid" : "grid");
    this.chip.hidden = said === null;
    if (said === null) return;
    const names = said.keys.map(([column, part]) => PARTS[part] + explorer.columns[column].name);
    const label = element("button", "chip-label");
    label.append(element("span", "chip-name", "Grouped by "), element("span", "chip-text", names.join(", ")));
    label.title = names.join(", ");
    label.type = "button";
    label.addEventListener("click", () => this.chooser.toggle(label));
    const button = element("button", "chip-remove");
    button.type = "button";
    button.setAttribute("aria-label", "Do not group");
    button.append(icon("close"));
    button.addEventListener("click", () => this.wish([], []));
    this.chip.replaceChildren(label, button);
  }

  /** The footer's text. */
  count(unfiltered, isFiltered) {
    const {said} = this;
    const all = `${formatCount(said.rows)} ${said.rows === 1 ? "row" : "rows"}`;
    const groups = `${formatCount(said.count)} ${said.count === 1 ? "group" : "groups"} of ${all}`;
    return isFiltered ? `${groups}, filtered from ${formatCount(unfiltered)}` : groups;
  }

  wish(keys, aggregates) {
    this.explorer.say("group", {keys, aggregates});
  }

  /** Open or close the group of a line. Its caret keeps the focus if it has been used. */
  toggle(line, {isByCaret = true} = {}) {
    if (!line) return;
    if (isByCaret) this.focused = line.group;
    this.explorer.say("toggle", {group: Number(line.group)});
  }

  /** Whether a key is the column's values: its rows need not show them again. */
  #isWhole(column) {
    return this.said.keys.some(([key, part]) => key === column && part === "value");
  }

  #caret(cell) {
    const caret = element("button", "caret");
    caret.type = "button";
    caret.append(icon("unfold"));
    cell.prepend(caret);
    return caret;
  }

  #lineOf(caret) {
    return this.line(this.explorer.placeOf(caret.closest("td, th")).row);
  }

  #clicked(event) {
    const caret = event.target.closest?.(".caret");
    if (caret) this.toggle(this.#lineOf(caret));
  }

  /** On a caret, right opens and left closes; up and down go to the carets beside it. */
  #pressed(event) {
    const caret = event.target.closest?.(".caret");
    if (!caret) return;
    const state = caret.getAttribute("aria-expanded") === "true" ? OPEN : CLOSED;
    const carets = [...this.explorer.table.querySelectorAll(".caret")];
    const at = carets.indexOf(caret);
    const acts = {
      ArrowRight: () => state === CLOSED && caret.click(),
      ArrowLeft: () => state === OPEN && caret.click(),
      ArrowDown: () => carets[at + 1]?.focus(),
      ArrowUp: () => carets[at - 1]?.focus(),
    };
    if (event.key === "Enter" || event.key === " ") event.stopPropagation(); // it presses the button
    if (!acts[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    acts[event.key]();
  }

  #entries(column) {
    return this.chooser.entries(column);
  }
}

/** Equal where the same columns are on screen. */
const shape = (said) => JSON.stringify(said && [said.keys, said.aggregates, said.open]);

function set(node, name, value) {
  if (!node) return;
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}
