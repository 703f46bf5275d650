// The filter of one column in a popup. Whatever is chosen there becomes a text, which stands on top and can be edited.

import {element} from "../columns/header.js";
import {RangeFilter} from "./rangefilter.js";
import {TextFilter} from "./textfilter.js";
import {ValueFilter} from "./valuefilter.js";

const SENT_AFTER = 350; // ms after the last key
const RANGED = new Set(["integer", "decimal", "float", "date", "timestamp", "time"]);

export class FilterPopup {
  /** `set(text)` is called with the filter that was chosen, `ask(search)` to list values, `grown()` after growing. */
  constructor(column, {set, ask, grown, tip}) {
    this.column = column;
    this.send = set;
    this.element = element("div", "filter-popup");
    this.element.dataset.kind = column.kind;
    this.element.append(this.#head(), this.#field());
    const wishes = {set: (text) => this.#set(text), ask, grown, tip};
    if (RANGED.has(column.kind)) {
      this.range = new RangeFilter(column, wishes);
      this.element.append(this.range.element);
    } else {
      this.values = new ValueFilter(column, wishes);
      this.looks = column.kind === "boolean" ? null : new TextFilter(column, wishes);
      this.element.append(...(this.looks ? [this.#tabs()] : []), this.values.element);
    }
    this.element.append(this.#nulls());
  }

  /** Show the filter that is in force, and what is wrong with it. */
  show(text, fault) {
    const isOurs = text === this.text;
    this.text = text;
    if (this.field.getRootNode().activeElement !== this.field) this.field.value = text;
    this.field.setAttribute("aria-invalid", String(Boolean(fault)));
    this.fault.textContent = fault ?? "";
    this.#parts(text);
    if (!isOurs) this.values?.refresh();
  }

  /** Show it for the first time. */
  start(text, fault) {
    this.show(text, fault);
    if (this.looks?.show(text)) this.#open(this.looks);
  }

  #parts(text) {
    this.range?.show(text);
    this.looks?.show(text);
    this.clear.disabled = text === "";
    this.isNull.setAttribute("aria-pressed", String(/^(is )?null$/i.test(text)));
    this.notNull.setAttribute("aria-pressed", String(/^(is )?not null$/i.test(text)));
  }

  #head() {
    const head = element("div", "popup-head");
    this.clear = action("Clear", () => this.#set(""));
    head.append(element("span", "popup-title", this.column.name), this.clear);
    return head;
  }

  #field() {
    const around = element("div", "typed");
    this.field = element("input", "field");
    this.field.type = "text";
    this.field.placeholder = "no filter";
    this.field.autocomplete = "off";
    this.field.spellcheck = false;
    this.field.setAttribute("aria-label", `Filter of ${this.column.name} as text`);
    this.fault = element("div", "fault");
    this.fault.setAttribute("role", "alert");
    this.field.addEventListener("input", () => {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.#typed(), SENT_AFTER);
    });
    this.field.addEventListener("keydown", (event) => event.key === "Enter" && this.#typed());
    around.append(this.field, this.fault);
    return around;
  }

  #typed() {
    clearTimeout(this.waiting);
    if (this.field.value !== this.text) this.send(this.field.value);
  }

  #tabs() {
    const tabs = element("div", "tabs");
    tabs.setAttribute("role", "tablist");
    this.tabs = [
      ["Values", this.values],
      ["Text", this.looks],
    ].map(([name, part]) => {
      const tab = element("button", "tab", name);
      tab.type = "button";
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-selected", String(part === this.values));
      tab.addEventListener("click", () => this.#open(part));
      tabs.append(tab);
      return [tab, part];
    });
    return tabs;
  }

  #open(part) {
    for (const [tab, one] of this.tabs) tab.setAttribute("aria-selected", String(one === part));
    const other = part === this.looks ? this.values : this.looks;
    if (other.element.isConnected || other.element.parentElement) other.element.replaceWith(part.element);
  }

  #nulls() {
    const foot = element("div", "null-choice");
    const toggle = (name, text) => {
      const button = action(name, () => this.#set(button.ariaPressed === "true" ? "" : text));
      foot.append(button);
      return button;
    };
    this.isNull = toggle("Only null", "is null");
    this.notNull = toggle("Not null", "not null");
    return foot;
  }

  #set(text) {
    const isList = this.values !== undefined && text !== "" && !/^(is|not) null$/.test(text);
    if (isList || this.values === undefined) this.text = text; // what is ticked knows already
    this.field.value = text;
    this.fault.textContent = "";
    this.#parts(text);
    this.send(text);
  }
}

function action(name, act) {
  const button = element("button", "action", name);
  button.type = "button";
  button.addEventListener("click", act);
  return button;
}
