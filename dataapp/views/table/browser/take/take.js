// What a reader takes from the rows: a selection with its measures, copies, a row as a card, files; and where to go.

import {Clipboard} from "./clipboard.js";
import {Cursor} from "./cursor.js";
import {Downloads} from "./downloads.js";
import {GoTo} from "./goto.js";
import {Gutter} from "./gutter.js";
import {RowCard} from "./card.js";
import {Measures} from "./measures.js";
import {Selection} from "./selection.js";
import {element} from "../columns/header.js";
import {icon} from "../icons.js";

const SAYS_AFTER = 60; // ms without another selection
const TOLD_FOR = 2500; // ms

export class Take {
  constructor(explorer) {
    this.explorer = explorer;
    this.selection = new Selection();
    const say = (type, data) => explorer.say(type, data);
    const send = (type, ticket) => explorer.model.send_msg({type, ticket});
    this.cursor = new Cursor(explorer, this.selection, {
      changed: () => this.#changed(),
      copy: () => this.copy("tsv"),
      open: (key) => this.open(key),
      escape: () => this.#closeCard(),
      goTo: () => this.goTo.toggle(explorer.scroller.rows),
    });
    this.gutter = new Gutter(explorer, this.selection, this.cursor);
    this.measures = new Measures((ticket) => say("measure", {ticket}));
    this.clipboard = new Clipboard({
      ask: (ticket, kind) => say("copy", {ticket, kind}),
      tell: (text) => this.tell(text),
      offer: (text) => this.#offer(text),
    });
    this.downloads = new Downloads({
      ask: (ticket, kind, of) => say("fetch", {ticket, kind, of}),
      taken: (ticket) => send("taken", ticket),
      stop: (ticket) => send("stop", ticket),
    });
    this.card = new RowCard(explorer, {
      ask: (ticket, row) => say("card", {ticket, row}),
      move: (row) => this.#follow(row),
      closed: () => explorer.side.isOpen || this.cursor.focus(), // else something else is open there now
    });
    this.goTo = new GoTo(explorer.popup, explorer.place, (row) => this.#goTo(row));
    this.#place();
  }

  #place() {
    const {body, foot, count, place, root, toolbar, popup} = this.explorer;
    body.append(this.gutter.element);
    this.told = element("span", "told");
    this.told.setAttribute("role", "status");
    this.copying = element("button", "tool copying");
    this.copying.type = "button";
    this.copying.hidden = true;
    this.copying.title = "Copy";
    this.copying.setAttribute("aria-label", "Copy the selection");
    this.copying.append(icon("copy"));
    this.copying.addEventListener("click", () => {
      popup.toggle(this.copying, "Copy", this.clipboard.menu(popup, this.cells));
    });
    foot.replaceChildren(count, this.told, this.measures.element, this.copying, place);
    place.addEventListener("click", () => this.goTo.toggle(this.explorer.scroller.rows));
    root.append(this.downloads.element, this.cursor.said);
    toolbar.add("row", "Show a row as a card", () => (this.card.isOpen ? this.explorer.side.close() : this.openCard()));
    this.saving = toolbar.add("download", "Download", (button) => popup.toggle(button, "Download", this.#files()));
  }

  #files() {
    const {popup, view} = this.explorer;
    return this.downloads.menu(popup, Boolean(view?.groups));
  }

  // What the explorer says.

  /** Whether a message was for this. */
  receive(message) {
    if (message.type === "measured") this.measures.receive(message);
    else if (message.type === "copied") this.clipboard.receive(message);
    else if (message.type === "card") this.card.receive(message);
    else if (message.type === "chunk") this.downloads.receive(message);
    else if (message.type === "refused") this.#refuse(message);
    else return false;
    return true;
  }

  /** Another view is shown, or none, or the same with its count. */
  show(isSameView) {
    if (!isSameView) {
      const {cursor} = this.selection;
      this.selection.reset();
      if (this.cursor.isActive) this.selection.cursor = cursor; // it stays where it is
      this.measures.show(0, 0, false);
      this.copying.hidden = true;
    } else if (this.cells > 1) this.measures.again();
    const {rows} = this.explorer.scroller;
    if (this.selection.cursor) this.selection.cursor.row = Math.max(0, Math.min(this.selection.cursor.row, rows - 1));
    this.card.again();
  }

  /** After each drawing. */
  paint() {
    this.cursor.paint();
    this.gutter.paint();
  }

  stop() {
    clearTimeout(this.saying);
    this.cursor.stop();
    this.downloads.stop();
  }

  // What the reader does.

  /** How many cells are selected. */
  get cells() {
    return this.selection.rows * this.selection.width(this.explorer.layout.displayed.length);
  }

  copy(kind) {
    if (this.explorer.still) return this.explorer.still.refuse();
    this.#say();
    this.clipboard.copy(kind, this.cells);
  }

  /** Open what is under the cursor: a group, with Enter a nested value, else the row as a card. */
  open(key) {
    const {groups, table, unfolder} = this.explorer;
    const {row} = this.cursor.here;
    const nested = key === "Enter" && table.querySelector("tbody [data-cursor][data-nested]");
    if (groups.isGroup(row)) groups.toggle(groups.line(row), {isByCaret: false});
    else if (nested) unfolder.open(nested);
    else this.openCard();
  }

  /** Show the row under the cursor as a card. */
  openCard() {
    if (this.explorer.still) return this.explorer.still.refuse();
    this.card.open(this.cursor.here.row);
    this.cursor.reveal(); // it may be under the card, or beside what is left of the table
  }

  #closeCard() {
    const {isOpen} = this.card;
    if (isOpen) this.explorer.side.close();
    return isOpen;
  }

  #changed() {
    const {selection} = this;
    this.measures.show(this.cells, selection.rows, selection.isOfRows && (this.explorer.view?.groups ? "line" : "row"));
    this.copying.hidden = selection.isEmpty;
    this.gutter.paint();
    clearTimeout(this.saying);
    this.isUnsaid = true;
    this.saying = setTimeout(() => this.#say(), SAYS_AFTER);
    if (this.card.isOpen && selection.cursor && selection.cursor.row !== this.card.row) this.card.open(selection.cursor.row);
  }

  /** Tell the server what is selected, unless it knows. */
  #say() {
    clearTimeout(this.saying);
    if (!this.isUnsaid) return;
    this.isUnsaid = false;
    const {selection} = this;
    const rows = selection.isEmpty ? null : selection.stretches.map(([first, end]) => [first, end - first]);
    const {columns} = selection;
    const positions = columns && this.explorer.layout.displayed.slice(columns[0], columns[1] + 1);
    const current = selection.cursor?.row ?? null;
    this.explorer.say("select", {rows, columns: positions, current});
  }

  #goTo(row) {
    this.explorer.scroller.to(row);
    this.cursor.activate();
    this.cursor.move(row, this.cursor.here.place);
  }

  #follow(row) {
    if (this.selection.cursor?.row !== row) this.cursor.move(row, this.cursor.here.place);
  }

  #refuse({ticket, what}) {
    if (what === "copy") this.clipboard.receive({ticket, text: undefined});
    else if (what === "download") this.downloads.refuse(ticket);
  }

  /** Tell the reader something for a moment. */
  tell(text) {
    clearTimeout(this.telling);
    this.told.textContent = text;
    this.telling = setTimeout(() => (this.told.textContent = ""), TOLD_FOR);
  }

  /** Say that there is too much to copy, and offer a file. */
  #offer(text) {
    const {popup} = this.explorer;
    const content = element("div", "offer");
    const button = element("button", "goto-button", "Download all rows");
    button.type = "button";
    button.addEventListener("click", () => popup.open(this.saving, "Download", this.#files()));
    content.append(element("p", "offer-text", text), button);
    popup.open(this.copying, "Too much to copy", content);
  }
}
