// The part of a filter's popup that sets a range: a histogram, two fields, and for dates the spans asked for most.

import {Brush} from "./brush.js";
import {daysOf, rangeText, readRange} from "./filterwords.js";
import {element} from "../columns/header.js";

const PRESETS = [
  "today",
  "yesterday",
  "last 7 days",
  "last 30 days",
  "this month",
  "last month",
  "this year",
  "last year",
];
const TYPES = {date: "date", timestamp: "date", time: "time"};
const SENT_AFTER = 350; // ms after the last key

export class RangeFilter {
  /** `set(text)` is called with the filter that was chosen; `tip` shows what the histogram tells. */
  constructor(column, {set, tip}) {
    this.set = set;
    this.brush = new Brush(column, {tip, range: set});
    this.type = TYPES[column.kind] ?? "text";
    this.element = element("div", "range");
    this.low = this.#field("From");
    this.high = this.#field("To");
    const ends = element("div", "ends");
    ends.append(this.low.label, this.high.label);
    this.element.append(this.brush.element, ends);
    if (this.type === "date") this.element.append(this.#presets());
    this.nulls = element("input", "");
    this.nulls.type = "checkbox";
    this.nulls.addEventListener("change", () => this.#changed());
    const nulls = element("label", "tick");
    nulls.append(this.nulls, element("span", "", "and rows without a value"));
    this.element.append(nulls);
  }

  /** Show the filter that is in force. */
  show(text) {
    const range = readRange(text);
    this.range = range ?? {low: "", high: "", above: false, below: false, orNull: false};
    const {low, high, above, below} = this.range;
    const isDate = this.type === "date";
    this.#fill(this.low, isDate ? daysOf(low)[0] : low, above ? "Above" : "From");
    this.#fill(this.high, isDate ? daysOf(high)[1] : high, below ? "Below" : "To");
    if (isDate && below && daysOf(high)[0]) this.high.field.value = daysOf(high)[0];
    this.brush.choose(this.#ends());
    this.nulls.checked = this.range.orNull;
    this.nulls.disabled = low === "" && high === "";
    for (const preset of this.presets ?? []) {
      preset.setAttribute("aria-pressed", String(preset.textContent === text.trim().toLowerCase()));
    }
  }

  /** The ends as the histogram compares them, or null where words stand for them. */
  #ends() {
    const {low, high, below} = this.range;
    if (this.type !== "date") return {low, high, below};
    const [first, last] = [daysOf(low)[0] || low, below ? daysOf(high)[0] || high : daysOf(high)[1] || high];
    if ([first, last].some((end) => end !== "" && !/^\d/.test(end))) return null;
    return {low: first, high: last === "" || below ? last : `${last} 24`, below};
  }

  #field(name) {
    const label = element("label", "end");
    const title = element("span", "end-title", name);
    const field = element("input", "field");
    field.type = this.type;
    if (this.type === "text") field.inputMode = "decimal";
    if (this.type === "time") field.step = "1";
    field.autocomplete = "off";
    label.append(title, field);
    field.addEventListener("input", () => {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.#changed(field), SENT_AFTER);
    });
    field.addEventListener("keydown", (event) => event.key === "Enter" && this.#changed(field));
    return {label, title, field};
  }

  #fill({title, field}, value, name) {
    title.textContent = name;
    if (field.getRootNode().activeElement !== field) field.value = value;
  }

  #presets() {
    const list = element("div", "presets");
    this.presets = PRESETS.map((text) => {
      const button = element("button", "preset", text);
      button.type = "button";
      button.addEventListener("click", () => this.set(button.ariaPressed === "true" ? "" : text));
      return button;
    });
    list.append(...this.presets);
    return list;
  }

  /** A field that was changed sets its end; the other end stays as it was written, unless that was in words. */
  #changed(field) {
    clearTimeout(this.waiting);
    if (field && this.low.field.value === "") this.range.low = "";
    if (field && this.high.field.value === "") this.range.high = "";
    if (field === this.low.field) Object.assign(this.range, {low: field.value.trim(), above: false});
    if (field === this.high.field) Object.assign(this.range, {high: field.value.trim(), below: false});
    this.range.orNull = this.nulls.checked;
    this.set(rangeText(this.range));
  }
}
