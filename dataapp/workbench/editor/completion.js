// What is offered while a query is written, from its own text and the schema: no question goes to the server.

import {insertCompletionText, pickedCompletion} from "@codemirror/autocomplete";
import {columnsToCandidates, keywordCandidates, sourceToCandidate, tableToCandidate, typeCandidates} from "./candidates.js";
import {isReserved, quoted} from "./dialect.js";
import {rankCandidates} from "./ranking.js";
import {clauseAt, scopeAt, sourceNamed, startsSource} from "./scope.js";
import {groupAt, isClosed, isInside, statementAt, textToTokens, tokensToGroup} from "./tokens.js";

const OPERATORS = new Set(
  `select distinct all where and or not on by having qualify when then else case between like ilike in is using set
  limit offset values over filter exclude returning any exists with union intersect except`.split(/\s+/),
);

/** A completion source for CodeMirror; `schemaNow` gives the `Schema` of the moment. */
export function completeSql(schemaNow) {
  const source = (context) => {
    const text = context.state.doc.toString();
    const offer = offersAt(text, context.pos, schemaNow(), context.explicit);
    if (!offer) return null;
    const options = rankCandidates(offer.groups, offer.typed).map(({candidate, ranges}) =>
      candidateToOption(candidate, ranges, offer),
    );
    if (options.length === 0) return null;
    const getMatch = (option) => option.ranges;
    return {from: offer.from, to: offer.to, options, filter: false, getMatch, update: (_1, _2, _3, next) => source(next)};
  };
  return source;
}

/** What can stand at a position: `{from, to, typed, groups}`, or null if nothing is to be offered. */
export function offersAt(text, at, schema, isExplicit) {
  const tokens = textToTokens(text);
  const under = tokens.find((token) => token.from < at && at <= token.to);
  if (under && ["string", "comment"].includes(under.kind) && isInside(under, at)) return null;
  if (under?.kind === "number") return null;
  const typing = typedAt(under, at);
  const statement = statementAt(tokens, at).filter((token) => token !== typing.token);
  if (typing.isParameter) return {...typing, groups: [[0, schema.parameters]]};
  const group = groupAt(tokensToGroup(statement), at);
  const index = group.items.findLastIndex((item) => item.from < at);
  const place = placeAt(group, index);
  if (!isExplicit && !opensByItself(place, typing)) return null;
  const groups = groupsFor(place, group, index, at, schema);
  return {...typing, groups, keywordCase: wantedCase(typing.typed, statement)};
}

/** The name being typed, and what a completion replaces. */
function typedAt(under, at) {
  if (under?.kind === "word") return {token: under, typed: under.text.slice(0, at - under.from), from: under.from, to: at};
  if (under?.kind === "quoted" && isInside(under, at)) {
    const to = isClosed(under) ? under.to : at;
    return {token: under, typed: under.text.slice(1, at - under.from), from: under.from, to, isQuoted: true};
  }
  if (under?.kind === "parameter") {
    return {token: under, typed: under.text.slice(1, at - under.from), from: under.from, to: at, isParameter: true};
  }
  return {token: null, typed: "", from: at, to: at};
}

/** What a position is for: a "source", a "member", a "type", a "name" to invent, "start", "operand" or "after" one. */
function placeAt(group, index) {
  const before = group.items[index];
  if (!before) return group.open === "(" && isCallHead(group.head) ? "operand" : "start";
  if (before.kind === "symbol" && before.text === ".") return "member";
  if (before.kind === "symbol" && before.text === "::") return "type";
  if (before.word === "as") return ["cast", "try_cast"].includes(group.head?.word) ? "type" : "name";
  if (startsSource(group, index)) return "source";
  if (before.kind === "symbol") return before.text === "," && clauseAt(group, index) === "from" ? "source" : "operand";
  return OPERATORS.has(before.word) ? "operand" : "after";
}

const isCallHead = (head) => head?.name != null && (!isReserved(head.name) || ["cast", "any", "in"].includes(head.word));

/** Without Ctrl-Space, a list opens where something was typed, or where only few things can stand. */
function opensByItself(place, {typed, isQuoted}) {
  if (place === "name") return false;
  if (isQuoted || ["source", "member", "type"].includes(place)) return true;
  return typed.length >= (place === "after" ? 2 : 1); // one letter behind a table is its alias
}

function groupsFor(place, group, index, at, schema) {
  if (place === "type") return [[0, typeCandidates]];
  if (place === "start") return [[0, keywordCandidates]];
  const scope = scopeAt(group, at, schema);
  if (place === "member") return [[0, membersOf(group.items[index - 1], scope, schema)]];
  const withs = [...scope.tables.values()].map((table) => tableToCandidate({...table, kind: "query"}));
  if (place === "source") {
    return [[0, withs], [0, schema.tables], [2, schema.tableFunctions], [5, keywordCandidates]];
  }
  const isAfter = place === "after";
  const isInSelect = clauseAt(group, index) === "select";
  const own = columnsToCandidates(scope.sources);
  const names = new Set(own.map((one) => one.key));
  const aliases = columnsToCandidates([{name: "", columns: scope.aliases}]).filter((one) => !names.has(one.key));
  const isKnown = own.length > 0;
  return [
    [isAfter ? 5 : 0, own],
    [isInSelect ? 4 : 1, aliases],
    [2, scope.sources.filter((source) => source.name).map(sourceToCandidate)],
    [3, columnsToCandidates(scope.outer, true)],
    [isAfter ? 6 : 3, schema.functions],
    [isAfter ? 0 : 4, keywordCandidates],
    [isAfter ? 7 : 4, isKnown ? [] : schema.columns],
    [7, isKnown ? [] : schema.tables],
  ];
}

/** The columns behind `name.`: of an alias, else of a table. */
function membersOf(before, scope, schema) {
  if (!before?.name) return [];
  const named = sourceNamed([...scope.sources, ...scope.outer], before.name);
  const table = named ?? scope.tables.get(before.name.toLowerCase()) ?? schema.table(before.name);
  return table ? columnsToCandidates([table]) : [];
}

/** Keywords come in the case of what is typed; before anything is, in that of the last one in the text. */
function wantedCase(typed, statement) {
  const sample = typed || (statement.findLast((token) => token.word && isReserved(token.word))?.text ?? "SELECT");
  return sample === sample.toLowerCase() ? "lower" : "upper";
}

function candidateToOption(candidate, ranges, offer) {
  const {kind, detail, info} = candidate;
  const label = labelOf(candidate, offer);
  return {label, type: kind, detail: kind === "function" ? "" : detail, ranges, info: infoOf(candidate, info), apply: applied(candidate, label, offer)};
}

function labelOf({kind, label}, {typed, keywordCase}) {
  if (kind === "parameter") return `$${label}`;
  if (kind === "keyword" || kind === "type") return keywordCase === "lower" ? label.toLowerCase() : label;
  const isLoud = typed !== "" && typed !== typed.toLowerCase() && typed === typed.toUpperCase();
  return kind === "function" && isLoud ? label.toUpperCase() : label;
}

function applied(candidate, label, {isQuoted}) {
  if (isQuoted) return quoted(candidate.label);
  return candidate.kind === "function" ? callFunction(candidate) : (candidate.apply ?? label);
}

/** A function comes with its brackets, and the cursor between them. */
const callFunction = ({hasArguments}) => (view, option, from, to) => {
  const hasBrackets = view.state.sliceDoc(to, to + 1) === "(";
  const text = hasBrackets ? option.label : `${option.label}()`;
  const anchor = from + text.length - (hasBrackets || !hasArguments ? 0 : 1);
  view.dispatch({
    ...insertCompletionText(view.state, text, from, to),
    selection: {anchor},
    annotations: pickedCompletion.of(option),
  });
};

function infoOf({kind, label, detail}, info) {
  if (kind !== "function" ? !info : !info && !detail) return undefined;
  return () => {
    const box = document.createElement("div");
    if (kind === "function") box.append(line("signature", label + detail));
    if (info) box.append(line("description", info));
    return box;
  };
}

function line(name, text) {
  const element = document.createElement("div");
  element.className = name;
  element.textContent = text;
  return element;
}
