// The list beside the queries: tables that unfold to their columns, what could not be read, and past queries.
//
// Everything that it shows is set as text, never as markup.

import css from "./listing.css";

const MANY = 6; // tables from which a search field helps

export function render({model, el}) {
  const style = document.createElement("style");
  style.textContent = css;
  const listing = new Listing(model);
  el.append(style, listing.root);
  for (const name of ["tables", "faults", "past"]) model.on(`change:${name}`, () => listing.draw());
  listing.draw();
}

class Listing {
  constructor(model) {
    this.model = model;
    this.unfolded = new Set();
    this.hasChosen = false;
    this.root = element("nav", "listing");
    this.search = element("input", "search");
    this.search.type = "search";
    this.search.placeholder = "Find a table or column";
    this.search.setAttribute("aria-label", this.search.placeholder);
    this.search.addEventListener("input", () => this.drawTables());
    this.tables = element("ul", "tables");
    this.faults = element("div", "faults");
    this.past = element("details", "past");
    this.root.append(this.search, this.tables, this.faults, this.past);
  }

  draw() {
    const {tables} = this.model;
    const columns = tables.reduce((count, table) => count + table.columns.length, 0);
    this.search.hidden = tables.length < MANY && columns < 30;
    if (!this.hasChosen && tables.length === 1) this.unfolded.add(tables[0].name);
    this.drawTables();
    this.drawFaults();
    this.drawPast();
  }

  drawTables() {
    const wanted = this.search.hidden ? "" : this.search.value.trim().toLowerCase();
    const found = [];
    for (const table of this.model.tables) {
      const isNamed = table.name.toLowerCase().includes(wanted);
      const columns = table.columns.filter((column) => column.name.toLowerCase().includes(wanted));
      if (!isNamed && !columns.length) continue;
      found.push(this.#table(table, isNamed ? table.columns : columns, wanted !== "" && !isNamed));
    }
    this.tables.replaceChildren(...found);
    if (!found.length && this.model.tables.length) this.tables.append(element("li", "none", "Nothing has that name."));
  }

  #table(table, columns, isForced) {
    const item = element("li", "table");
    const isOpen = isForced || this.unfolded.has(table.name);
    const head = element("div", "head");
    const fold = element("button", "fold");
    fold.setAttribute("aria-expanded", String(isOpen));
    fold.title = table.where ?? "";
    fold.append(element("span", "arrow"), element("span", "name", table.name), element("span", "detail", table.detail ?? ""));
    fold.addEventListener("click", () => {
      this.hasChosen = true;
      if (!this.unfolded.delete(table.name)) this.unfolded.add(table.name);
      this.drawTables();
    });
    const open = element("button", "open", "Query");
    open.title = `Open a query of ${table.name}`;
    open.addEventListener("click", () => this.model.send_msg({type: "open", text: table.name}));
    head.append(fold, open);
    item.append(head);
    if (isOpen) item.append(this.#columns(columns));
    return item;
  }

  #columns(columns) {
    const list = element("ul", "columns");
    for (const column of columns) {
      const entry = element("li", "");
      const button = element("button", "column");
      button.title = `Put ${column.name} into the query`;
      button.append(element("span", "name", column.name), element("span", "type", column.type.toLowerCase()));
      // The editor keeps its cursor and selection only while it keeps the focus.
      button.addEventListener("mousedown", (event) => event.preventDefault());
      button.addEventListener("click", () => this.model.send_msg({type: "insert", text: column.name}));
      entry.append(button);
      list.append(entry);
    }
    return list;
  }

  drawFaults() {
    const found = this.model.faults.map((fault) => {
      const item = element("div", "fault");
      item.setAttribute("role", "note");
      item.append(element("div", "message", fault.message));
      if (fault.hint) item.append(element("div", "hint", fault.hint));
      return item;
    });
    this.faults.replaceChildren(...found);
  }

  drawPast() {
    const {past} = this.model;
    this.past.hidden = !past.length;
    const summary = element("summary", "", "History");
    const list = element("ol", "");
    for (const entry of past) {
      const item = element("li", "");
      const button = element("button", "recall");
      button.title = "Bring it back as a query";
      button.append(element("code", "", entry.text), element("span", "detail", entry.detail));
      button.addEventListener("click", () => this.model.send_msg({type: "recall", text: entry.text}));
      item.append(button);
      list.append(item);
    }
    this.past.replaceChildren(summary, list);
  }
}

function element(name, classes, text) {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  if (text !== undefined) made.textContent = text;
  return made;
}
