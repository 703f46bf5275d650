// One row as a card at the side: every column, with its whole value as far as it travels.

import {tableFromIPC} from "@uwdata/flechette";
import {formatCount} from "../cells/format.js";
import {element} from "../columns/header.js";
import {icon} from "../icons.js";
import {indented} from "../cells/indented.js";
import {ticket} from "./ticket.js";

const SEARCHED = 6; // columns; with more, there is a field to search them

export class RowCard {
  /** `ask(ticket, row)` asks the server; `move(row)` moves the cursor; `closed()` is called when it closes. */
  constructor(explorer, {ask, move, closed}) {
    this.explorer = explorer;
    this.ask = ask;
    this.move = move;
    this.closed = closed;
    this.row = null; // which is shown, or on its way
    this.#build();
  }

  #build() {
    this.element = element("div", "card");
    this.tools = element("div", "card-tools");
    this.back = this.#step("up", "Previous row", -1);
    this.next = this.#step("down", "Next row", 1);
    this.search = element("input", "card-search");
    this.search.type = "search";
    this.search.placeholder = "Search names and values";
    this.search.setAttribute("aria-label", "Search names and values");
    this.search.addEventListener("input", () => this.#filter());
    this.tools.append(this.search, this.back, this.next);
    this.list = element("dl", "card-list");
    this.none = element("p", "card-none", "No name or value has this text.");
    this.element.append(this.tools, this.list, this.none);
  }

  #step(name, label, by) {
    const button = element("button", "tool");
    button.type = "button";
    button.title = label;
    button.setAttribute("aria-label", label);
    button.append(icon(name));
    button.addEventListener("click", () => this.open(this.row + by));
    return button;
  }

  get isOpen() {
    return this.row !== null;
  }

  open(row) {
    const {scroller, side} = this.explorer;
    if (row < 0 || row >= scroller.rows) return;
    const title = `${this.explorer.view.groups ? "Line" : "Row"} ${formatCount(row + 1)}`;
    if (this.isOpen) side.title.textContent = title;
    else {
      this.list.replaceChildren();
      this.search.value = "";
      side.open(title, this.element, () => this.#left());
    }
    this.row = row;
    this.#allow(row > 0, row < scroller.rows - 1);
    this.search.hidden = this.explorer.layout.displayed.length <= SEARCHED;
    this.move(row);
    this.again();
  }

  /** Let the reader go on where there are rows; a button that goes out of use leaves the focus to the other one. */
  #allow(isBack, isNext) {
    const focused = this.element.getRootNode().activeElement;
    [this.back.disabled, this.next.disabled] = [!isBack, !isNext];
    if (focused === this.back && !isBack) this.next.focus();
    if (focused === this.next && !isNext) this.back.focus();
  }

  /** Ask for the row again: the view is another one. */
  again() {
    if (!this.isOpen) return;
    const {rows} = this.explorer.scroller;
    if (this.row >= rows) this.explorer.side.close();
    else {
      this.ticket = ticket();
      this.ask(this.ticket, this.row);
    }
  }

  receive(message) {
    if (message.ticket !== this.ticket || !this.isOpen) return;
    const table = tableFromIPC(new Uint8Array(message.cells.buffer ?? message.cells), {useBigInt: true});
    if (table.numRows === 0) return;
    const {columns} = this.explorer;
    const {scrollTop} = this.explorer.side.content;
    const valueOf = (at) => table.getChildAt(at).at(0);
    const shown = this.#shown(message.group, valueOf);
    this.list.replaceChildren(...shown.flatMap((at) => entry(columns[at], valueOf(at), message.longest)));
    this.#filter();
    this.explorer.side.content.scrollTop = scrollTop;
  }

  /** The columns of a row, those on screen first; of a group, those that it has values for. */
  #shown(isGroup, valueOf) {
    const {columns, layout, groups, relationWidth} = this.explorer;
    const {displayed} = layout;
    const isKnown = groups.isGroup(this.row); // else its line is still on its way
    const has = (at) => at >= relationWidth || (isKnown ? !groups.isBlank(this.row, at) : valueOf(at) !== null);
    if (isGroup) return displayed.filter(has);
    const own = displayed.filter((at) => at < relationWidth);
    return [...own, ...[...columns.keys()].filter((at) => at < relationWidth && !own.includes(at))];
  }

  #filter() {
    const wanted = this.search.hidden ? "" : this.search.value.trim().toLowerCase();
    let found = 0;
    for (const name of this.list.querySelectorAll("dt")) {
      const value = name.nextElementSibling;
      const isIn = `${name.textContent}\n${value.textContent}`.toLowerCase().includes(wanted);
      name.hidden = value.hidden = !isIn;
      if (isIn) found += 1;
    }
    this.none.hidden = found > 0 || this.list.children.length === 0;
  }

  #left() {
    this.row = null;
    this.closed();
  }
}

function entry(column, value, longest) {
  const name = element("dt", "card-name");
  name.append(element("span", "card-column", column.name), element("span", "card-type", column.type));
  const shown = element("dd", "card-value");
  shown.dataset.kind = column.kind;
  if (value === null) {
    shown.dataset.is = "null";
    shown.textContent = "null";
  } else {
    const isCut = value.length > longest;
    const text = isCut ? value.slice(0, longest) : value;
    shown.textContent = isCut || column.kind !== "other" ? text : indented(text);
    if (value === "") shown.dataset.is = "empty";
    if (isCut) shown.append(element("span", "card-more", `… the first ${formatCount(longest)} characters`));
  }
  return [name, shown];
}
