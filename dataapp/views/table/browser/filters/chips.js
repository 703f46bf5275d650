// What is in force, as chips: each can be opened, and taken away.

import {ChipDrag} from "./chipdrag.js";
import {element} from "../columns/header.js";
import {icon} from "../icons.js";

export class Chips {
  /**
   * `name` is the class of what holds them, and `label` says what they are. `open(chip, button)` opens what a chip is
   * about, `remove(chip)` takes it away, `clear()` all of them, which `all` says; `emptied()` takes the focus when the last
   * one is gone. `move(chip, step)`, if there is one, is called when a chip is to go so many places to the left (below
   * zero) or to the right, and `aim(control, chip, step)` as it is dragged over such a place, or over its own (0).
   * `foresee(control, does, chip)`, if there is one, is called with what is pressed to "open", "remove" or "clear".
   */
  constructor(place, name, label, {open, remove, clear, all, emptied, move, aim, foresee}) {
    Object.assign(this, {open, remove, clear, all, emptied, move, foresee});
    this.container = element("div", name); // others have chips there, too
    this.container.setAttribute("role", "group");
    this.container.setAttribute("aria-label", label);
    this.shown = "[]";
    this.keys = [];
    place.append(this.container);
    if (!move) return;
    const chip = (at) => ({key: this.keys[at]});
    new ChipDrag(this.container, {
      move: (at, step) => move(chip(at), step),
      aim: (control, at, step) => aim(control, chip(at), step),
    });
  }

  /**
   * Show chips: each is {key, name, text, fault, sign, said}, of which `sign` is an icon in place of the name, and `said`
   * what it is called where name and text do not tell. One that is there already keeps the focus.
   */
  show(chips) {
    const shown = JSON.stringify(chips);
    if (shown === this.shown) return;
    this.shown = shown;
    const focused = this.container.getRootNode().activeElement;
    const before = [...this.container.children].findIndex((one) => one.contains(focused));
    const same = before < 0 ? -1 : chips.findIndex(({key}) => key === this.keys[before]);
    const at = same < 0 ? before : same;
    this.keys = chips.map(({key}) => key);
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
    const {name, text, fault, sign, said = `${name} ${text}`} = chip;
    const made = element("span", "chip");
    made.toggleAttribute("data-wrong", Boolean(fault));
    const label = element("button", "chip-label");
    label.type = "button";
    label.title = fault || said;
    label.append(sign ? icon(sign) : element("span", "chip-name", name), element("span", "chip-text", text));
    label.setAttribute("aria-label", `${said}${fault ? `: ${fault}` : ""}`);
    label.addEventListener("click", () => this.open(chip, label));
    this.foresee?.(label, "open", chip);
    const remove = element("button", "chip-remove");
    remove.type = "button";
    remove.setAttribute("aria-label", `Remove ${said}`);
    remove.append(icon("close"));
    remove.addEventListener("click", () => this.remove(chip));
    this.foresee?.(remove, "remove", chip);
    made.append(label, remove);
    made.addEventListener("keydown", (event) => this.#key(event, chip));
    return made;
  }

  #clearAll() {
    const button = element("button", "chip-clear", this.all);
    button.type = "button";
    button.addEventListener("click", () => this.clear());
    this.foresee?.(button, "clear");
    return button;
  }

  #key(event, chip) {
    const step = event.altKey && this.move ? {ArrowLeft: -1, ArrowRight: 1}[event.key] : undefined;
    if (step === undefined && event.key !== "Delete" && event.key !== "Backspace") return;
    event.preventDefault();
    if (step === undefined) this.remove(chip);
    else this.move(chip, step);
  }
}
