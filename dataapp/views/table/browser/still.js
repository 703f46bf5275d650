// A page that was saved to a file: it holds the first rows, and no server answers it.
//
// What it holds can be scrolled, selected and read; columns can be laid out. What a server would have to do is switched
// off and says so.

import {LONGEST_TEXT, formatCount} from "./cells/format.js";
import {element} from "./columns/header.js";

const NEEDS_APP = "This needs the app that the page was saved from";
const SWITCHED_OFF = [
  ...["code", "group", "row", "download", "profile"].map((name) => `.tool[data-tool="${name}"]`),
  ...[".filter", ".funnel", ".nulls", ".search-field", ".search .tool", ".chip button", ".chip-clear", ".caret", ".copying"],
].join(", ");

export class Still {
  /** So many rows of some columns are there. */
  constructor(explorer, {rows, columns}) {
    this.explorer = explorer;
    this.rows = rows;
    this.columns = columns;
    this.note = element("div", "still-note");
    explorer.root.toggleAttribute("data-still", true);
    explorer.root.insertBefore(this.note, explorer.foot);
  }

  /** Say what is there of a view. */
  show({rows, unfiltered, groups, columns}) {
    const lines = groups ? "lines" : rows === 1 ? "row" : "rows";
    const isFiltered = !groups && rows !== unfiltered;
    const passing = isFiltered ? ` that pass the filters, of ${formatCount(unfiltered)}` : "";
    const all = this.rows < rows ? `the first ${formatCount(this.rows)} of ${formatCount(rows)}` : `all ${formatCount(rows)}`;
    const width = columns.length + (groups?.columns.length ?? 0);
    const some = this.columns.length < width ? `, and ${formatCount(this.columns.length)} of ${formatCount(width)} columns` : "";
    this.note.textContent =
      `This page was saved to a file, which holds ${all} ${lines}${passing}${some}. ` +
      "To sort, filter, search, group, copy or download, open the app.";
  }

  /** Switch off what needs a server; called after each drawing, which may have made new controls. */
  paint() {
    for (const control of this.explorer.root.querySelectorAll(SWITCHED_OFF)) {
      if (control.disabled) continue;
      control.disabled = true;
      control.title = NEEDS_APP;
    }
    for (const title of this.explorer.root.querySelectorAll(".head .title")) title.setAttribute("aria-disabled", "true");
  }

  /** Answer for the server where the file holds what is asked for. */
  say(type, data) {
    const {explorer} = this;
    if (type === "measure") explorer.take.receive({type: "measured", ticket: data.ticket, numbers: 0, nans: 0});
    else if (type === "value") explorer.receive({type: "value", ticket: data.ticket, ...this.#value(data)});
    else if (!["layout", "select", "summarize"].includes(type)) this.refuse();
  }

  refuse() {
    this.explorer.take.tell(NEEDS_APP);
  }

  #value({row, column}) {
    const value = this.explorer.cells.at(row, column);
    if (value === null || value === undefined) return {text: null, cut: false};
    const letters = [...String(value)];
    return {text: letters.slice(0, LONGEST_TEXT).join(""), cut: letters.length > LONGEST_TEXT};
  }
}
