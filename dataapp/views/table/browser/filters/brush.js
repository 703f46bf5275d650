// A histogram as the slider of a range: dragging over its bars chooses some, and each end has a handle.

import {element} from "../columns/header.js";
import {Histogram, bars} from "../summaries/histogram.js";

export class Brush {
  /** `range(text)` is called with the filter of the bars that were chosen. */
  constructor(column, {tip, range}) {
    this.column = column;
    this.range = range;
    this.element = element("div", "brush");
    this.element.hidden = true;
    this.picture = new Histogram({
      label: `Distribution of ${column.name}`,
      tip,
      pick: range,
      range,
      ranging: () => this.#place(),
    });
    this.handles = ["Lower end", "Upper end"].map((name, at) => this.#handle(name, at));
    this.element.append(this.picture.element, ...this.handles);
  }

  /** Draw the distribution of the column, once it is known. */
  show(summary) {
    if (summary?.shape !== "bins" || summary.bins === 0) return;
    this.element.hidden = false;
    this.bins = summary.bins;
    this.picture.show(bars(summary), summary);
    this.choose(this.ends);
  }

  /** Show which bars lie in a range: {low, high, below}, where texts may be empty; null for no range. */
  choose(ends) {
    this.ends = ends;
    if (!this.bins) return;
    this.picture.choose(ends && (ends.low || ends.high) ? this.#within(ends) : null);
    this.#place();
  }

  #within({low, high, below}) {
    const marks = this.picture.slots.slice(0, this.bins).map(({mark}) => mark);
    const [from, to] = [this.#number(low), this.#number(high)];
    const first = low ? marks.findLastIndex((mark) => this.#number(mark.low) <= from) : 0;
    const reaches = (mark) => (below ? this.#number(mark.low) < to : this.#number(mark.low) <= to);
    const last = high ? marks.findLastIndex(reaches) : this.bins - 1;
    const start = Math.min(Math.max(0, first), this.bins - 1);
    return [start, Math.min(Math.max(start, last), this.bins - 1)];
  }

  /** What can be compared of an end: dates and times compare as their texts do. */
  #number(text) {
    const isNumber = ["integer", "decimal", "float"].includes(this.column.kind);
    return isNumber ? Number((text ?? "").replaceAll(",", "")) : (text ?? "").replace("T", " ");
  }

  #chosen() {
    return this.picture.chosen ?? [0, this.bins - 1];
  }

  #place() {
    const {slots} = this.picture;
    const [first, last] = this.#chosen();
    const at = [slots[first].x, slots[last].x + slots[last].width];
    this.handles.forEach((handle, end) => {
      handle.style.left = `${100 * at[end]}%`;
      handle.setAttribute("aria-valuenow", String([first, last][end] + 1));
      handle.setAttribute("aria-valuemax", String(this.bins));
      handle.setAttribute("aria-valuetext", slots[[first, last][end]].mark.label);
    });
  }

  #handle(name, end) {
    const handle = element("div", "handle");
    handle.tabIndex = 0;
    handle.setAttribute("role", "slider");
    handle.setAttribute("aria-label", `${name} of the range`);
    handle.setAttribute("aria-valuemin", "1");
    handle.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      event.stopPropagation();
      handle.focus();
      handle.setPointerCapture(event.pointerId);
      this.moving = this.#chosen();
    });
    handle.addEventListener("pointermove", (event) => this.moving && this.#move(end, this.#barAt(event.clientX, end)));
    handle.addEventListener("pointerup", () => this.#done());
    handle.addEventListener("pointercancel", () => this.#done());
    handle.addEventListener("keydown", (event) => {
      const step = {ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1}[event.key];
      if (!step) return;
      event.preventDefault();
      this.moving = this.#chosen();
      this.#move(end, this.moving[end] + step);
      this.#done();
    });
    return handle;
  }

  #barAt(clientX, end) {
    const around = this.picture.element.getBoundingClientRect();
    const edge = Math.round((clientX - around.left) / around.width / this.picture.slots[0].width);
    return end === 0 ? edge : edge - 1;
  }

  #move(end, at) {
    const ends = [...this.moving];
    ends[end] = end === 0 ? Math.min(Math.max(0, at), ends[1]) : Math.max(Math.min(this.bins - 1, at), ends[0]);
    this.moving = ends;
    this.picture.choose(ends);
    this.#place();
  }

  #done() {
    const {moving} = this;
    this.moving = null;
    if (!moving) return;
    const isAll = moving[0] === 0 && moving[1] === this.bins - 1;
    this.range(isAll ? "" : this.picture.rangeText(...moving));
  }
}
