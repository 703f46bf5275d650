// Values as a reader should see them. Everything here returns text, never markup.

import {writtenStyle} from "./written.js";

export const LONGEST_TEXT = 500; // one character more travels where text was cut
const MOST_DECIMALS = 6;
const NUMBERS = new Set(["integer", "decimal", "float"]);
const UNITS = {year: "y", month: "mo", day: "d"};
const CLOCK = /(\d\d:\d\d:\d\d)(\.\d+)?/;
const MIDNIGHT = / 00:00:00$/;
const WHITESPACE = {"\n": "↵", "\r": "", "\t": "⇥"};
const grouped = new Intl.NumberFormat("en-US", {maximumFractionDigits: 0});

export const isNumber = (column) => NUMBERS.has(column.kind);

/** "1,234" for 1234: for counts in sentences. */
export const formatCount = (count) => grouped.format(count);

/** What is known of a numeric column's values, so that all its cells look alike: it grows as rows are seen. */
class NumberStyle {
  constructor(column) {
    this.column = column;
    this.single = column.full_type === "FLOAT";
    this.decimals = 0;
    this.largest = 0;
  }

  /** Take values into account. */
  see(values) {
    let decimals = this.decimals;
    for (const value of values) {
      const number = Math.abs(Number(value));
      if (value === null || !Number.isFinite(number)) continue;
      this.largest = Math.max(this.largest, number);
      if (this.column.kind === "float") decimals = Math.max(decimals, decimalsOf(this.#shortest(number)));
    }
    const digits = 7 - Math.ceil(Math.log10(this.largest + 1)); // about seven digits that matter
    this.decimals = Math.min(decimals, Math.max(2, Math.min(MOST_DECIMALS, digits)));
  }

  /** Years and small codes read better without separators. */
  get isGrouped() {
    return this.largest >= 10000;
  }

  format(value) {
    if (typeof value !== "number" || this.column.kind !== "float") return this.#group(String(value));
    const size = Math.abs(value);
    if (size !== 0 && (size >= 1e15 || size < 0.5 * 10 ** -this.decimals)) return minus(exponential(value));
    return this.#group(value.toFixed(this.decimals));
  }

  #shortest(number) {
    return String(this.single ? Number(number.toPrecision(7)) : number);
  }

  #group(text) {
    const [whole, fraction] = text.split(".");
    const grouped = this.isGrouped ? whole.replace(/\B(?=(\d{3})+$)/g, ",") : whole;
    return minus(fraction === undefined ? grouped : `${grouped}.${fraction}`);
  }
}

/** The same digits after the second in all cells of a column. */
class ClockStyle {
  constructor() {
    this.digits = 0;
  }

  see(values) {
    for (const value of values) this.digits = Math.max(this.digits, CLOCK.exec(value ?? "")?.[2]?.length ?? 0);
  }

  format(value) {
    return value.replace(CLOCK, (_, clock, fraction = "") => {
      return this.digits > 0 ? clock + (fraction || ".").padEnd(this.digits, "0") : clock;
    });
  }
}

/** Timestamps as clocks; those of a column that has only whole days as days. */
class TimestampStyle extends ClockStyle {
  constructor() {
    super();
    this.isWhole = true;
  }

  see(values) {
    super.see(values);
    this.isWhole &&= values.every((value) => value === null || !value.includes(":") || MIDNIGHT.test(value));
  }

  format(value) {
    return this.isWhole ? value.replace(MIDNIGHT, "") : super.format(value);
  }
}

/** "3 months 2 days 04:05:06.7" as "3 mo 2 d 04:05:06.70". */
class IntervalStyle extends ClockStyle {
  format(value) {
    const short = value.replace(/(-?\d+) (year|month|day)s?/g, (_, count, unit) => `${count} ${UNITS[unit]}`);
    return super.format(short).replace(/-/g, "−");
  }
}

/** What makes the cells of a column look alike, or null where nothing needs to. */
export function styleFor(column) {
  const written = writtenStyle(column);
  if (written) return written;
  if (isNumber(column)) return new NumberStyle(column);
  if (column.full_type === "INTERVAL") return new IntervalStyle();
  if (column.kind === "timestamp") return column.full_type.endsWith("ZONE") ? new ClockStyle() : new TimestampStyle();
  return column.kind === "time" ? new ClockStyle() : null;
}

const minus = (text) => text.replace("-", "−");

const exponential = (value) => value.toExponential(3).replace(/\.?0+e/, "e").replace("e+", "e");

function decimalsOf(shortest) {
  if (shortest.includes("e")) return 0; // shown with its exponent
  const point = shortest.indexOf(".");
  return point < 0 ? 0 : shortest.length - point - 1;
}

/**
 * A cell's text, and what is special about it: "null", "nan", "false" or "".
 * The special ones are set apart by style, so that a null and the text "null" differ.
 */
export function formatCell(value, column, style) {
  if (value === null || value === undefined) return ["null", "null"];
  if (typeof value === "boolean") return [String(value), value ? "" : "false"];
  if (typeof value === "number" && !Number.isFinite(value)) {
    return Number.isNaN(value) ? ["NaN", "nan"] : [value > 0 ? "∞" : "−∞", "nan"];
  }
  if (style) return [style.format(value), ""];
  const text = String(value);
  return [cut(text).replace(/[\n\r\t]/g, (space) => WHITESPACE[space]), ""];
}

/** A cell's whole value, as far as it travelled: what hovering shows. */
export function fullText(value) {
  return value === null || value === undefined ? "null" : cut(String(value));
}

function cut(text) {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}
