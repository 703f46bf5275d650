// The line above the rows: what is in force on the left, what can be done on the right.

import {element} from "./columns/header.js";
import {icon} from "./icons.js";

export class Toolbar {
  constructor() {
    this.element = element("div", "toolbar");
    this.element.setAttribute("role", "toolbar");
    this.element.setAttribute("aria-label", "Table");
    this.chips = element("div", "chips");
    this.tools = element("div", "tools");
    this.element.append(this.chips, this.tools);
  }

  /** Add a button; `act(button)` is called when it is pressed. */
  add(name, label, act) {
    const button = element("button", "tool");
    button.type = "button";
    button.title = label;
    button.dataset.tool = name;
    button.setAttribute("aria-label", label);
    button.append(icon(name));
    button.addEventListener("click", () => act(button));
    this.tools.append(button);
    return button;
  }
}
