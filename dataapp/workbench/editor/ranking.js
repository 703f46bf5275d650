// How well a name fits what is typed, and in which order what fits is offered.

const COSTS = {exact: 0, prefix: 1, wordStart: 4, inside: 6, scattered: 9};
const MOST = 200; // nobody reads further

/** `{cost, ranges}` of a name for text in lower case, or null; `ranges` are the letters that match. */
function matchName(name, typed) {
  if (typed === "") return {cost: COSTS.exact, ranges: []};
  if (name.startsWith(typed)) {
    return {cost: name.length === typed.length ? COSTS.exact : COSTS.prefix, ranges: [0, typed.length]};
  }
  const word = wordStart(name, typed);
  if (word > 0) return {cost: COSTS.wordStart, ranges: [word, word + typed.length]};
  if (typed.length < 2) return null;
  const inside = name.indexOf(typed);
  if (inside > 0) return {cost: COSTS.inside, ranges: [inside, inside + typed.length]};
  return name[0] === typed[0] ? scattered(name, typed) : null;
}

function wordStart(name, typed) {
  for (let at = name.indexOf(typed, 1); at > 0; at = name.indexOf(typed, at + 1)) {
    if (!/[\p{L}\p{N}]/u.test(name[at - 1])) return at;
  }
  return -1;
}

/** The letters in their order, with others between them: `tq` fits `trade_quantity`. */
function scattered(name, typed) {
  const ranges = [];
  let at = 0;
  for (const letter of typed) {
    at = name.indexOf(letter, at);
    if (at < 0) return null;
    if (ranges.at(-1) === at) ranges[ranges.length - 1] = ++at;
    else ranges.push(at, ++at);
  }
  return {cost: COSTS.scattered, ranges};
}

/**
 * Candidates that fit, best first.
 *
 * Args: `groups` is a list of `[rank, candidates]`, and a candidate has its name in lower case as `key`. Rank and fit are
 * added, so that a column that starts as typed comes before a keyword that does, and that before a column in which it
 * merely occurs.
 */
export function rankCandidates(groups, typed) {
  const text = typed.toLowerCase();
  const found = [];
  for (const [rank, candidates] of groups) {
    for (const candidate of candidates) {
      const match = matchName(candidate.key, text);
      if (match) found.push({candidate, ranges: match.ranges, order: rank + match.cost});
    }
  }
  return found.sort((one, other) => one.order - other.order).slice(0, MOST);
}
