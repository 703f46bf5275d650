// Pictures in the headers: how a column's values are distributed, and which of them are null.
//
// The page asks for pictures of headers on screen when it rests: rows go first. Until a better one comes, a picture stays.

import {formatCount} from "../cells/format.js";
import {element} from "../columns/header.js";
import {Histogram, bars, describe, endOf, formatShare, segments} from "./histogram.js";

const SOON = 20; // ms after rows are on screen and counted
const RESTS_AFTER = 120; // ms after the last scroll, for columns without a picture
const READS_AFTER = 600; // ms, for exact pictures: who scrolls on would only stop them
const MOST = 64; // columns to ask for at once
const MOSTLY = 0.9;
const LEAST_ROWS = 5; // of a table whose values are not seen at a glance

/** The picture of one column. */
export class Summary {
  /** `filter(text)` is called with what is picked; `tip` shows what is read off. */
  constructor(column, {tip, filter}) {
    this.column = column;
    this.element = element("div", "summary");
    this.histogram = new Histogram({
      label: `Values of ${column.name}`,
      tip,
      pick: filter,
      range: filter,
    });
    this.caption = element("div", "caption");
    this.nulls = element("button", "nulls");
    this.nulls.type = "button";
    this.nulls.hidden = true;
    this.nulls.addEventListener("click", () => filter("is null"));
    this.element.append(this.histogram.element, this.caption);
  }

  show(summary) {
    this.summary = summary;
    const slots = summary.shape === "bins" ? bars(summary) : segments(summary);
    const isBlank = summary.shape === "none" || summary.rows < LEAST_ROWS || isUnique(summary);
    this.histogram.show(isBlank ? [] : slots, summary);
    this.element.dataset.shape = isBlank ? "none" : summary.shape;
    this.element.toggleAttribute("data-estimate", summary.is_estimate);
    this.caption.replaceChildren(...captions(summary).map((text) => element("span", "caption-text", text)));
    const {rows, nulls, part, is_estimate} = summary;
    this.nulls.hidden = nulls === 0;
    this.nulls.textContent = `${is_estimate ? "≈" : ""}${formatShare(nulls / rows)} null`;
    this.nulls.title = describe(summary, nulls, part?.nulls ?? null);
    this.#mark();
  }

  /** Show which marks the filter in force asks for. */
  showFilter(text) {
    this.text = text;
    this.#mark();
  }

  #mark() {
    const at = this.histogram.slots.findIndex(({mark}) => mark.filter !== null && mark.filter === this.text);
    this.histogram.choose(at < 0 ? null : [at, at]);
  }
}

/** Asks for pictures, and hands them to the headers. */
export class Summaries {
  /** `ask(columns)` sends the question to the server. */
  constructor(ask) {
    this.ask = ask;
    this.drawn = new Set(); // columns with a picture of this view
    this.done = new Set(); // and those whose picture is exact
    this.seen = [];
  }

  /** Another view is shown, its rows counted or not: its pictures may be other ones. */
  restart(headers, isCounted) {
    this.headers = headers;
    this.isNew = isCounted; // then a sample can be taken from all over the rows, which are on screen
    this.drawn.clear();
    this.done.clear();
    this.#wait();
  }

  /** The headers of these columns are on screen. */
  look(columns) {
    this.seen = columns;
    this.#wait();
  }

  receive({columns}) {
    for (const summary of columns) {
      this.headers.showSummary(summary);
      this.drawn.add(summary.column);
      if (!summary.is_estimate) this.done.add(summary.column);
    }
  }

  stop() {
    clearTimeout(this.waiting);
  }

  #wait() {
    clearTimeout(this.waiting);
    const isLacking = this.seen.some((at) => !this.drawn.has(at));
    const wait = this.isNew ? SOON : isLacking ? RESTS_AFTER : READS_AFTER;
    this.waiting = setTimeout(() => this.#ask(), wait);
  }

  #ask() {
    const columns = this.seen.filter((at) => !this.done.has(at)).slice(0, MOST);
    this.isNew &&= columns.length === 0;
    if (columns.length) this.ask(columns);
  }
}

const isUnique = ({shape, distinct, rows, nulls}) =>
  shape === "values" && distinct > 1 && distinct >= MOSTLY * (rows - nulls);

function captions(summary) {
  const {shape, marks, bins, distinct, rows, nulls, is_counted} = summary;
  if (rows < LEAST_ROWS) return [];
  if (nulls === rows) return ["all null"];
  if (shape === "bins" && bins > 0) return [marks[0].label.split(" – ")[0], endOf(marks[bins - 1])];
  if (shape !== "values") return [];
  if (is_counted && distinct === rows - nulls && distinct > 1) return ["unique"];
  if (isUnique(summary)) return ["mostly unique"];
  const number = `${is_counted ? "" : "≈ "}${formatCount(distinct)}`;
  return [`${number} ${distinct === 1 ? "value" : "values"}`];
}
