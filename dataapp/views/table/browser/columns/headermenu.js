// The menu of a column. Whoever has something to do with a column adds entries to it.

import {menu} from "../popup.js";

export class HeaderMenu {
  constructor(popup) {
    this.popup = popup;
    this.isStill = false; // no server answers the page
    this.providers = [];
  }

  /**
   * Add a group of entries. `provide(column)` returns them for the column at a position, each as
   * `menu` takes them; the group stands among the others by its rank. With `isOfPage`, no server is asked for them.
   */
  add(rank, provide, {isOfPage = false} = {}) {
    this.providers.push({rank, provide, isOfPage});
    this.providers.sort((one, other) => one.rank - other.rank);
  }

  toggle(button, column) {
    const groups = this.providers
      .filter(({isOfPage}) => isOfPage || !this.isStill)
      .map(({provide}) => provide(column))
      .filter((entries) => entries.length > 0);
    const entries = groups.flatMap((group, at) => [...(at > 0 ? ["line"] : []), ...group]);
    this.popup.toggle(button, "Column", menu(this.popup, entries));
  }
}
