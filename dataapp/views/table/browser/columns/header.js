// The header of one column: its name, type and order, the picture of its values, and the field for its filter.

import {isNumber} from "../cells/format.js";
import {icon} from "../icons.js";
import {Summary} from "../summaries/summary.js";

const SENT_AFTER = 250; // ms after the last key

export class Header {
  /**
   * `sort(extend)`, `filter(text)`, `open(button)` for the popup of its filter, `menu(button)` and `profile(button)`, if
   * there is one, are called with the reader's wishes; `foresee(control)` once with what sorts; `tip` shows what a
   * picture tells.
   */
  constructor(column, {sort, foresee, filter, menu, profile, open, tip}) {
    this.column = column;
    this.send = filter;
    this.open = open;
    this.element = element("div", "head");
    this.element.dataset.align = isNumber(column) ? "end" : "start";
    this.title = element("button", "title");
    this.title.type = "button";
    this.title.title = `${column.name}\n${column.full_type}`;
    this.name = element("span", "name", column.name);
    this.mark = element("span", "mark");
    this.title.append(this.name, this.mark);
    this.title.addEventListener("click", (event) => sort(event.shiftKey));
    foresee(this.title);
    this.button = element("button", "more");
    this.button.type = "button";
    this.button.setAttribute("aria-label", `Menu of ${column.name}`);
    this.button.setAttribute("aria-haspopup", "menu");
    this.button.append(icon("caret"));
    this.button.addEventListener("click", () => menu(this.button));
    const top = element("div", "top");
    top.append(this.title, ...(profile ? [this.#profileButton(profile)] : []), this.button);
    this.type = element("span", "type", column.type);
    this.summary = new Summary(column, {tip, filter: (text) => this.toggleFilter(text)});
    const facts = element("div", "facts");
    facts.append(this.type, this.summary.nulls);
    this.field = element("input", "filter");
    this.field.type = "text";
    this.field.placeholder = "filter";
    this.field.autocomplete = "off";
    this.field.spellcheck = false;
    this.field.setAttribute("aria-label", `Filter ${column.name}`);
    this.field.addEventListener("input", () => this.#typed());
    this.field.addEventListener("keydown", (event) => this.#pressed(event));
    this.funnel = element("button", "funnel");
    this.funnel.type = "button";
    this.funnel.setAttribute("aria-label", `Choose a filter of ${column.name}`);
    this.funnel.setAttribute("aria-haspopup", "dialog");
    this.funnel.append(icon("filter"));
    this.funnel.addEventListener("click", () => open(this.funnel));
    const row = element("div", "filter-row");
    row.append(this.field, this.funnel);
    this.element.append(top, facts, this.summary.element, row);
    this.sent = "";
  }

  /** Show how the column is sorted: its key, and its rank among several. */
  showOrder(order) {
    const rank = order.findIndex((key) => key.column === this.position);
    const key = order[rank];
    this.mark.textContent = key ? `${key.descending ? "↓" : "↑"}${order.length > 1 ? rank + 1 : ""}` : "";
    this.order = key ? (key.descending ? "descending" : "ascending") : "none";
    this.element.toggleAttribute("data-sorted", Boolean(key));
  }

  /** Show the filter that is in force, unless the reader is typing another, and what is wrong with it. */
  showFilter(text, fault) {
    if (this.field.getRootNode().activeElement !== this.field) this.field.value = this.sent = text ?? "";
    this.summary.showFilter(text ?? "");
    this.funnel.toggleAttribute("data-on", Boolean(text));
    this.fault = fault ?? "";
    this.field.toggleAttribute("data-wrong", Boolean(fault));
    this.field.setAttribute("aria-invalid", String(Boolean(fault)));
    this.field.title = this.fault;
  }

  /** Ask for a filter as if it had been typed. */
  setFilter(text) {
    if (this.field.disabled) return this.send(text); // who takes it says why it cannot be
    this.field.value = text;
    this.#flush();
  }

  /** Ask for a filter as if it had been typed, or take it away if it is in force. */
  toggleFilter(text) {
    this.setFilter(text === this.sent ? "" : text);
  }

  /** Let Tab stop at its controls, or pass them. */
  stop(isStop) {
    if (this.isStop === isStop) return;
    this.isStop = isStop;
    for (const control of this.element.querySelectorAll("button, input")) control.tabIndex = isStop ? 0 : -1;
    this.summary.histogram.stop(isStop);
  }

  #profileButton(profile) {
    const button = element("button", "tool");
    button.type = "button";
    button.dataset.tool = "profile";
    button.title = "Profile";
    button.setAttribute("aria-label", `Profile of ${this.column.name}`);
    button.append(icon("chart"));
    button.addEventListener("click", () => profile(button));
    return button;
  }

  #typed() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.#flush(), SENT_AFTER);
  }

  #pressed(event) {
    event.stopPropagation(); // keys in the field do not scroll the table
    if (event.altKey && event.key === "ArrowDown") this.open(this.funnel);
    if (event.key === "Escape") this.field.value = "";
    if (event.key === "Escape" || event.key === "Enter") this.#flush();
  }

  #flush() {
    clearTimeout(this.waiting);
    if (this.field.value === this.sent) return;
    this.sent = this.field.value;
    this.send(this.sent);
  }
}

export function element(tag, name, text) {
  const made = document.createElement(tag);
  made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}
