// Files of all rows, or of the groups that they are in: they come in chunks, each of which is acknowledged, and are saved when the last one is there.

import {formatCount} from "../cells/format.js";
import {element} from "../columns/header.js";
import {icon} from "../icons.js";
import {menu} from "../popup.js";
import {ticket} from "./ticket.js";

const KINDS = [
  ["csv", "CSV", "opens in spreadsheets"],
  ["parquet", "Parquet", "small, keeps types"],
  ["arrow", "Arrow", "keeps types"],
];
const TYPES = {csv: "text/csv", parquet: "application/vnd.apache.parquet", arrow: "application/vnd.apache.arrow.file"};
const STAYS = 4000; // ms that a finished one is told

export class Downloads {
  /** `ask(ticket, kind, of)`, `taken(ticket)` and `stop(ticket)` go to the server. */
  constructor({ask, taken, stop}) {
    this.server = {ask, taken, stop};
    this.files = new Map();
    this.element = element("div", "downloads");
  }

  /** What can be had, of groups if there are any. */
  menu(popup, isGrouped) {
    const entries = (of, title) =>
      KINDS.map(([kind, label, note]) => ({label: title + label, note, act: () => this.start(kind, of)}));
    const all = isGrouped ? [...entries("groups", "Groups as "), "line", ...entries("rows", "Rows as ")] : entries("rows", "");
    return menu(popup, all);
  }

  start(kind, of) {
    const file = new File(kind, () => this.#cancel(number));
    const number = ticket();
    this.files.set(number, file);
    this.element.append(file.element);
    this.server.ask(number, kind, of);
  }

  receive(message) {
    const file = this.files.get(message.ticket);
    if (!file) return;
    file.take(message);
    if (message.last) this.#end(message.ticket);
    else this.server.taken(message.ticket);
  }

  refuse(number) {
    this.files.get(number)?.fail();
    this.#end(number);
  }

  /** Forget all; the server stops by itself. */
  stop() {
    for (const number of this.files.keys()) this.#cancel(number);
  }

  #cancel(number) {
    const file = this.files.get(number);
    if (file) this.server.stop(number);
    file?.element.remove();
    this.files.delete(number);
  }

  #end(number) {
    const file = this.files.get(number);
    this.files.delete(number);
    setTimeout(() => file?.element.remove(), STAYS);
  }
}

class File {
  constructor(kind, cancel) {
    this.kind = kind;
    this.chunks = [];
    this.element = element("div", "download");
    this.element.setAttribute("role", "status");
    this.text = element("span", "download-text", "Preparing the file …");
    this.bar = element("div", "download-bar");
    this.bar.setAttribute("role", "progressbar");
    this.bar.setAttribute("aria-label", "Progress of the download");
    this.button = element("button", "tool");
    this.button.type = "button";
    this.button.setAttribute("aria-label", "Cancel the download");
    this.button.append(icon("close"));
    this.button.addEventListener("click", cancel);
    this.element.append(this.text, this.button, this.bar);
  }

  take({bytes, rows, total, name, of: what, last}) {
    this.chunks.push(new Blob([bytes])); // a blob may leave the memory of the page
    this.name = name;
    const share = total ? Math.min(1, rows / total) : null;
    const of = total === null ? "" : ` of ${formatCount(total)}`;
    this.text.textContent = `${name}: ${formatCount(rows)}${of} ${what}`;
    this.bar.style.width = `${100 * (last ? 1 : (share ?? 0))}%`;
    if (share !== null) this.bar.setAttribute("aria-valuenow", Math.round(100 * share));
    if (last) this.#save(rows, rows === 1 ? what.slice(0, -1) : what);
  }

  fail() {
    this.text.textContent = `${this.name ?? "The file"} could not be made`;
    this.element.dataset.state = "failed";
    this.button.remove();
  }

  #save(rows, what) {
    const address = URL.createObjectURL(new Blob(this.chunks, {type: TYPES[this.kind]}));
    const link = element("a", "");
    link.href = address;
    link.download = this.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    this.chunks = [];
    this.text.textContent = `${this.name}: ${formatCount(rows)} ${what} saved`;
    this.element.dataset.state = "saved";
    this.button.remove();
  }
}
