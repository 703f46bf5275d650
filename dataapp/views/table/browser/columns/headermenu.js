// The menu of a column. Whoever has something to do with a column adds entries to it.

import {menu} from "../popup.js";

export class HeaderMenu {
  constructor(popup) {
    this.popup = popup;
    this.providers = [];
  }

  /**
   * Add a group of entries. `provide(column)` returns them for the column at a position, each as
   * {label, act, note, isOff}; the group stands among the others by its rank.
   */
  add(rank, provide) {
    this.providers.push({rank, provide});
    this.providers.sort((one, other) => one.rank - other.rank);
  }

  toggle(button, column) {
    const groups = this.providers.map(({provide}) => provide(column)).filter((entries) => entries.length > 0);
    const entries = groups.flatMap((group, at) => [...(at > 0 ? ["line"] : []), ...group]);
    this.popup.toggle(button, "Column", menu(this.popup, entries));
  }
}
