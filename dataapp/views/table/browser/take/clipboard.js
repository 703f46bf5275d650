// Copying the selection: the server writes the text, in one of several formats, and it goes to the clipboard.
//
// A browser lets a page write to the clipboard only just after a key or a click, and the newer way only on safe pages. The
// text is promised at once where that is possible; else it is copied out of a field when it has come.

import {formatCount} from "../cells/format.js";
import {element} from "../columns/header.js";
import {menu} from "../popup.js";
import {ticket} from "./ticket.js";

const MOST_COPIED = 200_000; // cells, as the server has it

const FORMATS = [
  ["tsv", "Copy cells", "Ctrl C"],
  ["named_tsv", "Copy with names", "TSV"],
  ["csv", "Copy as CSV", ""],
  ["markdown", "Copy as Markdown", ""],
  ["json", "Copy as JSON", ""],
];

export class Clipboard {
  /** `ask(ticket, kind)` asks the server, `tell(text)` tells the reader, `offer(text)` that it is too much. */
  constructor({ask, tell, offer}) {
    this.ask = ask;
    this.tell = tell;
    this.offer = offer;
    this.waiting = new Map(); // ticket → resolve
  }

  menu(popup, cells) {
    return menu(
      popup,
      FORMATS.map(([kind, label, note]) => ({label, note, act: () => this.copy(kind, cells)})),
    );
  }

  async copy(kind, cells) {
    if (cells === 0) return;
    if (cells > MOST_COPIED) {
      this.#refuse(cells);
      return;
    }
    const number = ticket();
    const answer = new Promise((resolve) => this.waiting.set(number, resolve));
    this.ask(number, kind);
    const isWritten = writePromised(answer);
    const text = await answer;
    if (text === null) this.#refuse(cells);
    else if (text === undefined) this.tell("The cells could not be read");
    else if ((await isWritten) || (await writeText(text))) this.tell(`Copied ${formatCount(cells)} ${cells === 1 ? "cell" : "cells"}`);
    else this.tell("The browser does not let this page copy");
  }

  #refuse(cells) {
    this.offer(`${formatCount(cells)} cells are too much to copy.`);
  }

  receive({ticket: number, text}) {
    this.waiting.get(number)?.(text);
    this.waiting.delete(number);
  }
}

/** Write a text that has yet to come; whether that went well. */
async function writePromised(answer) {
  if (!navigator.clipboard?.write || typeof ClipboardItem === "undefined") return false;
  const blob = answer.then((text) => {
    if (typeof text !== "string") throw new Error("there is nothing to copy");
    return new Blob([text], {type: "text/plain"});
  });
  try {
    await navigator.clipboard.write([new ClipboardItem({"text/plain": blob})]);
    return true;
  } catch {
    return false;
  }
}

async function writeText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return writeOutOfField(text);
  }
}

function writeOutOfField(text) {
  const focused = deepFocus();
  const field = element("textarea", "");
  field.value = text;
  field.style.cssText = "position:fixed;opacity:0";
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  focused?.focus({preventScroll: true});
  return isCopied;
}

function deepFocus() {
  let focused = document.activeElement;
  while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
  return focused;
}
