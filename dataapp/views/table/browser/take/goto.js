// The field for the number of a row to go to.

import {formatCount} from "../cells/format.js";
import {element} from "../columns/header.js";

export class GoTo {
  /** `go(row)` is called with the number of a row, from 0. */
  constructor(popup, anchor, go) {
    this.popup = popup;
    this.anchor = anchor;
    this.go = go;
  }

  toggle(rows) {
    if (this.anchor.hidden) return; // all rows are on screen
    const form = element("form", "goto");
    const label = element("label", "goto-label", "Go to row");
    const field = element("input", "goto-field");
    field.inputMode = "numeric";
    field.autocomplete = "off";
    field.placeholder = `1 – ${formatCount(rows)}`;
    const button = element("button", "goto-button", "Go");
    button.type = "submit";
    label.append(field);
    form.append(label, button);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const row = Number(field.value.replace(/[\s,.'_]/g, ""));
      const isOne = Number.isInteger(row) && row >= 1;
      field.toggleAttribute("data-wrong", !isOne);
      field.setAttribute("aria-invalid", String(!isOne));
      if (!isOne) return;
      this.popup.close({focus: false});
      this.go(Math.min(row, rows) - 1);
    });
    this.popup.toggle(this.anchor, "Go to row", form);
  }
}
