// Nested values as a tree. The text may be cut anywhere, and its numbers may be longer than a browser can hold: they stay
// text, to the last digit.

const DEEPEST = 200; // levels: each takes some of the browser's stack

/** A node: {open: "{" or "[", items: [[key or null, node], ...], isCut} or {text, kind}. */
export function parseJson(text) {
  return new Reader(text).value();
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.depth = 0;
  }

  value() {
    const sign = this.#next();
    if (this.depth >= DEEPEST && (sign === "{" || sign === "[")) return this.#rest();
    if (sign === "{") return this.#items("{", "}", () => [this.#key(), this.value()]);
    if (sign === "[") return this.#items("[", "]", () => [null, this.value()]);
    if (sign === '"') return this.#string();
    const word = this.#match(/[^\s,\]}]*/y) || "…";
    return {text: word, kind: /^-?[\dNI]/.test(word) ? "number" : "word"};
  }

  #items(open, close, item) {
    this.at++;
    this.depth++;
    const items = [];
    while (this.#next() !== close) {
      if (this.at >= this.text.length) return {open, close, items, isCut: true};
      const before = this.at;
      items.push(item());
      if (this.#next() === ",") this.at++;
      if (this.at === before) this.at++; // this is no JSON: go on all the same
    }
    this.at++;
    this.depth--;
    return {open, close, items, isCut: false};
  }

  /** What is nested too deep to be read, as it is. */
  #rest() {
    const text = this.text.slice(this.at);
    this.at = this.text.length;
    return {text, kind: "word"};
  }

  #key() {
    const {text} = this.#string();
    if (this.#next() === ":") this.at++;
    return text;
  }

  #string() {
    const raw = this.#match(/"(?:[^"\\]|\\.)*"?/sy) ?? "";
    const isCut = raw.length < 2 || !raw.endsWith('"');
    try {
      return {text: JSON.parse(isCut ? `${raw}"` : raw) + (isCut ? "…" : ""), kind: "text"};
    } catch {
      return {text: `${raw}…`, kind: "text"};
    }
  }

  #next() {
    this.#match(/\s*/y);
    return this.text[this.at];
  }

  #match(pattern) {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }
}
