// SQL text as tokens and as nested groups, also while it is being written: nothing here fails on half a query.

const TOKEN = new RegExp(
  [
    String.raw`(?<comment>--[^\n]*|/\*[\s\S]*?(?:\*/|$))`,
    String.raw`(?<string>'(?:[^']|'')*(?:'|$)|\$\$[\s\S]*?(?:\$\$|$))`,
    String.raw`(?<quoted>"(?:[^"]|"")*(?:"|$))`,
    String.raw`(?<parameter>\$\w*)`,
    String.raw`(?<word>[\p{L}_][\p{L}\p{N}_]*)`,
    String.raw`(?<number>\d[\w.]*)`,
    String.raw`(?<symbol>::|\S)`,
  ].join("|"),
  "gu",
);

const OPENING = {"(": ")", "[": "]", "{": "}"};

/** `{kind, text, from, to, name, word}`: `name` is an identifier's without quotes, `word` in lower case and unquoted. */
export function textToTokens(text) {
  const tokens = [];
  for (const {0: found, index, groups} of text.matchAll(TOKEN)) {
    const kind = Object.keys(groups).find((name) => groups[name] !== undefined);
    const token = {kind, text: found, from: index, to: index + found.length, name: null, word: null};
    if (kind === "word") [token.name, token.word] = [found, found.toLowerCase()];
    if (kind === "quoted") token.name = found.replace(/^"|"$/g, "").replaceAll('""', '"');
    tokens.push(token);
  }
  return tokens;
}

/** Whether a quote or a comment has its end. */
export function isClosed({kind, text}) {
  if (kind === "comment") return text.startsWith("/*") && text.endsWith("*/") && text.length > 3;
  const mark = text.startsWith("$$") ? "$$" : text[0];
  return text.length >= 2 * mark.length && text.endsWith(mark);
}

/** Whether a position lies in a token, not merely beside it. */
export const isInside = (token, at) => token.from < at && (at < token.to || (at === token.to && !isClosed(token)));

/** The tokens of the statement around a position. */
export function statementAt(tokens, at) {
  const isEnd = (token) => token.kind === "symbol" && token.text === ";";
  const first = tokens.findLastIndex((token) => isEnd(token) && token.to <= at) + 1;
  const last = tokens.findIndex((token) => isEnd(token) && token.from >= at);
  return tokens.slice(first, last < 0 ? undefined : last);
}

/**
 * Tokens as a tree: what stands in brackets is one item of kind "group", with `items` and, in `head`, the token before it.
 */
export function tokensToGroup(tokens) {
  const root = {kind: "group", open: "", items: [], from: 0, to: Infinity, head: null, parent: null};
  let group = root;
  for (const token of tokens) {
    if (token.kind === "comment") continue;
    if (token.kind === "symbol" && OPENING[token.text]) {
      const inner = {kind: "group", open: token.text, items: [], from: token.from, to: Infinity, parent: group};
      inner.head = group.items.at(-1) ?? null;
      group.items.push(inner);
      group = inner;
    } else if (token.kind === "symbol" && token.text === OPENING[group.open]) {
      group.to = token.to;
      group = group.parent;
    } else {
      group.items.push(token);
    }
  }
  return root;
}

/** The innermost group around a position; a group that is not closed reaches to the end. */
export function groupAt(group, at) {
  const inner = group.items.findLast((item) => item.kind === "group" && item.from < at && at < item.to);
  return inner ? groupAt(inner, at) : group;
}
