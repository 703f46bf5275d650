// All that a reader does about which rows are shown: filters of columns, the search, the chips of what is in force, and
// the query of it all.

import {Chips} from "./chips.js";
import {FilterPopup} from "./filterpopup.js";
import {Marks} from "./marks.js";
import {SearchField} from "./search.js";
import {sqlContent} from "./sqlpopup.js";

export class Filtering {
  /**
   * `say(type, data)` sends a wish to the server; `header(position)` gives the header of a column, which has the
   * picture of its values, and shows what was chosen in a popup at once; `tip` shows what a picture tells.
   */
  constructor({toolbar, popup, table, tip, say, header}) {
    Object.assign(this, {popup, tip, say, header});
    this.filters = {};
    this.faults = {};
    this.columns = [];
    this.marks = new Marks(table);
    this.chips = new Chips(toolbar.chips, "filter-chips", "Filters in force", {
      open: (chip, button) => (chip.key === "search" ? this.search.focus() : this.open(chip.key, button)),
      remove: (chip) => (chip.key === "search" ? this.find("") : this.set(chip.key, "")),
      clear: () => this.say("clear", {}),
      all: "Clear all",
      emptied: () => table.focus({preventScroll: true}),
    });
    this.search = new SearchField((text) => this.find(text));
    toolbar.element.insertBefore(this.search.element, toolbar.tools);
    this.sqlButton = toolbar.add("code", "Show SQL", () => this.#askSql());
    table.addEventListener("keydown", (event) => {
      const isInRows = event.target === table || event.target.matches("tbody td, tbody th");
      if (!isInRows || event.key !== "/" || this.search.element.hidden) return;
      event.preventDefault();
      this.search.focus();
    });
  }

  /** A view is shown. */
  show(view) {
    const {columns, search} = view;
    this.columns = columns;
    this.isOfGroups = view.groups !== null;
    this.search.element.hidden = search === "" && !columns.some(({kind}) => kind === "text");
    this.marks.look(search);
    this.showTexts(view);
  }

  /** Other texts are in force, which may ask for nothing else. */
  showTexts({filters, faults, search}) {
    this.filters = filters;
    this.faults = faults;
    this.searched = search;
    this.search.show(search);
    const chips = Object.entries(this.filters).map(([at, text]) => {
      return {key: Number(at), name: this.columns[at].name, text, fault: faults[at]};
    });
    if (this.searched?.trim()) chips.push({key: "search", name: "Search", sign: "search", text: this.searched.trim()});
    this.chips.show(chips);
    if (this.opened) this.opened.content.show(this.filters[this.opened.column] ?? "", faults[this.opened.column]);
  }

  /** The cells on screen have been drawn. */
  drawn() {
    this.marks.paint();
  }

  receive(message) {
    const title = `SQL of these ${this.isOfGroups ? "groups" : "rows"}`;
    if (message.type === "sql") this.popup.open(this.sqlButton, title, sqlContent(title, message.text));
    else if (this.opened?.column === message.column) this.opened.content.values?.receive(message);
  }

  /** Open the filter of a column next to a control. */
  open(column, anchor) {
    const content = new FilterPopup(this.columns[column], {
      set: (text) => this.set(column, text),
      ask: (search) => this.say("values", {column, search}),
      grown: () => this.popup.place(),
      tip: this.tip,
    });
    const opened = {column, content};
    const closed = () => {
      if (this.opened !== opened) return;
      this.opened = null;
      if (content.values) this.say("values", {column: null});
    };
    this.popup.toggle(anchor, `${this.columns[column].name}: filter`, content.element, closed);
    if (!content.element.isConnected) return;
    this.opened = opened;
    content.start(this.filters[column] ?? "", this.faults[column]);
    content.values?.refresh();
    this.pictured();
  }

  /** There are new pictures of values. */
  pictured() {
    if (!this.opened?.content.range) return;
    this.opened.content.range.brush.show(this.header(this.opened.column)?.summary.summary);
    this.popup.place();
  }

  set(column, text) {
    this.filters = {...this.filters, [column]: text};
    if (text === "") delete this.filters[column];
    this.header(column)?.setFilter(text);
  }

  find(text) {
    this.say("find", {text});
  }

  #askSql() {
    if (this.popup.isOpen && this.popup.anchor === this.sqlButton) this.popup.close();
    else this.say("sql", {});
  }
}
