// A panel at the side of the rows: the profile of a column, a row as a card. One is open at a time.

import {element} from "../columns/header.js";
import {icon} from "../icons.js";

export class SidePanel {
  /** `resized` is called when the rows get another width. */
  constructor(resized) {
    this.resized = resized;
    this.element = element("aside", "side");
    this.element.hidden = true;
    this.title = element("h3", "side-title");
    this.button = element("button", "tool");
    this.button.type = "button";
    this.button.setAttribute("aria-label", "Close the panel");
    this.button.append(icon("close"));
    this.button.addEventListener("click", () => this.close());
    const head = element("div", "side-head");
    head.append(this.title, this.button);
    this.content = element("div", "side-content");
    this.element.append(head, this.content);
    this.element.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") this.close();
    });
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** Show content under a title. `closed` is called when it closes or other content takes its place. */
  open(title, content, closed) {
    this.#leave();
    this.closed = closed;
    this.title.textContent = title;
    this.element.setAttribute("aria-label", title);
    this.content.replaceChildren(content);
    this.element.hidden = false;
    this.resized();
  }

  close() {
    if (!this.isOpen) return;
    this.element.hidden = true;
    this.#leave();
    this.resized();
  }

  #leave() {
    const {closed} = this;
    this.closed = undefined;
    this.content.replaceChildren();
    closed?.();
  }
}
