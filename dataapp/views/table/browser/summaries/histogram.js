// A picture of how values are distributed: bars of a histogram, or one bar with a segment for each value.
//
// Each mark can be read off (hovering, touching, arrow keys) and picked (a click, a second touch, Enter); where `range`
// is given, dragging over bars, or Shift with an arrow key, chooses several. What is chosen can be shown, so the picture
// serves as the slider of a range. Rows that pass the filters are drawn full, in front of all rows, which are pale.

import {formatCount} from "../cells/format.js";
import {element} from "../columns/header.js";

const SVG = "http://www.w3.org/2000/svg";
const GAP = 0.8; // of a bar, between bars and what lies beyond them
const LEAST = 0.05; // of the height: a bar that is not empty can be seen
const NARROWEST = 0.012; // of the width: so can a segment
const SEAM = 0.01; // of the width, between segments
const LABELLED = 0.08; // of the width: a segment with its text in it, if it has room for it
const LETTER = 8; // px, a wide one
const FEWEST_LETTERS = 5; // of a longer text that can be read
const DRAGGED = 4; // px

/** The bars of a summary: where they are, from 0 to 1, and how high. */
export function bars({marks, bins, part}) {
  const beyond = marks.length - bins;
  const width = 1 / (bins + (beyond ? beyond + GAP : 0) || 1);
  const highest = Math.max(1, ...marks.map(({count}) => count));
  const height = (count) => (count > 0 ? Math.max(LEAST, count / highest) : 0);
  return marks.map((mark, at) => ({
    mark,
    x: (at + (at >= bins ? GAP : 0)) * width,
    width,
    whole: height(mark.count),
    part: part ? height(mark.part) : height(mark.count),
    isBeyond: at >= bins,
  }));
}

/** The segments of a summary: one for each value, and one for all others. */
export function segments({marks, rows, nulls, part}) {
  const present = rows - nulls;
  const sum = (key) => marks.reduce((total, mark) => total + mark[key], 0);
  const others = {label: "others", filter: null, count: present - sum("count"), part: null};
  if (part) others.part = part.rows - part.nulls - sum("part");
  const listed = [...marks, others].filter(({count}) => count > 0);
  const widths = listed.map(({count}) => Math.max(NARROWEST, count / present));
  const total = widths.reduce((all, width) => all + width, 0);
  let x = 0;
  return listed.map((mark, at) => {
    const width = widths[at] / total;
    x += width;
    const share = part ? mark.part / mark.count : 1;
    return {mark, x: x - width, width, whole: 1, part: share, isSegment: true, isOther: mark === others};
  });
}

export class Histogram {
  /**
   * `tip` shows what is read off; `pick(filter)` is called with the filter of a mark, `range(filter)` with that of
   * several bars, and `ranging(filter)` while they are being chosen.
   */
  constructor({label, tip, pick, range, ranging}) {
    Object.assign(this, {tip, pick, range, ranging});
    this.slots = [];
    this.isStop = true; // of Tab
    this.active = this.anchor = null;
    this.element = element("div", "histogram");
    this.element.setAttribute("role", "slider");
    this.element.setAttribute("aria-label", label);
    this.element.setAttribute("aria-valuemin", "1");
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("preserveAspectRatio", "none");
    this.svg.setAttribute("viewBox", "0 0 1 1");
    this.svg.setAttribute("aria-hidden", "true");
    this.element.append(this.svg);
    const listen = (type, act) => this.element.addEventListener(type, act);
    listen("pointermove", (event) => this.#move(event));
    listen("pointerdown", (event) => this.#press(event));
    listen("pointerup", (event) => this.#release(event));
    listen("pointercancel", () => this.#leave());
    listen("pointerleave", (event) => this.dragging || event.pointerType === "touch" || this.#leave());
    listen("keydown", (event) => this.#key(event));
    listen("blur", () => this.#leave());
    listen("click", (event) => event.stopPropagation());
  }

  /** Draw slots, as `bars` and `segments` make them, of a summary. */
  show(slots, summary) {
    const {active} = this;
    this.#activate(null);
    Object.assign(this, {slots, summary});
    this.svg.replaceChildren();
    this.element.querySelectorAll(".segment-text").forEach((text) => text.remove());
    for (const slot of slots) this.#draw(slot);
    this.stop(this.isStop);
    this.element.setAttribute("aria-valuemax", String(slots.length));
    this.element.toggleAttribute("data-estimate", Boolean(summary?.is_estimate));
    this.choose(this.chosen ?? null);
    if (active !== null && active < slots.length) this.#activate(active); // what is read off stays
  }

  /** Let Tab stop at it, or pass it; it passes one without bars. */
  stop(isStop) {
    this.isStop = isStop;
    this.element.tabIndex = isStop && this.slots.length > 0 ? 0 : -1;
  }

  /** Show which bars are chosen: [first, last], or null for none. */
  choose(chosen) {
    this.chosen = chosen;
    this.slots.forEach((slot, at) => {
      slot.group.toggleAttribute("data-out", Boolean(chosen) && (at < chosen[0] || at > chosen[1]));
    });
  }

  /** The filter for the bars from one to another. */
  rangeText(from, to) {
    const [first, last] = [Math.min(from, to), Math.max(from, to)];
    const {mark} = this.slots[first];
    return first === last ? mark.filter : `${mark.low}..${this.slots[last].mark.high}`;
  }

  #draw(slot) {
    const group = document.createElementNS(SVG, "g");
    group.setAttribute("class", "slot");
    if (slot.isBeyond) group.dataset.is = "beyond";
    if (slot.isOther) group.dataset.is = "other";
    const gap = slot.isSegment ? Math.min(SEAM, 0.3 * slot.width) : 0.12 * slot.width;
    const rectangle = (name, height) => {
      const made = document.createElementNS(SVG, "rect");
      made.setAttribute("class", name);
      made.setAttribute("x", slot.x + gap / 2);
      made.setAttribute("width", Math.max(0, slot.width - gap));
      made.setAttribute("y", 1 - height);
      made.setAttribute("height", height);
      group.append(made);
    };
    rectangle("area", 1);
    if (slot.whole > slot.part) rectangle("whole", slot.whole);
    rectangle("part", slot.part);
    slot.group = group;
    this.svg.append(group);
    if (slot.isSegment && !slot.isOther && slot.width > LABELLED) {
      const text = element("span", "segment-text", slot.mark.label);
      text.style.setProperty("--from", slot.x);
      text.style.setProperty("--share", slot.width);
      text.style.setProperty("--need", `${LETTER * Math.min(slot.mark.label.length, FEWEST_LETTERS) + 6}px`);
      text.toggleAttribute("data-pale", slot.part < 1);
      this.element.append(text);
    }
  }

  #activate(at) {
    if (this.active === at) return;
    this.slots[this.active]?.group?.removeAttribute("data-active");
    this.active = at;
    const slot = this.slots[at];
    if (!slot) {
      this.tip.hide(this.element);
      return;
    }
    slot.group.setAttribute("data-active", "");
    const lines = this.#lines(slot.mark);
    this.element.setAttribute("aria-valuenow", String(at + 1));
    this.element.setAttribute("aria-valuetext", lines.join(", "));
    const around = this.element.getBoundingClientRect();
    this.tip.show(this.element, lines, around.left + (slot.x + slot.width / 2) * around.width, around.bottom);
  }

  #lines({label, count, part}) {
    return [label === "" ? "empty text" : label, describe(this.summary, count, part)];
  }

  #at(event) {
    const around = this.element.getBoundingClientRect();
    const x = (event.clientX - around.left) / around.width;
    const at = this.slots.findLastIndex((slot) => slot.x <= Math.max(0, x));
    return at < 0 ? null : at;
  }

  #move(event) {
    if (event.pointerType === "touch" && !this.dragging) return;
    const at = this.#at(event);
    if (this.dragging && this.range) this.#drag(event, at);
    this.#activate(at);
  }

  #press(event) {
    event.stopPropagation();
    if (event.button > 0) return;
    const at = this.#at(event);
    this.dragging = {from: at, x: event.clientX, wasActive: this.active === at, moved: false};
    this.element.setPointerCapture(event.pointerId);
    this.#activate(at);
  }

  #drag(event, at) {
    if (Math.abs(event.clientX - this.dragging.x) > DRAGGED) this.dragging.moved = true;
    if (!this.dragging.moved || !this.#isRange(this.dragging.from, at)) return;
    const [first, last] = [Math.min(this.dragging.from, at), Math.max(this.dragging.from, at)];
    this.choose([first, last]);
    this.ranging?.(this.rangeText(first, last));
  }

  #release(event) {
    const {dragging} = this;
    this.dragging = null;
    if (!dragging) return;
    const at = this.#at(event);
    if (dragging.moved && this.range && this.#isRange(dragging.from, at) && at !== dragging.from) {
      this.range(this.rangeText(dragging.from, at));
    } else if (event.pointerType !== "touch" || dragging.wasActive) {
      this.#pick(at);
    }
  }

  #pick(at) {
    const filter = this.slots[at]?.mark.filter;
    if (filter) this.pick(filter);
  }

  #leave() {
    this.dragging = this.anchor = null;
    this.#activate(null);
  }

  #key(event) {
    const last = this.slots.length - 1;
    const from = this.active ?? (event.key === "ArrowLeft" ? last + 1 : -1);
    const to = {ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last}[event.key];
    if (to !== undefined) {
      const at = Math.min(Math.max(0, to), last);
      if (event.shiftKey && this.range) {
        this.anchor ??= Math.max(0, Math.min(from, last));
        if (this.#isRange(this.anchor, at)) this.choose([Math.min(this.anchor, at), Math.max(this.anchor, at)]);
      } else {
        this.anchor = null;
      }
      this.#activate(at);
    } else if (event.key === "Enter" || event.key === " ") {
      if (this.anchor !== null && this.anchor !== this.active && this.#isRange(this.anchor, this.active)) {
        this.range(this.rangeText(this.anchor, this.active));
      } else {
        this.#pick(this.active);
      }
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #isRange(...ends) {
    return ends.every((at) => typeof this.slots[at]?.mark.low === "string");
  }
}

/** Where a bar ends, or where it starts if it has no end. */
export const endOf = ({label}) => label.split(/ –(?: |$)/).filter(Boolean).at(-1);

/** How many rows, in words: counts where they are known, shares where they are estimated. */
export function describe({rows, part, is_estimate}, count, some) {
  const share = formatShare(count / rows);
  if (is_estimate) return `about ${share} of rows`;
  if (part && some !== null) return `${formatCount(some)} of ${plural(count)}`;
  return `${plural(count)}, ${share}`;
}

/** "12.3%", and never 0% or 100% of what is not none or all. */
export function formatShare(share) {
  if (share > 0 && share < 0.001) return "<0.1%";
  if (share < 1 && share > 0.999) return ">99.9%";
  return `${Number((100 * share).toFixed(1))}%`;
}

const plural = (count) => `${formatCount(count)} ${count === 1 ? "row" : "rows"}`;
