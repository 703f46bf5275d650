// The headers of the columns, made when they come on screen: a relation may have thousands of columns.

import {Header} from "./header.js";

const MOST = 200; // that are kept

export class Headers {
  /** `wishes(position)` gives what a header calls with the reader's wishes. */
  constructor(wishes) {
    this.wishes = wishes;
    this.start([]);
  }

  start(columns) {
    this.columns = columns;
    this.made = new Map();
    this.order = [];
    this.filters = {};
    this.faults = {};
    this.summaries = new Map();
  }

  /** The header of a column. */
  at(position) {
    let header = this.made.get(position);
    if (!header) {
      this.#forget();
      header = new Header(this.columns[position], this.wishes(position));
      header.position = position;
      header.showOrder(this.order);
      header.showFilter(this.filters[position], this.faults[position]);
      if (this.summaries.has(position)) header.summary.show(this.summaries.get(position));
      this.made.set(position, header);
    }
    return header;
  }

  /** The headers that there are. */
  all() {
    return [...this.made.values()];
  }

  showOrder(order) {
    this.order = order;
    for (const header of this.all()) header.showOrder(order);
  }

  showFilters(filters, faults) {
    this.filters = filters;
    this.showFaults(faults);
  }

  showFaults(faults) {
    this.faults = faults;
    for (const header of this.all()) header.showFilter(this.filters[header.position], faults[header.position]);
  }

  showSummary(summary) {
    this.summaries.set(summary.column, summary);
    this.made.get(summary.column)?.summary.show(summary);
  }

  #forget() {
    for (const [position, header] of this.made) {
      if (this.made.size < MOST) return;
      if (!header.element.isConnected) this.made.delete(position);
    }
  }
}
