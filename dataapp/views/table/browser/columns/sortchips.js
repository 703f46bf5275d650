// What the rows are sorted by, as chips in the order in which it counts: each turns round, moves, and is taken away.

import {Chips} from "../filters/chips.js";

export class SortChips {
  constructor(explorer) {
    this.explorer = explorer;
    this.chips = new Chips(explorer.toolbar.chips, "sort-chips", "Sorted by", {
      open: ({key}) => this.#with((one) => (one.column === key ? {...one, descending: !one.descending} : one)),
      remove: ({key}) => explorer.sortBy(explorer.order.filter((one) => one.column !== key)),
      clear: () => explorer.sortBy([]),
      all: "Do not sort",
      emptied: () => explorer.table.focus({preventScroll: true}),
      move: ({key}, step) => this.#move(key, step),
    });
  }

  show(order) {
    const {columns, relationWidth} = this.explorer;
    const isOne = order.length === 1;
    const chips = order.map(({column, descending}, at) => {
      const name = nameOf(columns[column], column >= relationWidth);
      const way = descending ? "descending" : "ascending";
      const said = isOne ? `Sorted by ${name}, ${way}` : `Sorted by ${name}, ${way}, ${at + 1} of ${order.length}`;
      return {key: column, name: isOne ? "Sorted by" : String(at + 1), text: `${descending ? "↓" : "↑"} ${name}`, said};
    });
    this.chips.show(chips);
  }

  #with(change) {
    this.explorer.sortBy(this.explorer.order.map(change));
  }

  #move(column, step) {
    const {order} = this.explorer;
    const from = order.findIndex((one) => one.column === column);
    const to = from + step;
    if (to < 0 || to >= order.length) return;
    this.explorer.sortBy(order.toSpliced(from, 1).toSpliced(to, 0, order[from]));
  }
}

/** What is made of groups is called by what is made, and of what. */
function nameOf({name, type}, isMade) {
  return isMade && type !== "count" ? `${type} of ${name}` : name;
}
