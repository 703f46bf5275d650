// The schema as what can be offered, prepared once: a keystroke only looks through it.

import {keywords, nameToSql, types} from "./dialect.js";

const candidate = (kind, label, rest = {}) => ({kind, label, key: label.toLowerCase(), detail: "", info: "", ...rest});

export const keywordCandidates = keywords.map((word) => candidate("keyword", word));

export const typeCandidates = types.map((type) => candidate("type", type));

export const tableToCandidate = ({name, columns, kind, detail}) =>
  candidate(kind === "query" ? "query" : "table", name, {
    apply: nameToSql(name),
    detail: detail ?? "",
    info: columns.map((column) => column.name).join(", "),
  });

export const sourceToCandidate = ({name}) => candidate("table", name, {apply: nameToSql(name)});

/** Columns of some tables, each name once; `where` says which tables have it. */
export function columnsToCandidates(sources, where = false) {
  const found = new Map();
  for (const source of sources) {
    for (const {name, type} of source.columns) {
      const key = name.toLowerCase();
      const one = found.get(key);
      if (one) one.tables.push(source.name);
      else found.set(key, candidate("column", name, {apply: nameToSql(name), detail: type ?? "", tables: [source.name]}));
    }
  }
  for (const one of found.values()) {
    const places = one.tables.filter(Boolean);
    const shown = places.length > 3 ? `${places.length} tables` : places.join(", ");
    if (shown && (where || places.length > 1)) one.detail = [one.detail, shown].filter(Boolean).join(" · ");
  }
  return [...found.values()];
}

function functionToCandidate({name, signature, description, kind}) {
  return candidate("function", name, {
    detail: signature?.startsWith(name) ? signature.slice(name.length) : (signature ?? ""),
    info: description ?? "",
    isTable: kind === "table",
    hasArguments: !/\(\s*\)/.test(signature ?? ""),
  });
}

export class Schema {
  #tables;

  constructor({tables = [], functions = [], parameters = []} = {}) {
    this.#tables = new Map(tables.map((table) => [table.name.toLowerCase(), table]));
    this.tables = tables.map(tableToCandidate);
    this.columns = columnsToCandidates(tables, true);
    this.functions = functions.map(functionToCandidate);
    this.tableFunctions = this.functions.filter((one) => one.isTable);
    this.parameters = parameters.map(({name, detail}) => candidate("parameter", name, {detail: detail ?? ""}));
  }

  table(name) {
    return this.#tables.get(name.toLowerCase()) ?? null;
  }
}
