// The field that searches all columns of text; where there is little room, it unfolds from its icon.

import {element} from "../columns/header.js";
import {icon} from "../icons.js";

const SENT_AFTER = 250; // ms after the last key

export class SearchField {
  /** `search(text)` is called with the reader's wish. */
  constructor(search) {
    this.search = search;
    this.sent = "";
    this.element = element("div", "search");
    this.button = element("button", "tool search-open"); // for the pointer: the keyboard gets to the field itself
    this.button.type = "button";
    this.button.tabIndex = -1;
    this.button.title = "Search all text";
    this.button.setAttribute("aria-label", "Search all text");
    this.button.append(icon("search"));
    this.button.addEventListener("click", () => this.focus());
    this.field = element("input", "search-field");
    this.field.type = "search";
    this.field.placeholder = "Search";
    this.field.autocomplete = "off";
    this.field.spellcheck = false;
    this.field.setAttribute("aria-label", "Search all columns of text");
    this.field.addEventListener("input", () => this.#typed());
    this.field.addEventListener("keydown", (event) => this.#pressed(event));
    for (const type of ["focus", "blur"]) this.field.addEventListener(type, () => this.#fold());
    this.element.append(this.button, this.field);
  }

  /** Show the search that is in force, unless the reader is typing another. */
  show(text) {
    if (this.field.getRootNode().activeElement !== this.field) this.field.value = this.sent = text;
    this.#fold();
  }

  focus() {
    this.element.toggleAttribute("data-open", true);
    this.field.focus();
    this.field.select();
  }

  #fold() {
    const isUsed = this.field.value !== "" || this.field.getRootNode().activeElement === this.field;
    this.element.toggleAttribute("data-open", isUsed);
  }

  #typed() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.#flush(), SENT_AFTER);
  }

  #pressed(event) {
    event.stopPropagation(); // keys in the field do not scroll the table
    if (event.key === "Escape") this.field.value = "";
    if (event.key === "Escape" || event.key === "Enter") this.#flush();
  }

  #flush() {
    clearTimeout(this.waiting);
    if (this.field.value === this.sent) return;
    this.sent = this.field.value;
    this.search(this.sent);
  }
}
