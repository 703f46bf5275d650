// The numbers of the rows at the left, or of lines where they are grouped, by which whole ones are selected. They are no column: what has them is beside the
// table and follows it.

import {formatCount} from "../cells/format.js";
import {element} from "../columns/header.js";
import {Pan} from "./pan.js";

const DIGIT = {wide: 7.2, narrow: 6.2}; // px
const PADDING = 16; // px, both sides
const FEWEST = 2; // digits

export class Gutter {
  constructor(explorer, selection, cursor) {
    this.explorer = explorer;
    this.selection = selection;
    this.cursor = cursor;
    this.element = element("div", "gutter");
    this.element.setAttribute("aria-hidden", "true"); // rows have their numbers, and keys select them
    this.corner = element("div", "gutter-corner");
    this.corner.title = "Select all rows";
    this.list = element("div", "gutter-rows");
    this.digits = FEWEST;
    this.element.append(this.corner, this.list);
    this.corner.addEventListener("click", () => this.cursor.all());
    this.list.addEventListener("dblclick", () => cursor.act.open());
    this.list.addEventListener("pointerdown", (event) => this.#pressed(event));
    new Pan(this.list, explorer.table, {
      tap: ({row}) => this.#select(row, {}),
      press: ({row}) => this.#select(row, {extend: !selection.isEmpty}),
    });
    this.element.addEventListener("wheel", (event) => (explorer.table.scrollTop += event.deltaY), {passive: true});
  }

  /** Be as wide as the last number needs, or wider until all are counted; called before columns get their widths. */
  fit(rows, isCounting) {
    const {root} = this.explorer;
    const digit = root.hasAttribute("data-narrow") ? DIGIT.narrow : DIGIT.wide;
    this.digits = Math.max(FEWEST, String(rows).length, isCounting ? this.digits : 0);
    const width = Math.ceil(this.digits * digit) + PADDING;
    if (width === this.width) return;
    this.width = width;
    root.style.setProperty("--gutter", `${width}px`); // for which the browser looks at the style of all below
  }

  /** Follow the rows on screen. */
  paint() {
    const {table, scroller} = this.explorer;
    const lines = [...table.querySelectorAll("tbody tr")];
    const {style} = table.querySelector("table");
    this.list.style.transform = `translateY(${style.getPropertyValue("--regular-table--transform-y") || "0px"})`;
    this.element.style.setProperty("--top", `${scroller.headerHeight}px`);
    while (this.list.children.length > lines.length) this.list.lastChild.remove();
    while (this.list.children.length < lines.length) this.list.append(element("div", "gutter-row"));
    lines.forEach((line, at) => this.#show(this.list.children[at], line));
  }

  #show(mark, line) {
    const row = this.cursor.placeOf(line.lastElementChild)?.row;
    if (row === undefined) return;
    const text = formatCount(row + 1).replaceAll(",", "");
    if (mark.textContent !== text) mark.textContent = text;
    mark.row = row;
    mark.toggleAttribute("data-selected", this.selection.hasRow(row));
  }

  #pressed(event) {
    const row = event.target.row;
    if (row === undefined || event.button !== 0 || event.pointerType === "touch") return;
    event.preventDefault();
    this.#select(row, {extend: event.shiftKey, add: event.ctrlKey || event.metaKey});
    this.cursor.dragged(event, (to) => this.selection.row(to.row, {extend: true}));
  }
  #select(row, how) {
    if (row === undefined) return;
    this.cursor.activate();
    this.cursor.row(row, how);
  }
}
