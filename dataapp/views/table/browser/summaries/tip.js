// A small text next to what it is about, such as a bar that is hovered over. There is one.

import {element} from "../columns/header.js";

const GAP = 4; // px

export class Tip {
  /** `root` is the explorer; the tip stays within its width. */
  constructor(root) {
    this.root = root;
    this.element = element("div", "tip");
    this.element.hidden = true;
    this.element.setAttribute("aria-hidden", "true"); // what it says, its owner says to screen readers
  }

  /** Show lines below a point of the window, on behalf of an owner. */
  show(owner, lines, x, y) {
    this.owner = owner;
    this.element.replaceChildren(...lines.map((line) => element("div", "tip-line", line)));
    this.element.hidden = false;
    const around = this.root.getBoundingClientRect();
    const widest = Math.max(GAP, around.width - this.element.offsetWidth - GAP);
    const left = x - around.left - this.element.offsetWidth / 2;
    this.element.style.left = `${Math.min(Math.max(GAP, left), widest)}px`;
    this.element.style.top = `${y - around.top + GAP}px`;
  }

  /** Hide what an owner shows. */
  hide(owner) {
    if (this.owner === owner) this.element.hidden = true;
  }
}
