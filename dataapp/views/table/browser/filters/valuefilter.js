// The part of a filter's popup that chooses among values: the most frequent ones with their counts, and a search.

import {listText} from "./filterwords.js";
import {formatCount} from "../cells/format.js";
import {element} from "../columns/header.js";

const ASKED_AFTER = 200; // ms after the last key
const LONGEST = 8000; // characters of a filter that the server reads

export class ValueFilter {
  /**
   * `set(text)` is called with the filter that was chosen, `ask(search)` with what values to list must hold, and
   * `grown()` when there is more to show.
   */
  constructor(column, {set, ask, grown}) {
    Object.assign(this, {set, ask, grown});
    this.isBoolean = column.kind === "boolean";
    this.element = element("div", "values");
    this.search = element("input", "field");
    this.search.type = "search";
    this.search.placeholder = "Search values";
    this.search.autocomplete = "off";
    this.search.spellcheck = false;
    this.search.hidden = this.isBoolean;
    this.search.setAttribute("aria-label", `Search values of ${column.name}`);
    this.search.addEventListener("input", () => {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.refresh(), ASKED_AFTER);
    });
    this.list = element("div", "value-list");
    this.list.setAttribute("role", "group");
    this.list.setAttribute("aria-label", `Values of ${column.name}`);
    this.note = element("div", "value-note", "Counting values …");
    this.note.setAttribute("role", "status");
    this.element.append(this.search, this.list, this.note);
  }

  /** Ask for the values again. */
  refresh() {
    clearTimeout(this.waiting);
    this.ask(this.search.value);
  }

  /** Show values that the server sent. */
  receive(message) {
    if (message.search !== this.search.value) return; // more was typed since
    if (message.fault) {
      this.list.replaceChildren();
      this.note.textContent = "These values could not be read.";
      return;
    }
    this.values = message.values.map(([text, rows, isChosen, isCut]) => ({text, rows, isChosen, isCut}));
    const {choice} = message;
    this.choice = choice && {values: new Set(choice.values), isBut: choice.but};
    this.distinct = message.distinct ?? Infinity; // of a sample, nobody knows
    this.isTop = message.is_top;
    this.isEstimate = message.is_estimate;
    this.#build();
    this.grown();
  }

  #build() {
    const focused = this.list.getRootNode().activeElement;
    const [had, hadAll] = [this.rows?.find(({row}) => row.contains(focused)), focused && focused === this.all];
    this.rows = this.values.map((value) => this.#row(value));
    this.list.replaceChildren(...(this.values.length > 1 ? [this.#all()] : []), ...this.rows.map(({row}) => row));
    if (had) (this.rows.find(({value}) => value.text === had.value.text)?.box ?? this.search).focus();
    else if (hadAll && this.values.length > 1) this.all.focus();
    this.note.textContent = this.#said();
    this.#tick();
  }

  /** What the list is. */
  #said() {
    const listed = this.values.length;
    if (this.distinct === Infinity) return "Estimated from a sample, counting …";
    const all = `${this.isTop ? "" : "about "}${formatCount(this.distinct)}`;
    if (listed === 0) return this.search.value ? "No such value" : "No values";
    if (!this.isTop) return `${listed} of ${all} values: frequent ones of a sample. Search to find others`;
    if (listed < this.distinct) return `The ${listed} most frequent of ${all} values`;
    return listed > 8 ? `${all} values` : "";
  }

  #all() {
    const row = element("label", "value");
    this.all = tick(() => this.#chooseAll(this.all.checked));
    row.append(this.all, element("span", "value-text", this.search.value ? "(all found)" : "(all)"));
    return row;
  }

  #row(value) {
    const row = element("div", "value");
    const label = element("label", "value-label");
    const box = tick(() => this.#choose([value], box.checked));
    const text = element("span", "value-text", value.text ?? "null");
    if (value.text === null || value.text === "") text.dataset.is = "special";
    if (value.text === "") text.textContent = "empty text";
    text.title = value.text ?? "null";
    label.append(box, text);
    const only = element("button", "only", "only");
    only.type = "button";
    only.setAttribute("aria-label", `Only ${text.textContent}`);
    only.addEventListener("click", () => {
      this.choice = {values: new Set([value.text]), isBut: false};
      this.#changed();
    });
    const count = element("span", "value-count", `${this.isEstimate ? "≈ " : ""}${formatCount(value.rows)}`);
    row.append(label, only, count);
    if (value.isCut) {
      box.disabled = only.disabled = true;
      text.title = "Too long to be chosen here";
    }
    return {row, box, value};
  }

  #isChosen({text, isChosen}) {
    return this.choice ? this.choice.values.has(text) !== this.choice.isBut : isChosen;
  }

  #tick() {
    const chosen = this.values.map((value) => this.#isChosen(value));
    this.rows.forEach(({box}, at) => (box.checked = chosen[at]));
    if (!this.all) return;
    const isWhole = this.search.value !== "" || !this.choice || this.values.length >= this.distinct;
    const isAll = isWhole ? chosen.every(Boolean) : this.choice.isBut && this.choice.values.size === 0;
    this.all.checked = isAll;
    this.all.indeterminate = !isAll && (chosen.some(Boolean) || Boolean(this.choice?.isBut));
  }

  #chooseAll(isChosen) {
    if (this.search.value !== "") this.#choose(this.values.filter(({isCut}) => !isCut), isChosen);
    else {
      this.choice = {values: new Set(), isBut: isChosen};
      this.#changed();
    }
  }

  #choose(values, isChosen) {
    // A filter that is no list becomes the list of what it lets through.
    this.choice ??= {values: new Set(this.values.filter((one) => one.isChosen).map(({text}) => text)), isBut: false};
    for (const {text} of values) {
      if (isChosen !== this.choice.isBut) this.choice.values.add(text);
      else this.choice.values.delete(text);
    }
    this.#changed();
  }

  #changed() {
    if (this.search.value === "" && this.values.length === this.distinct) this.#shorten();
    const text = this.#text();
    this.#tick();
    if (text.length > LONGEST) this.note.textContent = "These are too many values for a filter.";
    else this.set(text);
  }

  #text() {
    const {values, isBut} = this.choice;
    const text = listText([...values], isBut);
    return this.isBoolean ? text.replace(/^= /, "") : text;
  }

  /** Where all values are known, say it in the shorter way: those chosen, or those left out. */
  #shorten() {
    const chosen = this.values.filter((value) => this.#isChosen(value)).map(({text}) => text);
    const left = this.values.filter((value) => !this.#isChosen(value)).map(({text}) => text);
    if (left.length === 0) this.choice = {values: new Set(), isBut: true};
    else if (this.isBoolean) this.choice = {values: new Set(chosen), isBut: false};
    else if (this.choice.isBut ? chosen.length < left.length / 2 : left.length < chosen.length / 2) {
      this.choice = {values: new Set(this.choice.isBut ? chosen : left), isBut: !this.choice.isBut};
    }
  }
}

function tick(changed) {
  const box = element("input", "");
  box.type = "checkbox";
  box.addEventListener("change", changed);
  return box;
}
