// The list of all columns: show and hide them, find one and go there, change their order.

import {element} from "./header.js";
import {icon} from "../icons.js";

const ROW = 28; // px

export class ColumnList {
  constructor(tools) {
    this.tools = tools;
  }

  toggle(button) {
    this.element = this.#build();
    this.show();
    this.tools.explorer.popup.toggle(button, "Columns", this.element, () => (this.element = undefined));
  }

  #build() {
    const {columns} = this.tools.explorer;
    const panel = element("div", "column-list");
    this.search = element("input", "find");
    this.search.type = "search";
    this.search.placeholder = `Find among ${columns.length} columns by name or type`;
    this.search.setAttribute("aria-label", "Find columns");
    this.search.autocomplete = "off";
    this.search.addEventListener("input", () => this.#filter());
    this.search.addEventListener("keydown", (event) => this.#fromSearch(event));
    this.summary = element("span", "tally");
    this.summary.setAttribute("role", "status");
    const all = this.#button("Show all", () => this.#tick(true));
    const none = this.#button("Hide all", () => this.#tick(false));
    const fit = this.#button("Fit widths", () => this.tools.wish(this.tools.layout.fitted()));
    const bar = element("div", "bar");
    bar.append(this.summary, all, none, fit);
    this.list = element("div", "list");
    this.list.setAttribute("role", "list");
    this.rows = new Map(columns.map((column, at) => [at, this.#row(column, at)]));
    this.list.addEventListener("change", (event) => this.#ticked(event));
    this.list.addEventListener("click", (event) => this.#clicked(event));
    this.list.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("pointerdown", (event) => this.#drag(event));
    panel.append(this.search, bar, this.list);
    return panel;
  }

  #button(label, act) {
    const button = element("button", "small", label);
    button.type = "button";
    button.addEventListener("click", act);
    return button;
  }

  #row(column, at) {
    const row = element("div", "row");
    row.setAttribute("role", "listitem");
    row.dataset.column = at;
    const grip = element("button", "grip", "⠿");
    grip.type = "button";
    grip.setAttribute("aria-label", `Move ${column.name}: arrow up or down`);
    grip.title = "Drag, or press arrow up or down";
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    label.append(box, element("span", "name", column.name), element("span", "kind", column.type));
    label.title = `${column.name}\n${column.full_type}`;
    const go = element("button", "go");
    go.type = "button";
    go.setAttribute("aria-label", `Go to ${column.name}`);
    go.title = "Go to the column";
    go.append(icon("goto"));
    row.append(grip, label, go);
    return row;
  }

  /** Show the layout as it is now. */
  show() {
    if (!this.element) return;
    const {layout} = this.tools;
    const order = [...layout.displayed, ...layout.order.filter((at) => layout.hidden.has(at))];
    const wanted = order.map((at) => this.rows.get(at));
    const children = this.list.children;
    wanted.forEach((row, place) => {
      if (children[place] !== row) this.list.insertBefore(row, children[place] ?? null);
      const at = Number(row.dataset.column);
      const isShown = !layout.hidden.has(at);
      row.querySelector("input").checked = isShown;
      row.toggleAttribute("data-pinned", layout.pinned.has(at));
      row.toggleAttribute("data-hidden", !isShown);
    });
    this.#summarise();
  }

  #summarise() {
    const {layout} = this.tools;
    this.summary.textContent = `${layout.displayed.length} of ${layout.order.length} shown`;
  }

  #filter() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const {columns} = this.tools.explorer;
    for (const [at, row] of this.rows) {
      const text = `${columns[at].name}\n${columns[at].type}`.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  }

  get #found() {
    return [...this.list.children].filter((row) => !row.hidden);
  }

  /** Show or hide what the search has found. */
  #tick(isShown) {
    const found = this.#found.map((row) => Number(row.dataset.column));
    const {layout} = this.tools;
    const rest = layout.displayed.filter((at) => !found.includes(at));
    const hidden = isShown || rest.length > 0 ? found : found.slice(1); // one stays
    this.tools.wish(layout.shown(hidden, isShown));
  }

  #ticked(event) {
    const at = Number(event.target.closest(".row").dataset.column);
    const {layout} = this.tools;
    const changed = layout.shown([at], event.target.checked);
    if (changed === layout) event.target.checked = true; // the last one
    else this.tools.wish(changed);
  }

  #clicked(event) {
    const go = event.target.closest(".go");
    if (!go) return;
    const at = Number(go.closest(".row").dataset.column);
    const {tools} = this;
    if (tools.layout.hidden.has(at)) tools.wish(tools.layout.shown([at], true));
    tools.explorer.popup.close({focus: false});
    tools.focus(at);
  }

  #fromSearch(event) {
    if (event.key !== "ArrowDown" && event.key !== "Enter") return;
    event.preventDefault();
    const first = this.#found[0];
    if (event.key === "Enter") first?.querySelector(".go").click();
    else first?.querySelector("input").focus();
  }

  /** Arrows go from row to row; on the grip they move the column. */
  #key(event) {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (!step) return;
    event.preventDefault();
    const row = event.target.closest(".row");
    const isGrip = event.target.classList.contains("grip");
    if (isGrip) {
      const at = Number(row.dataset.column);
      this.tools.wish(this.tools.layout.stepped(at, step));
      event.target.focus();
      row.scrollIntoView({block: "nearest"});
      return;
    }
    const rows = this.#found;
    const next = rows[rows.indexOf(row) + step];
    if (next) next.querySelector("input").focus();
    else if (step < 0) this.search.focus();
  }

  #drag(event) {
    const grip = event.target.closest(".grip");
    if (!grip || event.button !== 0) return;
    event.preventDefault();
    grip.focus();
    const row = grip.closest(".row");
    const at = Number(row.dataset.column);
    grip.setPointerCapture(event.pointerId);
    row.toggleAttribute("data-dragged", true);
    const move = (moved) => {
      const box = this.list.getBoundingClientRect();
      if (moved.clientY < box.top + ROW) this.list.scrollTop -= ROW / 2;
      if (moved.clientY > box.bottom - ROW) this.list.scrollTop += ROW / 2;
      const over = this.#found.find((one) => {
        const {top, bottom} = one.getBoundingClientRect();
        return moved.clientY >= top && moved.clientY < bottom;
      });
      if (!over || over === row) return;
      const {top, height} = over.getBoundingClientRect();
      over[moved.clientY < top + height / 2 ? "before" : "after"](row);
    };
    const end = () => {
      for (const type of ["pointerup", "pointercancel"]) grip.removeEventListener(type, end);
      grip.removeEventListener("pointermove", move);
      row.toggleAttribute("data-dragged", false);
      this.#drop(row, at);
    };
    grip.addEventListener("pointermove", move);
    grip.addEventListener("pointerup", end);
    grip.addEventListener("pointercancel", end);
  }

  /** The column goes in front of the next one that is shown. */
  #drop(row, at) {
    const {layout} = this.tools;
    let next = row.nextElementSibling;
    while (next?.hidden) next = next.nextElementSibling;
    const before = next ? Number(next.dataset.column) : null;
    this.tools.wish(layout.moved(at, before, before !== null && layout.pinned.has(before)));
    this.show();
  }
}
