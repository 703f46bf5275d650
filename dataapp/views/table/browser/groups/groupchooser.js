// The popup in which a reader says what to group by, and what to compute of each group. Every change takes effect at once.

import {isNumber} from "../cells/format.js";
import {element} from "../columns/header.js";
import {icon} from "../icons.js";

const MOST_GUESSED = 4; // aggregates that are there unasked
const PARTS = {value: "every value", day: "by day", month: "by month", year: "by year"};
const FUNCTIONS = {sum: "sum", mean: "mean", min: "smallest", max: "largest", distinct: "distinct values"};
const IDENTIFIER = /^id$|_id$|Id$|^index$/;

export class GroupChooser {
  constructor(groups) {
    this.groups = groups;
    this.content = element("div", "group-chooser");
    this.keys = [];
    this.aggregates = null; // none chosen yet: they are guessed
  }

  get columns() {
    return this.groups.explorer.columns.slice(0, this.groups.explorer.relationWidth);
  }

  toggle(anchor) {
    this.show();
    this.groups.explorer.popup.toggle(anchor, "Group rows", this.content);
  }

  /** Show what is in force. */
  show() {
    const {said} = this.groups;
    this.keys = said?.keys ?? [];
    if (said) this.aggregates = said.aggregates;
    this.#fill();
  }

  /** What the menu of a column offers. */
  entries(column) {
    if (column >= this.columns.length) return [];
    const parts = partsOf(this.columns[column]);
    if (this.keys.some(([at]) => at === column)) {
      return [{label: "Do not group by it", act: () => this.#wish(this.keys.filter(([at]) => at !== column))}];
    }
    return parts.map((part) => ({
      label: part === "value" ? "Group by it" : `Group ${PARTS[part]}`,
      act: () => this.#wish([...this.keys, [column, part]]),
    }));
  }

  #wish(keys, aggregates = this.aggregates) {
    this.keys = keys;
    const used = new Set(keys.map(([column]) => column));
    const wanted = aggregates ?? guess(this.columns, used);
    if (aggregates !== null) this.aggregates = aggregates;
    this.groups.wish(keys, wanted);
    this.#fill(wanted);
  }

  #fill(aggregates = this.aggregates ?? []) {
    const parts = [heading("Group by"), ...this.keys.map((key, at) => this.#key(key, at)), this.#addKey()];
    if (this.keys.length > 0) {
      parts.push(heading("Show of each group"), row([element("span", "group-name", "number of rows")]));
      parts.push(...aggregates.map((one, at) => this.#aggregate(one, at, aggregates)), this.#addAggregate(aggregates));
    }
    const focused = this.content.getRootNode().activeElement?.dataset?.control;
    this.content.replaceChildren(...parts);
    if (focused) this.content.querySelector(`[data-control="${focused}"]`)?.focus();
  }

  #key([column, part], at) {
    const others = this.keys.filter((_, other) => other !== at);
    const {name} = this.columns[column];
    const parts = partsOf(this.columns[column]);
    const choice = parts.length > 1 && select(`How to group by ${name}`, parts.map((one) => [one, PARTS[one]]), part);
    if (choice) {
      choice.dataset.control = `part ${column}`;
      choice.addEventListener("change", () => this.#wish(this.keys.with(at, [column, choice.value])));
    }
    const up = at > 0 && button("up", `Group by ${name} earlier`, () => {
      this.#wish([...others.slice(0, at - 1), [column, part], ...others.slice(at - 1)]);
    });
    return row([nameOf(name), choice, up, button("close", `Do not group by ${name}`, () => this.#wish(others))]);
  }

  #addKey() {
    const used = new Set(this.keys.map(([column]) => column));
    const label = this.keys.length > 0 ? "then by …" : "choose a column …";
    const choice = select("Column to group by", [["", label], ...this.#names((_, at) => !used.has(at))], "");
    choice.dataset.control = "key";
    choice.addEventListener("change", () => {
      const column = Number(choice.value);
      this.#wish([...this.keys, [column, this.columns[column].kind === "timestamp" ? "day" : "value"]]);
    });
    return row([choice]);
  }

  #aggregate([column, name], at, aggregates) {
    const {name: of} = this.columns[column];
    const others = aggregates.filter((_, other) => other !== at);
    const free = functionsOf(this.columns[column]).filter((one) => !has(others, column, one));
    const choice = select(`What to show of ${of}`, free.map((one) => [one, FUNCTIONS[one]]), name);
    choice.dataset.control = `function ${column} ${at}`;
    choice.addEventListener("change", () => this.#wish(this.keys, aggregates.with(at, [column, choice.value])));
    const remove = button("close", `Do not show the ${FUNCTIONS[name]} of ${of}`, () => this.#wish(this.keys, others));
    return row([nameOf(of), choice, remove]);
  }

  #addAggregate(aggregates) {
    const next = (column) => functionsOf(this.columns[column]).find((one) => !has(aggregates, column, one));
    const choice = select("Column to show", [["", "add a column …"], ...this.#names((_, at) => next(at))], "");
    choice.dataset.control = "aggregate";
    choice.addEventListener("change", () => {
      const column = Number(choice.value);
      this.#wish(this.keys, [...aggregates, [column, next(column)]]);
    });
    return row([choice]);
  }

  #names(isIn) {
    return this.columns.flatMap((column, at) => (isIn(column, at) ? [[at, column.name]] : []));
  }
}

/** What most readers want to see of groups: what adds up, and the mean of what does not. */
function guess(columns, used) {
  const found = columns.flatMap((column, at) => {
    if (used.has(at) || !isNumber(column) || IDENTIFIER.test(column.name)) return [];
    return [[at, column.kind === "float" ? "mean" : "sum"]];
  });
  return found.slice(0, MOST_GUESSED);
}

function partsOf({kind}) {
  if (kind === "timestamp") return ["day", "month", "year", "value"];
  return kind === "date" ? ["value", "month", "year"] : ["value"];
}

function functionsOf(column) {
  if (isNumber(column)) return Object.keys(FUNCTIONS);
  return column.kind === "other" ? ["distinct"] : ["min", "max", "distinct"];
}

const has = (aggregates, column, name) => aggregates.some(([at, one]) => at === column && one === name);

const heading = (text) => element("div", "group-heading", text);

function nameOf(text) {
  const name = element("span", "group-name", text);
  name.title = text;
  return name;
}

function row(parts) {
  const line = element("div", "group-line");
  line.append(...parts.filter(Boolean));
  return line;
}

function select(label, options, value) {
  const control = element("select", "group-select");
  control.setAttribute("aria-label", label);
  for (const [key, text] of options) {
    const option = element("option", "", text);
    option.value = key;
    control.append(option);
  }
  control.value = value;
  return control;
}

function button(name, label, act) {
  const made = element("button", "tool");
  made.type = "button";
  made.title = label;
  made.setAttribute("aria-label", label);
  made.append(icon(name));
  made.addEventListener("click", act);
  return made;
}
