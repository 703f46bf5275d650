// Which tables and columns a place in a query can name.
//
// Read from tokens, not from a parse tree: the query is being written, and its FROM may stand behind the cursor.

import {isReserved} from "./dialect.js";

const SOURCES = new Set(["from", "join", "into", "update", "table", "summarize", "describe", "pivot", "unpivot"]);
const CLAUSES = new Set([
  ...["select", "where", "group", "having", "order", "limit", "offset", "qualify", "window", "on", "using", "set"],
  ...["values", "returning"],
]);
const SET_OPERATIONS = new Set(["union", "intersect", "except"]);
const PARTS_OF_JOINS = new Set(["left", "right", "full", "inner", "outer", "cross", "asof", "semi", "anti", "natural"]);
const FROM_AS_ARGUMENT = new Set(["extract", "substring", "trim", "overlay", "position"]);
const DEEPEST = 12; // of tables that are read from others: a text may define them in a circle

const isSymbol = (item, text) => item?.kind === "symbol" && item.text === text;
const isName = (item) => item?.kind === "quoted" || (item?.kind === "word" && !isReserved(item.word));

/** Whether a name of a table follows the item at `index`, as behind FROM. */
export function startsSource(group, index) {
  const item = group.items[index];
  if (!SOURCES.has(item?.word)) return false;
  if (item.word !== "from") return true;
  return !FROM_AS_ARGUMENT.has(group.head?.word) && group.items[index - 1]?.word !== "distinct";
}

/** The clause that the item at `index` belongs to: "from", "select", "where" ..., or null at the start. */
export function clauseAt(group, index) {
  for (let at = index; at >= 0; at--) {
    const {word} = group.items[at];
    if (startsSource(group, at)) return "from";
    if (CLAUSES.has(word)) return word;
    if (SET_OPERATIONS.has(word)) return null;
  }
  return null;
}

/**
 * What can be named in a group at a position.
 *
 * `sources` are the tables of the query around it, `outer` those of the queries around that, each `{name, columns}` by its
 * alias; `tables` the WITH names, and `aliases` the columns that the query itself makes.
 */
export function scopeAt(group, at, schema) {
  const found = {sources: [], outer: [], tables: new Map(), aliases: []};
  const groups = [];
  for (let one = group; one; one = one.parent) groups.unshift(one);
  for (const one of groups) {
    found.tables = withTables(one, found.tables, schema, 0);
    const part = partAt(one, at);
    const sources = sourcesOf(part, found.tables, schema, 0);
    if (sources.length === 0 && !part.items.some((item) => item.word === "select")) continue;
    found.outer = [...found.outer, ...found.sources];
    found.sources = sources;
    found.aliases = outputsOf(part, [], []);
  }
  return found;
}

/** The part of a UNION around a position. */
function partAt(group, at) {
  const parts = partsOf(group);
  return parts.findLast((part) => part.from < at) ?? parts[0];
}

function partsOf(group) {
  const parts = [{...group, items: []}];
  for (const item of group.items) {
    if (SET_OPERATIONS.has(item.word)) parts.push({...group, from: item.from, items: []});
    else parts.at(-1).items.push(item);
  }
  return parts;
}

function withTables(group, outer, schema, depth) {
  const {items} = group;
  let at = items.findIndex((item) => item.word === "with") + 1;
  if (at === 0) return outer;
  const tables = new Map(outer);
  if (items[at]?.word === "recursive") at++;
  while (items[at]?.name) {
    const name = items[at++].name;
    const named = items[at]?.kind === "group" ? namesIn(items[at++]) : null;
    while (["as", "not", "materialized"].includes(items[at]?.word)) at++;
    if (items[at]?.kind !== "group") break;
    const columns = columnsOfQuery(items[at++], tables, schema, depth + 1);
    tables.set(name.toLowerCase(), {name, columns: named ?? columns});
    if (!isSymbol(items[at], ",")) break;
    at++;
  }
  return tables;
}

const namesIn = (group) => group.items.filter((item) => item.name).map(({name}) => ({name, type: ""}));

/** The columns that a query in brackets gives. */
function columnsOfQuery(group, outer, schema, depth) {
  if (depth > DEEPEST) return [];
  const tables = withTables(group, outer, schema, depth);
  const part = partsOf(group)[0];
  const sources = sourcesOf(part, tables, schema, depth);
  const columns = sources.flatMap((source) => source.columns);
  return part.items.some((item) => item.word === "select") ? outputsOf(part, columns, sources) : columns;
}

function sourcesOf(group, tables, schema, depth) {
  const sources = [];
  const {items} = group;
  for (let at = 0; at < items.length; at++) {
    const isNext = isSymbol(items[at], ",") && ["from", "on", "using"].includes(clauseAt(group, at));
    if (!isNext && !startsSource(group, at)) continue;
    while (PARTS_OF_JOINS.has(items[at + 1]?.word) || items[at + 1]?.word === "lateral") at++;
    const read = readSource(items, at + 1, tables, schema, depth);
    if (!read) continue;
    sources.push(read.source);
    at = read.end - 1;
  }
  return sources;
}

/** One item of a FROM, and where it ends: a table, a function, a file or a query, and its alias. */
function readSource(items, start, tables, schema, depth) {
  let at = start;
  let source;
  if (items[at]?.kind === "group") {
    source = {name: "", columns: columnsOfQuery(items[at++], tables, schema, depth + 1)};
  } else if (items[at]?.kind === "string") {
    at++;
    source = {name: "", columns: []};
  } else if (isName(items[at])) {
    let {name} = items[at++];
    while (isSymbol(items[at], ".") && items[at + 1]?.name) [name, at] = [items[at + 1].name, at + 2];
    const isCall = items[at]?.kind === "group";
    if (isCall) at++;
    const table = isCall ? null : (tables.get(name.toLowerCase()) ?? schema.table(name));
    source = {name, columns: table?.columns ?? []};
  } else {
    return null;
  }
  const hasAs = items[at]?.word === "as";
  if (hasAs) at++;
  if (isName(items[at])) source = {...source, name: items[at++].name};
  if (source.name && items[at]?.kind === "group") source = {...source, columns: namesIn(items[at++])};
  return {source, end: at};
}

/** The columns that a SELECT names: its aliases, and the columns that it passes on. */
function outputsOf(group, columns, sources) {
  const start = group.items.findIndex((item) => item.word === "select") + 1;
  if (start === 0) return [];
  const outputs = [];
  let item = [];
  const finish = () => {
    outputs.push(...outputsOfItem(item, columns, sources));
    item = [];
  };
  for (let at = start; at < group.items.length; at++) {
    const one = group.items[at];
    if (CLAUSES.has(one.word) || startsSource(group, at)) break;
    if (isSymbol(one, ",")) finish();
    else if (!["distinct", "all"].includes(one.word)) item.push(one);
  }
  finish();
  return outputs;
}

function outputsOfItem(item, columns, sources) {
  if (isSymbol(item[1], ":") && item[0].name) return [{name: item[0].name, type: ""}]; // `name: expression`
  const star = item.findIndex((one) => isSymbol(one, "*"));
  if (star === 0) return columns;
  if (star === 2 && isSymbol(item[1], ".")) return sourceNamed(sources, item[0].name)?.columns ?? [];
  const [before, last] = [item.at(-2), item.at(-1)];
  if (before?.word !== "as" && !isName(last)) return [];
  if (!last?.name) return [];
  return [columns.find(({name}) => item.length === 1 && isSame(name, last.name)) ?? {name: last.name, type: ""}];
}

export const sourceNamed = (sources, name) => sources.find((source) => isSame(source.name, name ?? ""));

const isSame = (one, other) => one.toLowerCase() === other.toLowerCase();
