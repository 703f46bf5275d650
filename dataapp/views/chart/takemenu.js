// What a reader takes from a chart: the picture as it is on screen, its specification with data, the rows that it draws.
//
// Pictures are made here, from the living view, with the page's colours. Files of rows come from the server.

import {element} from "../table/browser/columns/header.js";
import {icon} from "../table/browser/icons.js";
import {menu, Popup} from "../table/browser/popup.js";
import {ticket} from "../table/browser/take/ticket.js";
import toolsCss from "../table/browser/tools.css";
import css from "./takemenu.css";

const SHARP = 2; // pixels of a picture for one on screen, at least
const STAYS = 4000; // ms that an outcome is told
const TYPES = {
  csv: "text/csv",
  json: "application/json",
  parquet: "application/vnd.apache.parquet",
  svg: "image/svg+xml",
};

export class TakeMenu {
  /** `frame` is what the chart stands in; `ask(ticket, kind, part)` goes to the server. */
  constructor(frame, ask) {
    this.ask = ask;
    this.waiting = null; // the ticket of the file that was asked for last
    const style = element("style", "");
    style.textContent = toolsCss + css;
    this.popup = new Popup(frame);
    this.button = element("button", "tool take-button");
    this.button.type = "button";
    this.button.title = "Save the chart";
    this.button.setAttribute("aria-label", this.button.title);
    this.button.setAttribute("aria-haspopup", "menu");
    this.button.setAttribute("aria-expanded", "false");
    this.button.append(icon("download"));
    this.button.addEventListener("click", () => {
      if (this.picture) this.popup.toggle(this.button, this.button.title, this.#menu());
    });
    this.note = element("div", "take-note");
    this.note.setAttribute("role", "status");
    this.note.hidden = true;
    this.tools = element("div", "take-tools");
    this.tools.hidden = true;
    this.tools.append(this.note, this.button);
    frame.append(style, this.tools, this.popup.element);
  }

  /** What can be taken from now on: a picture, what its files are called, and the columns of each set of its rows. */
  show(picture, {name, parts}) {
    this.picture = picture;
    this.name = name;
    this.parts = parts;
    this.tools.hidden = false;
  }

  receive({ticket: number, name, bytes, message}) {
    if (number !== this.waiting) return;
    this.waiting = null;
    if (bytes) this.#save(new Blob([bytes], {type: TYPES[name.split(".").at(-1)]}), name);
    else this.#tell(message, "failed");
  }

  close() {
    this.popup.close({focus: false});
    this.picture = null;
  }

  #menu() {
    const rows = this.parts.flatMap((columns, part) => {
      const which = this.parts.length > 1 ? `Data ${part + 1}` : "Data";
      const short = columns.length > 3 ? `${columns.slice(0, 3).join(", ")}, …` : columns.join(", ");
      return [
        {label: `${which} as CSV`, note: this.parts.length > 1 ? short : "opens in spreadsheets", act: () => this.#fetch("csv", part)},
        {label: `${which} as Parquet`, note: this.parts.length > 1 ? short : "keeps types", act: () => this.#fetch("parquet", part)},
      ];
    });
    return menu(this.popup, [
      {label: "PNG", note: "picture", act: () => this.#draw("png")},
      {label: "SVG", note: "picture that scales", act: () => this.#draw("svg")},
      "line",
      {label: "Vega-Lite", note: "specification with data", act: () => this.#fetch("json", 0)},
      ...rows,
    ]);
  }

  #fetch(kind, part) {
    this.waiting = ticket();
    this.#tell("Preparing the file …", "running");
    this.ask(this.waiting, kind, part);
  }

  async #draw(kind) {
    try {
      const paper = getComputedStyle(this.popup.element).backgroundColor;
      this.#save(await drawn(this.picture.view, kind, paper), `${this.name}.${kind}`);
    } catch (error) {
      console.error(error);
      this.#tell("The picture could not be made", "failed");
    }
  }

  #save(blob, name) {
    const address = URL.createObjectURL(blob);
    const link = element("a", "");
    link.href = address;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    this.#tell(`${name} saved`, "saved");
  }

  #tell(text, state) {
    this.note.textContent = text;
    this.note.dataset.state = state;
    this.note.hidden = false;
    clearTimeout(this.timer);
    if (state !== "running") this.timer = setTimeout(() => (this.note.hidden = true), STAYS);
  }
}

/** Returns a view as a file of a picture, on paper of a colour: on screen it is transparent. */
async function drawn(view, kind, paper) {
  const before = view.background();
  if (!before || before === "transparent") view.background(paper);
  try {
    if (kind === "svg") return new Blob([await view.toSVG()], {type: TYPES.svg});
    const canvas = await view.toCanvas(Math.max(SHARP, window.devicePixelRatio));
    return await new Promise((resolve, reject) => {
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png");
    });
  } finally {
    await view.background(before).runAsync();
  }
}
