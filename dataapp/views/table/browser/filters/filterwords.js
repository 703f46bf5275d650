// Texts of filters: how the popup writes what was chosen, and reads what is in force. The server alone understands all.

const BARE_ITEM = /^[^\s,"'](?:[^,]*[^\s,])?$/;
const BARE_VALUE = /^[\p{L}\p{N}_.-]+$/u;
const BARE_TEXT = /^[\p{L}\p{N}_][\p{L}\p{N}_ .@-]*(?<! )$/u;
const WORDED = /^(not|is|in|starts|ends)\s|\sor\s+null$/i; // what is understood otherwise than as a text to look for
const OR_NULL = /\s+or\s+null$/i;
const NO_RANGE = /^(!|≠|<>|in\s|not\s|is\s|null$)/i;

/** The filter for a list of values (null among them), or for all but these. */
export function listText(values, isBut) {
  if (values.length === 0) return isBut ? "" : "in ()";
  if (!isBut && values.length === 1) {
    if (values[0] === null) return "is null";
    if (BARE_VALUE.test(values[0])) return `= ${values[0]}`;
  }
  if (isBut && values.length === 1 && values[0] === null) return "not null";
  return `${isBut ? "not " : ""}in ${values.map(itemText).join(", ")}`;
}

function itemText(value) {
  if (value === null) return "null";
  const isBare = BARE_ITEM.test(value) && value.toLowerCase() !== "null" && value !== "()";
  return isBare ? value : `"${value.replaceAll('"', '""')}"`;
}

/** The ends of a range, as they are written, or null where a filter is none. `above` and `below` leave an end out. */
export function readRange(text) {
  const orNull = OR_NULL.test(text);
  const rest = text.replace(OR_NULL, "").trim();
  const range = {low: "", high: "", above: false, below: false, orNull};
  if (rest === "") return range;
  if (NO_RANGE.test(rest)) return null;
  const ends = /^(.*?)(<?)\.\.(<?)(.*)$/s.exec(rest);
  if (ends) {
    return {...range, low: ends[1].trim(), above: ends[2] !== "", below: ends[3] !== "", high: ends[4].trim()};
  }
  const [, sign = "=", value] = /^(>=|<=|≥|≤|>|<|==?)?\s*(.*)$/s.exec(rest);
  if (sign === ">" || sign === ">=" || sign === "≥") return {...range, low: value, above: sign === ">"};
  if (sign === "<" || sign === "<=" || sign === "≤") return {...range, high: value, below: sign === "<"};
  return {...range, low: value, high: value};
}

/** The filter for a range. */
export function rangeText({low, high, above, below, orNull}) {
  const rest = orNull ? " or null" : "";
  if (!low && !high) return "";
  if (!high) return `${above ? ">" : ">="} ${low}${rest}`;
  if (!low) return `${below ? "<" : "<="} ${high}${rest}`;
  if (low === high && !above && !below) return `${low}${rest}`;
  return `${low}${above ? "<" : ""}..${below ? "<" : ""}${high}${rest}`;
}

/** What can be asked of a text: the name of each, and what stands before what is looked for. */
export const TEXT_MODES = [
  ["contains", ""],
  ["does not contain", "!"],
  ["starts with", "starts "],
  ["ends with", "ends "],
  ["is", "= "],
  ["is not", "!= "],
  ["matches /…/", "/"],
];

/** The filter for a text that is looked for in one of these ways. */
export function textFilter(lead, text) {
  if (text === "") return "";
  if (lead === "/") return `/${text}/`;
  const isPlain = BARE_TEXT.test(text) && !WORDED.test(text) && !(lead === "= " && text.toLowerCase() === "null");
  return `${lead}${isPlain ? text : `"${text}"`}`;
}

/** What is looked for, and how, or null where a filter is something else. */
export function readText(text) {
  if (/^\/.+\/$/s.test(text)) return {lead: "/", text: text.slice(1, -1)};
  if (OR_NULL.test(text) || /^(in|not|is)\s/i.test(text) || /^!(\/|starts\s|ends\s)/i.test(text)) return null;
  const [, lead, rest] = /^(!=\s*|=\s*|!\s*|starts\s+|ends\s+)?(.*)$/is.exec(text);
  const mode = TEXT_MODES.find(([, one]) => one.trim() === (lead ?? "").trim().toLowerCase());
  const isQuoted = rest.length >= 2 && rest[0] === rest.at(-1) && (rest[0] === '"' || rest[0] === "'");
  return {lead: mode[1], text: isQuoted ? rest.slice(1, -1) : rest};
}

/** First and last day of what a date stands for, as ISO dates, or empty texts where words stand for it. */
export function daysOf(text) {
  const found = /^(\d{4})(?:-?q([1-4])|-(\d\d?)(?:-(\d\d?)(?:[T ]+\d.*)?)?)?$/i.exec(text);
  if (!found) return ["", ""];
  const [year, quarter, month, day] = found.slice(1).map((part) => (part === undefined ? null : Number(part)));
  const from = quarter ? 3 * quarter - 3 : (month ?? 1) - 1;
  const until = quarter ? from + 3 : month ? from + 1 : 12;
  const [first, last] = [new Date(0), new Date(0)];
  first.setUTCFullYear(year, from, day ?? 1);
  if (day) last.setUTCFullYear(year, from, day);
  else last.setUTCFullYear(year, until, 0);
  return [first, last].map((date) => date.toISOString().slice(0, 10));
}
