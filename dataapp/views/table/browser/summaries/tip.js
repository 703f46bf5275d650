// A small text next to what it is about, such as a bar that is hovered over. There is one.

import {element} from "../columns/header.js";
import {floating, lower, put, raise} from "../toplayer.js";

const GAP = 4; // px

export class Tip {
  /** `root` is the explorer; the tip stays within its width. */
  constructor(root) {
    this.root = root;
    this.element = floating(element("div", "tip"));
    this.element.setAttribute("aria-hidden", "true"); // what it says, its owner says to screen readers
  }

  /** Show lines below a point of the window, on behalf of an owner. */
  show(owner, lines, x, y) {
    this.owner = owner;
    this.element.replaceChildren(...lines.map((line) => element("div", "tip-line", line)));
    raise(this.element);
    const {left, right} = this.root.getBoundingClientRect();
    put(this.element, x - this.element.offsetWidth / 2, y + GAP, {left: left + GAP, right: right - GAP});
  }

  /** Hide what an owner shows. */
  hide(owner) {
    if (this.owner === owner) lower(this.element);
  }
}
