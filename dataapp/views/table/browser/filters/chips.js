// What is in force, as chips: each filter and the search can be opened, and taken away.

import {element} from "../columns/header.js";
import {icon} from "../icons.js";

export class Chips {
  /**
   * `open(chip, button)` opens what a chip is about, `remove(chip)` takes it away, `clear()` all of them; `emptied()`
   * takes the focus when the last one is gone.
   */
  constructor(place, {open, remove, clear, emptied}) {
    Object.assign(this, {open, remove, clear, emptied});
    this.container = element("div", "filter-chips"); // others have chips there, too
    this.container.setAttribute("role", "group");
    this.container.setAttribute("aria-label", "Filters in force");
    this.shown = "[]";
    place.append(this.container);
  }

  /** Show chips: each is {key, name, text, fault}. Those that are there already stay as they are, and keep the focus. */
  show(chips) {
    const shown = JSON.stringify(chips);
    if (shown === this.shown) return;
    this.shown = shown;
    const focused = this.container.getRootNode().activeElement;
    const at = [...this.container.children].findIndex((one) => one.contains(focused));
    const isLabel = focused?.className === "chip-label";
    this.container.replaceChildren(...chips.map((chip) => this.#chip(chip)));
    if (chips.length > 1) this.container.append(this.#clearAll());
    if (at < 0) return;
    if (chips.length === 0) this.emptied();
    else this.#focus(Math.min(at, chips.length - 1), isLabel);
  }

  #focus(at, isLabel) {
    this.container.children[at]?.querySelector(isLabel ? ".chip-label" : ".chip-remove")?.focus();
  }

  #chip(chip) {
    const {name, text, fault} = chip;
    const made = element("span", "chip");
    made.toggleAttribute("data-wrong", Boolean(fault));
    const label = element("button", "chip-label");
    label.type = "button";
    label.title = fault || `${name} ${text}`;
    label.append(chip.key === "search" ? icon("search") : element("span", "chip-name", name));
    label.append(element("span", "chip-text", text));
    label.setAttribute("aria-label", `${name} ${text}${fault ? `: ${fault}` : ""}`);
    label.addEventListener("click", () => this.open(chip, label));
    const remove = element("button", "chip-remove");
    remove.type = "button";
    remove.setAttribute("aria-label", `Remove ${name} ${text}`);
    remove.append(icon("close"));
    remove.addEventListener("click", () => this.remove(chip));
    made.append(label, remove);
    made.addEventListener("keydown", (event) => this.#key(event, chip));
    return made;
  }

  #clearAll() {
    const button = element("button", "chip-clear", "Clear all");
    button.type = "button";
    button.addEventListener("click", () => this.clear());
    return button;
  }

  #key(event, chip) {
    if (event.key !== "Delete" && event.key !== "Backspace") return;
    event.preventDefault();
    this.remove(chip);
  }
}
