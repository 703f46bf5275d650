// One value as a whole, next to its cell: nested values as a tree that unfolds, long text with its lines.

import {formatCount} from "./format.js";
import {element} from "../columns/header.js";
import {parseJson} from "./json.js";

const MARK = 24; // px at the end of a cell that unfolds
const OPEN_TO = 2; // levels
const MOST = 200; // items of a list that are shown at once

export class Unfolder {
  constructor(explorer) {
    this.explorer = explorer;
    this.ticket = 0;
    explorer.table.addEventListener("dblclick", (event) => this.#clicked(event));
    explorer.table.addEventListener("click", (event) => {
      const cell = event.target.closest?.("[data-nested]");
      if (cell && event.clientX > cell.getBoundingClientRect().right - MARK) this.#clicked(event);
    });
  }

  /** Show the value of a cell of the table. */
  open(cell) {
    const {explorer} = this;
    const place = explorer.placeOf(cell);
    if (!place || explorer.columns[place.column] === undefined) return;
    if (explorer.groups.isBlank(place.row, place.column)) return;
    this.column = explorer.columns[place.column];
    this.panel = element("div", "unfolded");
    this.panel.tabIndex = -1;
    this.panel.setAttribute("autofocus", "");
    const title = element("div", "unfolded-title", this.column.name);
    title.append(element("span", "note-text", `${explorer.view.groups ? "line" : "row"} ${formatCount(place.row + 1)}`));
    this.body = element("div", "unfolded-body", "Reading …");
    this.panel.append(title, this.body);
    this.ticket = Date.now(); // other pages may show the same table
    this.cell = cell;
    explorer.popup.open(cell, this.column.name, this.panel, () => {
      this.ticket = 0;
      explorer.table.focus();
    });
    explorer.say("value", {...place, ticket: this.ticket});
  }

  receive(message) {
    if (message.ticket !== this.ticket) return false;
    if (message.type === "refused") this.body.textContent = "This value could not be read.";
    else this.#show(message);
    this.explorer.popup.place();
    return true;
  }

  #clicked(event) {
    const cell = event.target.closest?.("tbody td, tbody th");
    if (cell) this.open(cell);
  }

  #show({text, cut}) {
    const nodes = [];
    if (text === null) nodes.push(element("span", "null", "null"));
    else if (this.column.nested) nodes.push(tree(null, parseJson(text), 0));
    else nodes.push(element("pre", "unfolded-text", text));
    if (cut) nodes.push(element("p", "note-text", `The first ${formatCount(text.length)} characters.`));
    this.body.replaceChildren(...nodes);
  }
}

function tree(key, node, level) {
  const name = key === null ? [] : [element("span", "key", key), ": "];
  if (node.items === undefined) {
    const leaf = element("div", "leaf");
    leaf.append(...name, element("span", node.kind, node.text));
    return leaf;
  }
  const count = node.isCut ? `${formatCount(node.items.length)} …` : formatCount(node.items.length);
  const branch = document.createElement("details");
  const head = document.createElement("summary");
  head.append(...name, element("span", "note-text", `${node.open} ${count} ${node.close}`));
  branch.append(head);
  const fill = () => {
    if (branch.open && branch.children.length === 1) branch.append(...children(node, level));
  };
  branch.addEventListener("toggle", fill);
  branch.open = level < OPEN_TO && node.items.length > 0;
  fill();
  return branch;
}

/** The items of a list, and a button for more. */
function children({items, open}, level, from = 0) {
  const shown = items.slice(from, from + MOST);
  const nodes = shown.map(([key, node], at) => tree(open === "[" ? String(from + at) : key, node, level + 1));
  const rest = items.length - from - shown.length;
  if (rest > 0) {
    const more = element("button", "small", `${formatCount(rest)} more`);
    more.type = "button";
    more.addEventListener("click", () => more.replaceWith(...children({items, open}, level, from + MOST)));
    nodes.push(more);
  }
  return nodes;
}
