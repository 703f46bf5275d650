// What the selected numbers come to, in the foot. The engine adds them up: they may be millions.

import {formatCount} from "../cells/format.js";
import {element} from "../columns/header.js";
import {ticket} from "./ticket.js";

const MOST_EXACT = 1e15;
const SETTLES_AFTER = 120; // ms without another selection

export class Measures {
  /** `ask(ticket)` asks the server. */
  constructor(ask) {
    this.ask = ask;
    this.element = element("span", "measures");
    this.element.setAttribute("role", "status");
  }

  /** So many cells of so many rows, or whole ones that `noun` names, are selected; one cell or none has no measures. */
  show(cells, rows, noun) {
    clearTimeout(this.waiting);
    this.ticket = undefined;
    this.head = noun ? plural(rows, noun) : plural(cells, "cell");
    this.#write(cells > 1 ? [["", this.head]] : []);
    if (cells > 1) this.waiting = setTimeout(() => this.again(), SETTLES_AFTER);
  }

  /** Ask the engine, once there is something to ask about. */
  again() {
    this.ticket = ticket();
    this.ask(this.ticket);
  }

  receive(message) {
    if (message.ticket !== this.ticket) return;
    const parts = [["", `${this.head} selected`]];
    if (message.numbers > 0) {
      parts.push(["count", formatCount(message.numbers)]);
      for (const what of ["sum", "mean", "min", "max"]) parts.push([what, formatMeasure(message[what])]);
    }
    if (message.nans > 0) parts.push(["NaN", formatCount(message.nans)]);
    this.#write(parts);
  }

  #write(parts) {
    this.element.replaceChildren(
      ...parts.map(([name, value]) => {
        const part = element("span", "measure");
        part.dataset.measure = name;
        if (name) part.append(element("span", "measure-name", name), " ");
        part.append(value);
        return part;
      }),
    );
  }
}

const plural = (count, noun) => `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;

/** Exact numbers come as text, and stay exact as far as their digits are shown. */
function formatMeasure(text) {
  if (/^-?\d+$/.test(text)) return minus(grouped(text));
  const number = Number(text === "inf" ? Infinity : text === "-inf" ? -Infinity : text);
  if (!Number.isFinite(number)) return Number.isNaN(number) ? "NaN" : number > 0 ? "∞" : "−∞";
  const size = Math.abs(number);
  if (size >= MOST_EXACT) return /e/.test(text) ? minus(number.toPrecision(6)) : minus(grouped(text));
  if (size > 0 && size < 0.001) return minus(number.toPrecision(4));
  return minus(number.toLocaleString("en-US", {maximumFractionDigits: 6}));
}

function grouped(text) {
  const [whole, fraction] = text.split(".");
  const marked = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction ? `${marked}.${fraction.slice(0, 6)}` : marked;
}

const minus = (text) => text.replace("-", "−");
