// The profile of a column in the side panel: figures, a histogram with its axis, and its most and least frequent values.
//
// The server sends an estimate first where there are many rows, then the exact figures. The panel says which they are, and
// asks how far the work is. Closing it, or turning to another column, gives up what is being computed.

import {formatCount, isNumber} from "../cells/format.js";
import {element} from "../columns/header.js";
import {Histogram, bars, endOf, formatShare, segments} from "./histogram.js";

const ASKS_EVERY = 300; // ms
const COUNTS = new Set(["Rows", "Null", "Distinct", "Empty", "Shortest", "Longest"]);
const SHARED = new Set(["Null", "Empty"]);
const DIGITS = 6; // of a figure that is not counted

export class ProfilePanel {
  constructor(explorer) {
    this.explorer = explorer;
    this.position = null;
    explorer.headerMenu.add(10, (column) => this.#entries(column));
  }

  /** Show a column's profile, or close it if it is open; `opener` gets the focus back. */
  toggle(position, opener) {
    const {explorer} = this;
    if (this.position === position) {
      explorer.side.close();
      return;
    }
    this.#build(explorer.columns[position], position);
    explorer.side.open(this.column.name, this.element, () => this.#left(position, opener));
    this.position = position;
    explorer.say("profile", {column: position});
    explorer.side.button.focus();
    this.#wait();
  }

  /** Close if it is about columns that are no longer shown. */
  restart(isSame) {
    if (this.position !== null && !isSame) this.explorer.side.close();
  }

  receive(message) {
    if (message.type === "progress") this.#showProgress(message);
    else if (message.column === this.position && message.stale) this.#wait("stale");
    else if (message.column === this.position) this.#show(message);
  }

  stop() {
    clearTimeout(this.asking);
  }

  #entries(position) {
    if (position >= this.explorer.relationWidth) return [];
    const {button} = this.explorer.headers.at(position);
    return [{label: "Profile", act: () => this.toggle(position, button), note: this.position === position ? "✓" : ""}];
  }

  #left(position, opener) {
    this.stop();
    this.explorer.tip.hide(this.histogram.element);
    if (this.position !== position) return;
    this.position = null;
    this.explorer.say("profile", {column: null});
    opener?.focus();
  }

  #build(column, position) {
    this.column = column;
    this.element = element("div", "profile");
    this.element.dataset.state = "waiting";
    this.status = element("p", "profile-status", "Reading a sample …");
    this.status.setAttribute("role", "status");
    this.bar = element("div", "profile-bar");
    this.bar.append(element("div", "profile-done"));
    const pick = (text) => this.explorer.headers.at(position).toggleFilter(text);
    const {tip} = this.explorer;
    this.histogram = new Histogram({label: `Distribution of ${column.name}`, tip, pick, range: pick});
    this.histogram.element.classList.add("large");
    this.axis = element("div", "axis");
    this.figures = element("table", "figures");
    this.top = element("div", "frequent");
    const kind = element("p", "profile-type", column.full_type);
    this.element.append(kind, this.status, this.bar, this.histogram.element, this.axis, this.figures, this.top);
  }

  #wait(state = this.element.dataset.state) {
    this.stop();
    this.element.dataset.state = state;
    this.asking = setTimeout(() => this.explorer.say("ask", {}), ASKS_EVERY);
  }

  #showProgress({profile}) {
    if (this.position === null || this.element.dataset.state === "exact") return;
    this.bar.firstChild.style.width = `${100 * (profile ?? 0)}%`;
    this.#wait();
  }

  #show(message) {
    if (message.failed) {
      this.stop();
      this.element.dataset.state = "exact";
      this.status.textContent = "This column could not be profiled.";
      return;
    }
    const {summary, is_estimate, rows} = message;
    this.element.dataset.state = is_estimate ? "estimate" : "exact";
    this.status.textContent = is_estimate
      ? `Estimate from ${formatCount(rows)} rows. Counting all of them …`
      : `From all ${formatCount(rows)} rows.`;
    if (!is_estimate) this.stop();
    const isEmpty = summary.shape === "none" || summary.marks.length === 0;
    this.histogram.show(isEmpty ? [] : summary.shape === "bins" ? bars(summary) : segments(summary), summary);
    this.histogram.element.hidden = this.axis.hidden = isEmpty;
    this.histogram.element.dataset.shape = summary.shape;
    this.axis.replaceChildren(...axisTexts(summary).map((text) => element("span", "", text)));
    this.#showFigures(message);
    this.#showFrequent(message);
  }

  #showFigures({figures, summary, is_estimate}) {
    const isParted = summary.part !== null;
    const head = element("tr", "");
    for (const text of isParted ? ["", "Filtered", "All"] : []) head.append(element("th", "", text));
    const totals = {whole: summary.rows, part: summary.part?.rows};
    const lines = figures.map((figure) => {
      const line = element("tr", "");
      const name = element("th", "", figure.name);
      name.scope = "row";
      line.append(name);
      for (const key of isParted ? ["part", "whole"] : ["whole"]) {
        const isExact = key === "part" ? figure.is_part_exact : figure.is_exact;
        const text = this.#figureText(figure.name, figure[key], totals[key], is_estimate);
        line.append(element("td", "", isExact || is_estimate ? text : `≈ ${text}`));
      }
      return line;
    });
    this.figures.replaceChildren(...(isParted ? [head] : []), ...lines);
  }

  #figureText(name, value, rows, isEstimate) {
    if (value === null || value === undefined) return "–";
    if (SHARED.has(name)) {
      const share = rows > 0 ? formatShare(value / rows) : "–";
      return isEstimate ? share : `${formatCount(value)} (${share})`;
    }
    if (COUNTS.has(name)) return formatCount(value);
    return typeof value === "number" || isNumber(this.column) ? formatNumber(value) : String(value);
  }

  #showFrequent({top, bottom, summary, is_estimate}) {
    const present = summary.rows - summary.nulls;
    const most = Math.max(1, ...top.map(({rows}) => rows));
    const isUnique = most === 1;
    const list = (title, values) => {
      const entries = element("ol", "values");
      for (const one of values) entries.append(this.#valueLine(one, most, present, is_estimate));
      return values.length ? [element("h4", "profile-title", title), entries] : [];
    };
    this.top.replaceChildren(
      ...(isUnique ? [] : list("Most frequent", top)),
      ...(isUnique ? [] : list("Least frequent", bottom)),
    );
  }

  #valueLine({value, rows, part, filter}, most, present, isEstimate) {
    const line = element("li", "value");
    const bar = element("span", "value-bar");
    bar.style.width = `${(100 * rows) / most}%`;
    if (part !== null) {
      const full = element("span", "value-part");
      full.style.width = `${(100 * part) / rows}%`;
      bar.append(full);
      bar.toggleAttribute("data-pale", true);
    }
    const text = element(filter === null ? "span" : "button", "value-text", value === "" ? "empty text" : value);
    if (filter !== null) {
      text.type = "button";
      text.addEventListener("click", () => this.explorer.headers.at(this.position).toggleFilter(filter));
    }
    text.title = value;
    text.toggleAttribute("data-empty", value === "");
    const share = formatShare(rows / present);
    const count = part === null ? `${formatCount(rows)} · ${share}` : `${formatCount(part)} of ${formatCount(rows)}`;
    line.append(text, element("span", "value-count", isEstimate ? share : count), bar);
    return line;
  }
}

/** The ends of an axis, and what lies between them. */
function axisTexts({shape, marks, bins}) {
  if (shape !== "bins" || bins === 0) return [];
  const starts = marks.slice(0, bins).map(({label}) => label.split(" – ")[0]);
  const end = endOf(marks[bins - 1]);
  return bins < 4 ? [starts[0], end] : [starts[0], starts[Math.floor(bins / 2)], end];
}

function formatNumber(value) {
  const number = Number(value);
  if (!Number.isFinite(number)) return String(value).replace("inf", "∞").replace("-", "−");
  const size = Math.abs(number);
  if (size !== 0 && (size >= 1e15 || size < 1e-4)) return number.toExponential(3).replace("-", "−");
  const digits = Math.max(0, DIGITS - Math.ceil(Math.log10(size + 1)));
  return number.toLocaleString("en-US", {maximumFractionDigits: digits}).replace("-", "−");
}
