// Rows of a chart, added up on the page while a selection is dragged: the engine sends parts of them once.
//
// A dataset's tile has, for each bin of what is dragged over, the parts of each group (engines/tiles.py). All bins
// between the ends of the selection are added up; groups that none of them has are left out. What is added up are
// numbers as the engine's: null where there is nothing, NaN greater than all.

import {bin} from "vega";
import {FROM_WIRE, decode, tableOf} from "./wire.js";

const GROUP = "__dataapp_group";
const HIGH = "__high_of_"; // see engines/tiles.py

const ON_STEP = 1e-6; // of a step: what is written in digits is not that far from it

/** The tiles of a chart for one selection, or for the value of a widget. */
export class Tiles {
  constructor({widget, field, datasets}) {
    this.field = field; // its column
    this.isExact = Boolean(widget); // a brush is moved to the nearest pixel, but nobody moves a widget
    this.datasets = datasets.map((dataset) => new Tile(dataset));
  }

  /** The rows of all datasets for a selection, as {name, rows}, or null where the engine has to answer. */
  at(selected) {
    const key = Object.keys(selected ?? {}).find((name) => name.replace(/\\(.)/g, "$1") === this.field);
    const value = selected?.[key];
    const ends = typeof value === "number" ? [value, value] : value;
    if (!Array.isArray(ends) || ends.length !== 2 || !ends.every(Number.isFinite)) return null;
    const found = this.datasets.map((tile) => ({name: tile.name, rows: tile.between(...ends, this.isExact)}));
    return found.every(({rows}) => rows !== null) ? found : null;
  }
}

/** The parts of one dataset. */
export class Tile {
  constructor(told) {
    Object.assign(this, told); // name, kinds, steps, starts, ends, offsets, columns, bins
    const parts = tableOf(told.parts);
    this.group = parts.getChild(GROUP).toArray();
    const said = decode({data: told.groups, kinds: told.kinds});
    this.count = Math.max(-1, ...said.map((one) => one[GROUP])) + 1;
    this.groups = said.map(({[GROUP]: number, ...facts}) => ({number, facts}));
    if (this.bins.length) this.groups.sort((one, other) => one.number - other.number);
    this.alive = new Uint8Array(this.count);
    this.measures = told.columns.filter(({how}) => how).map((column) => new Sum(column, parts, this.count));
  }

  /** The rows for a range; null where they would have other bins, or the range may not have such ends. */
  between(low, high, isExact = false) {
    const first = this.starts ? this.starts[this.#step(low, isExact)] : 0;
    const end = this.ends ? this.ends[this.#step(high, isExact)] : this.offsets.length - 1;
    if (first === undefined || end === undefined) return null;
    const [from, to] = [this.offsets[first], this.offsets[Math.max(first, end)]];
    this.alive.fill(0);
    for (let at = from; at < to; at++) this.alive[this.group[at]] = 1;
    for (const measure of this.measures) measure.add(this.group, from, to);
    const rows = [];
    for (const {number, facts} of this.groups) {
      if (!this.alive[number]) continue;
      const row = {...facts};
      for (const measure of this.measures) row[measure.name] = measure.of(number, this.kinds);
      rows.push(row);
    }
    return this.bins.length ? this.#binned(rows) : rows;
  }

  /** The number of the nearest step to a value; halves go to even numbers, as in Python. */
  #step(value, isExact) {
    const {kind, start, step, count, scale} = this.steps;
    const place = ((kind === "number" ? value : 1000 * value) * scale - start) / step;
    const below = Math.floor(place);
    const isUp = place - below > 0.5 || (place - below === 0.5 && below % 2 !== 0);
    const nearest = Math.min(Math.max(isUp ? below + 1 : below, 0), count);
    return isExact && Math.abs(place - nearest) > ON_STEP ? null : nearest;
  }

  /** Rows of bins, with one more for the upper end of each field that is binned. */
  #binned(rows) {
    const more = [];
    for (const {field, high, carried, ...bins} of this.bins) {
      const known = rows.filter((row) => row[field] !== null && !Number.isNaN(row[field]));
      if (known.length === 0) return null;
      const top = known.reduce((one, other) => (other[field] > one[field] ? other : one));
      const least = known.reduce((low, row) => Math.min(low, row[field]), Infinity);
      const most = known.reduce((found, row) => (row[high] === null ? found : Math.max(found, row[high])), -Infinity);
      if (!areBins(bins, least, most)) return null;
      more.push({...top, [field]: most, ...Object.fromEntries(carried.map((name) => [name, null]))});
    }
    for (const row of [...rows, ...more]) {
      for (const {high} of this.bins) delete row[high];
    }
    return [...rows, ...more];
  }
}

/** Whether numbers have the bins that the tile was made for; see `Binning.is_guessed` in binning.py. */
function areBins({options, start, step, is_bounded: isBounded, first, last}, least, most) {
  const now = bin({...options, extent: [least, most]});
  if (now.start !== start || now.step !== step) return false;
  const latest = start + Math.ceil((now.stop - start) / step) * step - step;
  const numberOf = (value) => Math.floor(1e-14 + (value - start) / step);
  if (numberOf(most) > numberOf(latest) !== isBounded) return false;
  return isBounded ? latest === last : first <= least && most <= last;
}

const isMore = (one, other) => one > other || (Number.isNaN(one) && !Number.isNaN(other));

/** The numbers of a column; of large ones, the higher part stands in another. */
function numbersOf(table, name) {
  const lower = table.getChild(name).toArray();
  const higher = table.getChild(`${HIGH}${name}`)?.toArray();
  if (!higher) return lower;
  const whole = (low, at) => (low === null ? null : higher[at] * 2 ** 32 + low);
  return Array.isArray(lower) ? lower.map(whole) : Float64Array.from(lower, whole);
}

/** One measure of all groups. */
class Sum {
  constructor({name, how, parts, lacks_nan: lacksNan}, table, count) {
    this.name = name;
    this.how = how;
    this.lacksNan = lacksNan;
    this.parts = parts.map((part) => numbersOf(table, part));
    this.sums = parts.map(() => new Float64Array(count));
    this.seen = parts.map(() => new Uint8Array(count));
  }

  add(groups, from, to) {
    this.parts.forEach((part, which) => {
      const [sums, seen] = [this.sums[which], this.seen[which]];
      sums.fill(0);
      seen.fill(0);
      const {how} = this;
      for (let at = from; at < to; at++) {
        const value = part[at];
        if (value === null) continue;
        const group = groups[at];
        if (!seen[group]) [sums[group], seen[group]] = [value, 1];
        else if (how === "min") sums[group] = isMore(sums[group], value) ? value : sums[group];
        else if (how === "max") sums[group] = isMore(value, sums[group]) ? value : sums[group];
        else sums[group] += value;
      }
    });
  }

  of(group, kinds) {
    const [sums, counts] = this.sums;
    if (this.how === "count") return sums[group];
    if (!this.seen[0][group]) return null;
    const value = this.how === "mean" ? sums[group] / counts[group] : sums[group];
    if (this.lacksNan && Number.isNaN(value)) return null;
    const convert = FROM_WIRE[kinds[this.name]];
    return convert ? convert(value) : value;
  }
}
