// The table explorer in the browser: shows windows of rows as they arrive, and asks for those on screen that are missing.
//
// The server says which view is shown (columns, order, filters, counts) in one message; until the next one, the rows that
// are there stay. Messages that name another view are late, and are dropped.
//
// What the server had to say before the page was there stands in the model as its opening. In a page that is saved to a
// file, that is all there is.
//
// A page that waits asks how far the work is, first after half a second: what comes sooner shows no bar. The bar is there
// only while the engine tells a figure.
//
// It is where all parts of the page meet, and the only one that knows each: what they do is in modules of their own.

import "regular-table";
import subCellScrolling from "regular-table/dist/css/sub-cell-scrolling.css";
import {isKnown} from "../known.js";
import {hearNear as hearNearComponents} from "../nearing.js";
import {Asking} from "./browser/asking.js";
import {Cells} from "./browser/cells/cells.js";
import columnsCss from "./browser/columns/columns.css";
import {ColumnTools} from "./browser/columns/columns.js";
import css from "./explorer.css";
import {Filtering} from "./browser/filters/filtering.js";
import filtersCss from "./browser/filters/filters.css";
import {formatCell, formatCount, fullText, styleFor} from "./browser/cells/format.js";
import groupsCss from "./browser/groups/groups.css";
import {Groups} from "./browser/groups/groups.js";
import {element} from "./browser/columns/header.js";
import {HeaderMenu} from "./browser/columns/headermenu.js";
import {Headers} from "./browser/columns/headers.js";
import {HeaderStops} from "./browser/columns/headerstops.js";
import {Layout} from "./browser/columns/layout.js";
import {Popup} from "./browser/popup.js";
import {Foreseen} from "./browser/columns/foreseen.js";
import {SortChips} from "./browser/columns/sortchips.js";
import {ProfilePanel} from "./browser/summaries/profile.js";
import profileCss from "./browser/summaries/profile.css";
import {hearNear} from "./browser/near.js";
import {RowScroller} from "./browser/scroll.js";
import {SidePanel} from "./browser/summaries/side.js";
import {Still} from "./browser/still.js";
import {Summaries} from "./browser/summaries/summary.js";
import summaryCss from "./browser/summaries/summary.css";
import {Take} from "./browser/take/take.js";
import takeCss from "./browser/take/take.css";
import {Tip} from "./browser/summaries/tip.js";
import {Toolbar} from "./browser/toolbar.js";
import toolsCss from "./browser/tools.css";
import touchCss from "./browser/touch.css";
import {Unfolder} from "./browser/cells/unfold.js";
import unfoldCss from "./browser/cells/unfold.css";
import {Widths} from "./browser/columns/widths.js";
import {placeOnScale} from "./browser/cells/written.js";

const ROW = 26; // px
const HEADER_ROWS = 4; // the height of the header, in rows
const FOOTER = 30; // px
const LEAST_WITH_SIDE = 360; // px: rows beside a panel are at least as high
const NARROW = 640; // px: below it, a panel covers the rows
const CHUNK = 32; // columns that are read at a time
const NO_LAYOUT = {order: [], hidden: [], pinned: [], widths: []};
const DEEPEST = 45; // percent of a scale's colour: text on it can still be read
const PATIENCE = 500; // ms, before the page asks how far the work is
const TAKES = {fetch: "download"}; // what the server calls otherwise than the page
const HEARD_AFTER = 1000; // ms, by when the server has heard how to sort
const ASKS_AGAIN = 300; // ms, between two such questions

export function render({model, el, view}) {
  const style = document.createElement("style");
  const parts = [css, toolsCss, columnsCss, groupsCss, summaryCss, profileCss, filtersCss, unfoldCss, takeCss, touchCss];
  style.textContent = [subCellScrolling, ...parts].join("\n");
  const {opening} = model;
  const explorer = new Explorer(model, opening?.still);
  el.append(style, explorer.bar, explorer.root);
  model.on("msg:custom", (event) => explorer.receive(event.data ?? event));
  model.on("remove", () => explorer.remove());
  model.on("remove", hearNearComponents(model, view));
  if (opening?.still) {
    for (const message of opening.messages) explorer.receive(message);
    return;
  }
  model.on("fills", () => explorer.stretch());
  isKnown(view);
  if (opening) explorer.receive(opening);
  model.send_msg({type: "ready", view: opening?.view ?? null, counted: (opening?.rows ?? null) !== null});
}

class Explorer {
  constructor(model, still) {
    this.model = model;
    this.view = null;
    this.columns = [];
    this.styles = [];
    this.cells = new Cells();
    this.asking = new Asking(this.cells, {ask: (span, seen) => this.#ask(span, seen), again: () => this.draw()});
    this.relationWidth = 0; // without the columns that groups have of their own
    this.layout = new Layout(0, NO_LAYOUT);
    this.extents = new Map(); // between which numbers the scales of columns go
    this.#build();
    this.headers = new Headers((position) => ({
      sort: (extend) => this.sort(position, extend),
      foresee: (control) => this.foresee(control, (extend) => this.#orderAfter(position, extend)),
      filter: (text) => this.say("filter", {column: position, text}),
      menu: (button) => this.headerMenu.toggle(button, position),
      profile: position < this.relationWidth && ((button) => this.profile.toggle(position, button)),
      open: (button) => this.filtering.open(position, button),
      tip: this.tip,
    }));
    this.scroller = new RowScroller(this.table, ROW, ROW * HEADER_ROWS, () => this.draw());
    this.widths = new Widths(this.table);
    this.headerMenu = new HeaderMenu(this.popup);
    this.columnTools = new ColumnTools(this);
    this.profile = new ProfilePanel(this);
    this.groups = new Groups(this);
    this.sorting = new SortChips(this);
    this.foreseen = new Foreseen({
      tell: (type, view, data) => this.model.send_msg({type, view, ...data}),
      refuse: (what, {ticket}) => {
        if (ticket !== undefined) this.receive({type: "refused", what: TAKES[what] ?? what, ticket});
      },
    });
    this.unfolder = new Unfolder(this);
    this.take = new Take(this);
    this.headerStops = new HeaderStops(this);
    this.stretch();
    this.still = still ? new Still(this, still) : null;
    this.headerMenu.isStill = this.still !== null;
    this.table.setDataListener((x0, y0, x1, y1) => Promise.resolve(this.#window(x0, y0, x1, y1)), {
      column_classes: true,
    });
    this.table.addStyleListener(() => this.#style());
    this.observer = new ResizeObserver(() => this.#resized());
    this.observer.observe(this.body);
    this.observer.observe(this.toolbar.element); // chips may take another line of it
    this.measure = () => this.#measure();
    document.fonts.addEventListener("loadingdone", this.measure);
  }

  #build() {
    this.root = element("div", "explorer");
    this.root.dataset.state = "empty";
    this.body = element("div", "body");
    this.table = document.createElement("regular-table");
    this.note = element("div", "note");
    this.body.append(this.table, this.note);
    this.foot = element("div", "foot");
    this.count = element("span", "count");
    this.count.setAttribute("role", "status");
    this.place = element("button", "place");
    this.place.type = "button";
    this.place.title = "Go to row";
    this.foot.append(this.count, this.place);
    this.bubble = element("div", "bubble");
    this.bubble.setAttribute("role", "alert");
    this.toolbar = new Toolbar();
    this.popup = new Popup(this.root);
    this.tip = new Tip(this.root);
    this.side = new SidePanel(() => this.#resized());
    this.filtering = new Filtering({
      toolbar: this.toolbar,
      popup: this.popup,
      table: this.table,
      tip: this.tip,
      say: (type, data) => this.say(type, data),
      header: (position) => this.headers.at(position),
    });
    this.summaries = new Summaries((columns) => this.say("summarize", {columns}));
    this.middle = element("div", "middle");
    this.middle.append(this.body, this.side.element);
    this.root.append(this.toolbar.element, this.middle, this.foot, this.bubble, this.popup.element, this.tip.element);
    this.bar = element("div", "progress"); // beside the root, which is hidden until there are rows
    this.bar.setAttribute("role", "progressbar");
    this.bar.setAttribute("aria-label", "Progress of the query");
    this.table.addEventListener("mouseover", (event) => this.#hover(event));
    for (const type of ["focusin", "focusout"]) this.table.addEventListener(type, () => this.#showFault());
  }

  remove() {
    this.asking.forget();
    this.foreseen.forget();
    clearTimeout(this.settlesOrder);
    this.#rest();
    this.summaries.stop();
    this.profile.stop();
    this.take.stop();
    this.popup.close({focus: false});
    this.observer.disconnect();
    document.fonts.removeEventListener("loadingdone", this.measure);
  }

  receive(message) {
    if (this.foreseen.isKnown(message)) this.#confirm(message);
    else if (message.type === "view") this.#show(message);
    else if (message.type === "foreseen") this.foreseen.take(message);
    else if (message.type === "cells") this.#fill(message);
    else if (message.type === "seen") this.#fillScreen(message);
    else if (message.type === "summaries") this.#showSummaries(message);
    else if (message.type === "profile") this.profile.receive(message);
    else if (message.type === "faults") this.#showFaults(message);
    else if (message.type === "extents") this.#scale(message);
    else if (this.unfolder.receive(message)) return;
    else if (message.type === "layout") this.#hearLayout(message);
    else if (message.type === "values" || message.type === "sql") this.filtering.receive(message);
    else if (message.type === "stale") this.#wait(this.view ? "stale" : "empty");
    else if (message.type === "progress") this.#showProgress(message);
    else if (message.type === "failed") this.#fail();
    else if (message.type === "clear") this.#clear();
    else this.take.receive(message);
  }

  draw() {
    return this.table.draw({invalid_viewport: true});
  }

  // What the server says.

  /** The server says what is shown already, since it was foreseen. */
  #confirm(message) {
    if (message.type !== "view" || message.view !== this.view.view) return;
    this.foreseen.shows(message);
    this.foreseen.look();
  }

  #show(message, isForeseen = false) {
    const columns = [...message.columns, ...(message.groups?.columns ?? [])];
    const isSame = this.view !== null && sameColumns(this.columns, columns);
    const isSameView = this.view?.view === message.view && sameOrder(this.view.order, message.order);
    const keepsPlace = message.keep_place || isSameView; // a reader may have scrolled in what was foreseen
    const row = keepsPlace ? Math.min(this.scroller.row, message.line ?? Infinity) : 0;
    this.view = message;
    if (!isForeseen) this.foreseen.shows(message);
    if (!isSame || this.settlesOrder === undefined) this.order = message.order;
    this.cells.clear();
    this.asking.forget();
    this.relationWidth = message.columns.length;
    const isRegrouped = this.groups.hear(message.groups);
    if (!isSame) this.#setColumns(columns);
    this.columnTools.hear(message.layout, {isNew: !isSame || isRegrouped});
    this.groups.show();
    this.extents = new Map(message.extents.map(([column, low, high]) => [column, [low, high]]));
    this.#take(message);
    this.#showOrder();
    this.headers.showFilters(message.filters, message.faults);
    this.filtering.show(message);
    if (message.rows === null) this.#wait("counting");
    else this.#rest("fresh");
    const there = message.rows ?? message.first + message.read;
    const rows = this.still ? this.still.rows : there;
    this.still?.show(message);
    this.take.gutter.fit(rows, message.rows === null);
    this.#fitHeight(rows, message.rows === null);
    this.fitWidths();
    this.note.textContent = rows === 0 ? "No rows" : "";
    this.#showCount();
    this.#showFault();
    this.scroller.resize(rows, row);
    this.take.show(isSameView);
    if (!isSame) this.table.scrollLeft = 0;
    this.summaries.restart(this.headers, message.rows !== null);
    this.profile.restart(isSame);
    this.foreseen.look();
  }

  #fill(message) {
    if (this.view === null || message.view !== this.view.view) return;
    this.asking.arrived();
    if (this.root.dataset.state === "fresh") this.#rest();
    this.#take(message);
    this.fitWidths();
    this.draw();
  }

  /** Show rows that came before the blocks that they are in, which are under way. */
  #fillScreen(message) {
    if (message.view !== this.view?.view) return;
    this.#see(this.cells.addSeen(message));
    this.fitWidths();
    this.draw();
  }

  #hearLayout({layout}) {
    this.columnTools.hear(layout);
    this.foreseen.again();
  }

  #scale({extents}) {
    this.extents = new Map(extents.map(([column, low, high]) => [column, [low, high]]));
    this.draw();
  }

  #showSummaries(message) {
    if (message.view !== this.view?.view) return;
    this.summaries.receive(message);
    this.filtering.pictured();
  }

  #showFaults(message) {
    if (this.view === null || message.view !== this.view.view) return;
    const {filters, faults, search} = message;
    Object.assign(this.view, {filters, faults, search});
    this.foreseen.again();
    this.headers.showFilters(filters, faults);
    this.filtering.showTexts(message);
    this.#showCount();
    this.#showFault();
  }

  #fail() {
    const before = this.foreseen.fails();
    if (before !== null) {
      this.#show(before);
      this.order = before.order;
      this.#showOrder();
    }
    this.#rest("failed");
    this.count.textContent = "These rows could not be read.";
  }

  #clear() {
    this.view = null;
    this.foreseen.shows(null);
    this.order = [];
    this.asking.forget();
    this.groups.hear(null);
    this.#setColumns([]);
    this.#showOrder();
    this.groups.show();
    this.take.show(false);
    this.cells.clear();
    this.#rest("empty");
    this.count.textContent = this.place.textContent = this.note.textContent = "";
    this.scroller.resize(0, 0);
  }

  // How far the work is.

  #wait(state = this.root.dataset.state) {
    this.root.dataset.state = state;
    if (this.waitingSince !== undefined) return;
    this.waitingSince = performance.now();
    this.#askProgress(PATIENCE);
  }

  #rest(state = this.root.dataset.state) {
    this.root.dataset.state = state;
    this.waitingSince = undefined;
    clearTimeout(this.asksProgress);
    this.#setProgress(null);
  }

  #askProgress(wait) {
    clearTimeout(this.asksProgress);
    this.asksProgress = setTimeout(() => this.model.send_msg({type: "ask"}), wait);
  }

  #showProgress(message) {
    const {busy, done} = message;
    this.profile.receive(message);
    if (performance.now() - this.waitingSince >= PATIENCE) this.#setProgress(busy ? done : null);
    else return; // an answer to somebody else, or to what is over by now
    if (busy) this.#askProgress(ASKS_AGAIN);
    else this.waitingSince = undefined;
  }

  /** Let columns be as wide as they should, and say how many stay at the left. */
  fitWidths() {
    this.widths.apply(this.layout);
    this.pinned = this.widths.pinned(this.layout);
  }

  #setProgress(done) {
    if (done === null) this.bar.removeAttribute("aria-valuenow");
    else this.bar.setAttribute("aria-valuenow", Math.round(100 * done));
    this.bar.style.width = `${100 * (done ?? 0)}%`;
  }

  #setColumns(columns) {
    this.columns = columns;
    this.styles = columns.map(styleFor);
    this.headers.start(columns);
    this.layout = new Layout(this.relationWidth, NO_LAYOUT, this.groups);
    this.widths.start(columns);
  }

  /** Keep cells, and let columns look as their values need. */
  #take(message) {
    this.groups.take(message);
    this.#see(this.cells.add(message));
  }

  #see(columns) {
    for (const [at, values] of columns) {
      this.styles[at]?.see(values);
      this.widths.see(at, values.map((value) => formatCell(value, this.columns[at], this.styles[at])[0]));
    }
  }

  /** Measure again: until its font had come, text was measured in another. */
  #measure() {
    if (this.view === null) return;
    this.widths.start(this.columns);
    this.#see(this.cells.all());
    this.#resized();
  }

  // What the table shows.

  #window(x0, y0, x1, y1) {
    const {rows, offset, height} = this.scroller;
    const first = y0 + offset;
    const last = Math.min(y1 + offset, rows);
    this.groups.top = Math.ceil(this.scroller.row - 0.25);
    const pinned = this.layout.displayed.slice(0, this.pinned);
    const scrolled = this.layout.displayed.slice(this.pinned);
    const visible = scrolled.slice(x0, x1);
    if (this.view && !this.still && x1 > x0 && y1 > y0) {
      this.asking.look(first, last, rows, [...pinned, ...visible], around(scrolled, x0, x1));
    }
    if (x1 > x0) this.summaries.look([...pinned, ...visible].filter((at) => at < this.relationWidth));
    const [data, metadata] = this.#texts(visible, first, last);
    const [beside, marks] = this.#texts(pinned, first, last);
    this.pinnedMarks = marks;
    const rowHeaders = Array.from({length: Math.max(0, last - first)}, (_, row) => beside.map((texts) => texts[row]));
    return {
      num_rows: height + HEADER_ROWS - 1, // the header is as high as several, but is one
      num_columns: scrolled.length,
      row_height: ROW,
      num_column_headers: 1,
      num_row_headers: pinned.length,
      row_headers: pinned.length > 0 ? rowHeaders : undefined,
      merge_headers: "column", // rows beside each other with equal values stay apart
      column_headers: visible.map((at) => [this.headers.at(at).element]),
      data,
      metadata,
    };
  }

  /** The texts of columns between two rows, and what is special about each. */
  #texts(columns, first, last) {
    const all = columns.map((at) => {
      const [texts, marks] = [[], []];
      for (let row = first; row < last; row++) {
        const value = this.cells.at(row, at);
        const [text, mark] = this.#look(value, row, at);
        texts.push(text);
        marks.push(mark);
      }
      return [texts, marks];
    });
    return [all.map(([texts]) => texts), all.map(([, marks]) => marks)];
  }

  /** A cell's text, and what is special about it. */
  #look(value, row, at) {
    if (value === undefined) return this.still ? ["not in the file", "gone"] : ["", "wait"];
    return this.groups.isBlank(row, at) ? ["", "blank"] : formatCell(value, this.columns[at], this.styles[at]);
  }

  /** Which cell of the relation a cell of the table shows: its row, and the position of its column. */
  placeOf(element) {
    const meta = element && this.table.getMeta(element);
    if (!meta) return null;
    const column = this.layout.displayed[meta.x === undefined ? meta.row_header_x : this.pinned + meta.x];
    return column === undefined ? null : {column, row: (meta.y ?? 0) + this.scroller.offset};
  }

  #style() {
    for (const cell of this.table.querySelectorAll("tbody td, tbody th")) {
      const meta = this.table.getMeta(cell);
      const place = this.placeOf(cell);
      const column = this.columns[place?.column];
      if (!column) continue;
      const mark = meta.x === undefined ? this.pinnedMarks[meta.row_header_x]?.[meta.y - meta.y0] : meta.user;
      if (cell.dataset.kind !== column.kind) cell.dataset.kind = column.kind;
      cell.toggleAttribute("data-nested", Boolean(column.nested) && mark === "");
      if (cell.dataset.is !== mark) cell.dataset.is = mark ?? "";
      this.groups.dress(cell, place);
      this.#markEdge(cell, meta);
      if (column.format?.scale || cell.dataset.scale) this.#colour(cell, column);
    }
    for (const cell of this.table.querySelectorAll("thead th")) {
      const place = this.placeOf(cell);
      if (!place) continue;
      const header = this.headers.at(place.column);
      cell.setAttribute("aria-sort", header.order ?? "none");
      cell.setAttribute("aria-label", header.column.name); // not all that its controls are called
      this.groups.dressHeader(header);
      this.#markEdge(cell, this.table.getMeta(cell));
      const holder = cell.firstElementChild;
      if (cell.classList.contains("rt-group-corner") && header.element.parentElement !== holder) {
        holder.replaceChildren(header.element); // the table has no headers for pinned columns
      }
    }
    this.#showPlace();
    this.filtering.drawn();
    this.headerStops.paint();
    this.take.paint();
    this.still?.paint();
  }

  /** Draw where on its column's scale a value lies. */
  #colour(cell, {format}) {
    const {row, column} = this.placeOf(cell);
    const ends = this.extents.get(column);
    const place = format?.scale && ends ? placeOnScale(format.scale, this.cells.at(row, column), ends) : null;
    if (!place) {
      delete cell.dataset.scale;
      return;
    }
    cell.dataset.scale = place.scale;
    cell.dataset.side = place.side;
    for (const end of ["from", "to"]) cell.style.setProperty(`--${end}`, `${place[end] ?? 0}%`);
    cell.style.setProperty("--depth", `${Math.round(DEEPEST * (place.depth ?? 0))}%`);
  }

  /** The last of the pinned columns has a shadow: the others go under it. */
  #markEdge(cell, meta) {
    cell.toggleAttribute("data-pinned-edge", meta.x === undefined && meta.row_header_x === this.pinned - 1);
  }

  #showCount() {
    const {rows, unfiltered, filters, faults, search, groups} = this.view;
    const isFiltered = Object.keys(filters).some((at) => !faults[at]) || search !== "";
    if (groups) this.count.textContent = this.groups.count(unfiltered, isFiltered);
    else if (rows === null) this.count.textContent = "Counting rows …";
    else if (isFiltered) this.count.textContent = `${formatCount(rows)} of ${plural(unfiltered)}`;
    else this.count.textContent = plural(rows);
  }

  #showPlace() {
    const {rows, row, visible} = this.scroller;
    const first = Math.floor(row + 0.5);
    const last = Math.min(rows, Math.floor(row + visible));
    this.place.textContent = rows > visible ? `${formatCount(first + 1)} – ${formatCount(last)}` : "";
    this.place.hidden = rows <= visible;
  }

  #showFault() {
    const field = this.root.getRootNode().activeElement;
    const header = this.headers.all().find((one) => one.field === field);
    this.bubble.textContent = header?.fault ?? "";
    if (!header?.fault) return;
    const [at, around] = [field.getBoundingClientRect(), this.root.getBoundingClientRect()];
    this.bubble.style.top = `${at.bottom - around.top + 6}px`;
    this.bubble.style.left = `${Math.max(8, Math.min(at.left - around.left, around.width - 268))}px`;
  }

  /** Be as high as what it is in, or as its rows need. */
  stretch() {
    this.root.toggleAttribute("data-fills", this.model.fills);
    if (this.view !== null) this.#resized();
  }

  /** As high as its rows, up to a limit. */
  #fitHeight(rows, isCounting) {
    if (this.model.fills) {
      this.middle.style.height = "";
      return;
    }
    const bar = this.table.offsetHeight - this.table.clientHeight;
    const needed = ROW * HEADER_ROWS + ROW * Math.max(rows, 2) + bar + 1;
    const limit = this.model.tallest - FOOTER - this.toolbar.element.offsetHeight - (this.still?.note.offsetHeight ?? 0);
    const height = Math.min(limit, isCounting ? Math.max(needed, this.body.offsetHeight) : needed);
    this.middle.style.height = `${this.side.isOpen ? Math.max(height, LEAST_WITH_SIDE) : height}px`;
  }

  #resized() {
    if (this.view === null || this.body.clientWidth === 0) return;
    this.root.toggleAttribute("data-narrow", this.root.clientWidth < NARROW);
    this.take.gutter.fit(this.scroller.rows, this.view.rows === null);
    this.fitWidths();
    this.#fitHeight(this.scroller.rows, this.view.rows === null);
    this.draw();
  }

  // What the reader does.

  say(type, data) {
    if (this.still) this.still.say(type, data);
    else if (this.view !== null) this.foreseen.say(type, data);
  }

  #ask(span, seen) {
    if (seen) this.#wait();
    this.say("want", {...span, seen});
  }

  sort(column, extend) {
    this.sortBy(this.#orderAfter(column, extend));
  }

  /**
   * Look for the rows that a press of a control would bring, while it may be about to be pressed: `orderOf(extend)` is
   * the order that it asks for, with Shift or without. Returns what ends that.
   */
  foresee(control, orderOf) {
    if (this.still) return () => {};
    return hearNear(
      control,
      (how) => this.foreseen.enter(control, orderOf, how),
      () => this.foreseen.leave(control),
    );
  }

  /** The order that a press on a column's name asks for. */
  #orderAfter(column, extend) {
    const key = this.order.find((one) => one.column === column);
    const others = extend ? this.order.filter((one) => one.column !== column) : [];
    const next = !key ? {column, descending: false} : key.descending ? null : {column, descending: true};
    const at = extend && key ? this.order.indexOf(key) : others.length; // a key that turns keeps its rank
    return next ? [...others.slice(0, at), next, ...others.slice(at)] : others;
  }

  /** Until what was said has been heard, views may come that are older: the next click counts from what was said. */
  sortBy(order) {
    if (this.still) return this.still.refuse();
    this.order = order;
    const foreseen = this.foreseen.shownFor(order, this.view);
    this.say("sort", {order});
    clearTimeout(this.settlesOrder);
    this.settlesOrder = setTimeout(() => this.#settleOrder(), HEARD_AFTER);
    if (foreseen) this.#show(foreseen, true);
    else this.#showOrder();
  }

  #settleOrder() {
    this.settlesOrder = undefined;
    if (this.view === null || this.root.dataset.state === "stale") return; // the next view tells
    this.order = this.view.order;
    this.#showOrder();
  }

  #showOrder() {
    this.headers.showOrder(this.order);
    this.sorting.show(this.order);
  }

  /** Hovering over a cell shows its whole value. */
  #hover(event) {
    const cell = event.target.closest?.("tbody td, tbody th");
    const place = this.placeOf(cell);
    if (!place) return;
    const value = this.cells.at(place.row, place.column);
    cell.title = value === undefined || this.groups.isBlank(place.row, place.column) ? "" : fullText(value);
  }
}

/** Columns to read with those on screen: whole chunks, so that one scroll does not ask for one column. */
function around(columns, from, to) {
  return columns.slice(Math.floor(from / CHUNK) * CHUNK, Math.ceil(to / CHUNK) * CHUNK);
}

const plural = (count) => `${formatCount(count)} ${count === 1 ? "row" : "rows"}`;

const sameOrder = (one, other) => JSON.stringify(one) === JSON.stringify(other);

const sameColumns = (some, others) =>
  some.length === others.length &&
  some.every(({name, full_type}, at) => name === others[at].name && full_type === others[at].full_type);
