// Which columns are shown, in which order and how wide. Columns are positions in the relation's columns.
//
// A layout does not change: what a reader wishes is another one, which the server keeps.

export class Layout {
  /** `groups` say which columns are on screen while rows are grouped. */
  constructor(count, {order, hidden, pinned, widths}, groups = null) {
    this.groups = groups;
    this.order = [...new Set([...order, ...Array(count).keys()])];
    this.hidden = new Set(hidden);
    this.pinned = new Set(pinned);
    this.widths = new Map(widths);
    const shown = this.order.filter((at) => !this.hidden.has(at));
    const isPinned = (at) => this.pinned.has(at);
    this.displayed = [...shown.filter(isPinned), ...shown.filter((at) => !isPinned(at))];
    if (groups?.said) this.displayed = groups.displayed(this.displayed, this.hidden);
    this.places = new Map(this.displayed.map((at, place) => [at, place]));
    this.pinnedCount = groups?.said ? groups.pinnedCount : shown.filter(isPinned).length;
  }

  get message() {
    return {
      order: this.order,
      hidden: [...this.hidden],
      pinned: [...this.pinned],
      widths: [...this.widths],
    };
  }

  /** Equal for layouts that look the same. */
  get key() {
    const sorted = (items) => [...items].sort();
    return JSON.stringify([this.displayed, this.order, sorted(this.hidden), sorted(this.pinned), sorted(this.widths)]);
  }

  /** With a column in front of another, or as the last one. It joins those beside it, if it is told so. */
  moved(at, before, isPinned = this.pinned.has(at)) {
    const order = this.order.filter((one) => one !== at);
    order.splice(before === null ? order.length : order.indexOf(before), 0, at);
    return this.#with({order, pinned: changed(this.pinned, [at], isPinned)});
  }

  /** With a column moved past the one that is shown beside it: to the left (-1) or to the right (1). */
  stepped(at, step) {
    const place = this.places.get(at);
    const beside = this.displayed[place + step];
    if (beside === undefined || this.pinned.has(beside) !== this.pinned.has(at)) return this;
    return this.moved(at, step < 0 ? beside : (this.displayed[place + 2] ?? null));
  }

  /** With columns shown or hidden. One is always shown. */
  shown(columns, isShown) {
    const hidden = changed(this.hidden, columns, !isShown);
    return hidden.size < this.order.length ? this.#with({hidden}) : this;
  }

  pinnedTo(at, isPinned) {
    return this.#with({pinned: changed(this.pinned, [at], isPinned)});
  }

  /** With a width in pixels, or with the one that fits. */
  sized(at, width) {
    const widths = new Map(this.widths);
    if (width === null) widths.delete(at);
    else widths.set(at, Math.round(width));
    return this.#with({widths});
  }

  fitted() {
    return this.#with({widths: []});
  }

  #with(changes) {
    return new Layout(this.order.length, {...this, ...changes}, this.groups);
  }
}

function changed(set, items, isIn) {
  const copy = new Set(set);
  for (const item of items) copy[isIn ? "add" : "delete"](item);
  return copy;
}
