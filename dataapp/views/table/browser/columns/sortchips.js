// What the rows are sorted by, as chips in the order in which it counts: each turns round, moves, and is taken away.

import {Chips} from "../filters/chips.js";

export class SortChips {
  constructor(explorer) {
    this.explorer = explorer;
    const after = {
      open: (key) => explorer.order.map((one) => (one.column === key ? {...one, descending: !one.descending} : one)),
      remove: (key) => explorer.order.filter((one) => one.column !== key),
      clear: () => [],
      move: (key, step) => this.#moved(key, step),
    };
    const by = (does) => (chip, step) => {
      const order = after[does](chip?.key, step);
      if (order !== explorer.order) explorer.sortBy(order);
    };
    this.chips = new Chips(explorer.toolbar.chips, "sort-chips", "Sorted by", {
      open: by("open"),
      remove: by("remove"),
      clear: by("clear"),
      all: "Do not sort",
      emptied: () => explorer.table.focus({preventScroll: true}),
      move: by("move"),
      foresee: (control, does, chip) => explorer.foresee(control, () => after[does](chip?.key)),
      aim: (control, chip, step) => this.#aim(control, () => after.move(chip.key, step), step),
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

  /** The order with a key at another place, or as it is where there is none. */
  #moved(column, step) {
    const {order} = this.explorer;
    const from = order.findIndex((one) => one.column === column);
    const to = from + step;
    return to < 0 || to >= order.length ? order : order.toSpliced(from, 1).toSpliced(to, 0, order[from]);
  }

  /** A chip is over the place where it would be dropped, or over none. */
  #aim(control, orderOf, step) {
    const {foreseen} = this.explorer;
    if (step === 0) foreseen.leave(control);
    else foreseen.enter(control, orderOf, {isPressed: true, isSure: true, isHeld: true, extend: false});
  }
}

/** What is made of groups is called by what is made, and of what. */
function nameOf({name, type}, isMade) {
  return isMade && type !== "count" ? `${type} of ${name}` : name;
}
