// The part of a filter's popup that looks for a text: in which way, and which one.

import {TEXT_MODES, readText, textFilter} from "./filterwords.js";
import {element} from "../columns/header.js";

const SENT_AFTER = 350; // ms after the last key

export class TextFilter {
  /** `set(text)` is called with the filter that was chosen. */
  constructor(column, {set}) {
    this.set = set;
    this.element = element("div", "looked-for");
    this.mode = element("select", "field");
    this.mode.setAttribute("aria-label", `How ${column.name} is looked through`);
    for (const [name, lead] of TEXT_MODES) {
      const option = element("option", "", name);
      option.value = lead;
      this.mode.append(option);
    }
    this.field = element("input", "field");
    this.field.type = "text";
    this.field.placeholder = "text";
    this.field.autocomplete = "off";
    this.field.spellcheck = false;
    this.field.setAttribute("aria-label", `What ${column.name} is looked through for`);
    this.mode.addEventListener("change", () => this.#changed());
    this.field.addEventListener("input", () => {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.#changed(), SENT_AFTER);
    });
    this.field.addEventListener("keydown", (event) => event.key === "Enter" && this.#changed());
    this.element.append(this.mode, this.field);
  }

  /** Show the filter that is in force, if it is of this kind, and say whether it is. */
  show(text) {
    if (this.field.getRootNode().activeElement === this.field) return true;
    const found = text === "" ? null : readText(text);
    this.mode.value = found?.lead ?? this.mode.value;
    this.field.value = found?.text ?? "";
    return found !== null && found.lead !== "= " && found.lead !== "!= ";
  }

  #changed() {
    clearTimeout(this.waiting);
    this.set(textFilter(this.mode.value, this.field.value));
  }
}
