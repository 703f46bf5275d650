// A popup next to the control that opened it: a menu, a filter, a list of columns. One is open at a time.
//
// It closes with Escape, with a click elsewhere, and when the focus leaves it; the focus then goes back to its control. Where
// fingers are used, no field in it takes the focus by itself: a keyboard would come up and cover it.

import {element} from "./columns/header.js";
import {floating, lower, put, raise} from "./toplayer.js";

const GAP = 4; // px between the control and the popup

export class Popup {
  /** `root` is the explorer; popups stay within its width if it has room, and may be taller than it. */
  constructor(root) {
    this.root = root;
    this.element = floating(element("div", "popup"));
    this.element.setAttribute("role", "dialog");
    this.element.tabIndex = -1;
    this.element.addEventListener("keydown", (event) => {
      event.stopPropagation(); // keys in it do not scroll the table
      if (event.key === "Escape") this.close();
    });
    this.escaped = (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    };
    this.element.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !this.element.contains(event.relatedTarget)) this.close({focus: false});
    });
    this.outside = (event) => {
      const path = event.composedPath();
      if (!path.includes(this.element) && !path.includes(this.anchor)) this.close({focus: false});
    };
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** Show content next to a control, or close it if it is open there. `closed` is called when it closes. */
  toggle(anchor, label, content, closed) {
    if (this.isOpen && this.anchor === anchor) this.close();
    else this.open(anchor, label, content, closed);
  }

  open(anchor, label, content, closed) {
    this.close({focus: false});
    this.anchor = anchor;
    this.closed = closed;
    this.element.setAttribute("aria-label", label);
    this.element.replaceChildren(content);
    raise(this.element);
    anchor.setAttribute("aria-expanded", "true");
    this.place();
    this.#follow();
    document.addEventListener("pointerdown", this.outside, {capture: true});
    anchor.addEventListener("keydown", this.escaped);
    const wanted = content.matches("[autofocus]") ? content : content.querySelector("[autofocus]");
    const first = matchMedia("(pointer: coarse)").matches ? null : content.querySelector("input, select, button:enabled");
    (wanted ?? first ?? this.element).focus();
  }

  /** Put it where its control is; content that has grown calls this, too. */
  place() {
    if (!this.anchor?.isConnected) return; // a header that has scrolled away
    const [at, around] = [this.anchor.getBoundingClientRect(), this.root.getBoundingClientRect()];
    const height = this.element.offsetHeight;
    const below = at.bottom + GAP;
    const isAbove = below + height > window.innerHeight && at.top - GAP - height >= 0; // whole, or not at all
    const top = isAbove ? at.top - GAP - height : below;
    put(this.element, at.left, top, {left: around.left + GAP, right: around.right - GAP});
  }

  /** Stay next to the control while what it stands in scrolls. */
  #follow() {
    const {left, top} = this.anchor.getBoundingClientRect();
    if (left !== this.at?.left || top !== this.at?.top) this.place();
    this.at = {left, top};
    this.frame = requestAnimationFrame(() => this.#follow());
  }

  close({focus = true} = {}) {
    if (!this.isOpen) return;
    document.removeEventListener("pointerdown", this.outside, {capture: true});
    this.anchor.removeEventListener("keydown", this.escaped);
    cancelAnimationFrame(this.frame);
    lower(this.element);
    this.element.replaceChildren();
    this.anchor.setAttribute("aria-expanded", "false");
    if (focus) this.anchor.focus();
    const {closed} = this;
    this.anchor = this.closed = undefined;
    closed?.();
  }
}

/**
 * A list of actions for a popup: `entries` are {label, act, note, isOff, foresee}, or "line" between two groups. An
 * entry's `foresee(control)`, if there is one, is called once with what is pressed, and returns what ends that.
 */
export function menu(popup, entries) {
  const list = element("div", "menu");
  list.setAttribute("role", "menu");
  for (const one of entries) {
    if (one === "line") {
      list.append(element("div", "line"));
      continue;
    }
    const {label, act, note, isOff = false, foresee} = one;
    const entry = element("button", "entry", label);
    entry.type = "button";
    entry.disabled = isOff;
    entry.setAttribute("role", "menuitem");
    if (note) entry.append(element("span", "note-text", note));
    const ends = foresee?.(entry);
    entry.addEventListener("click", () => {
      ends?.(); // it goes away as it is pressed, which is no leaving
      popup.close();
      act();
    });
    list.append(entry);
  }
  list.addEventListener("keydown", (event) => {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (!step) return;
    event.preventDefault();
    const items = [...list.querySelectorAll(".entry:enabled")];
    const at = items.indexOf(list.getRootNode().activeElement);
    items[(at + step + items.length) % items.length].focus();
  });
  return list;
}
