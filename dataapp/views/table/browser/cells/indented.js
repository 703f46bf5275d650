// Nested values, which come as JSON, on lines of their own. Numbers stay as they are written: a browser holds not all.

const DEEPEST = 40; // levels that are indented: a thousand brackets would else be a million spaces
const SHORT = 48; // characters; what is shorter stays on its line

/** "{\n  \"a\": 1\n}" for '{"a":1}', where that is too long for a line; other text as it is. */
export function indented(text) {
  if (!/^[[{]/.test(text) || text.length <= SHORT) return text;
  const parts = text.match(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s"[\]{},:]+/g) ?? [];
  let [made, depth] = ["", 0];
  const line = () => `\n${"  ".repeat(Math.min(depth, DEEPEST))}`;
  for (const [at, part] of parts.entries()) {
    if (part === "{" || part === "[") {
      depth += 1;
      made += isClosing(parts[at + 1]) ? part : part + line();
    } else if (isClosing(part)) {
      depth -= 1;
      made += isOpening(parts[at - 1]) ? part : line() + part;
    } else if (part === ",") made += part + line();
    else if (part === ":") made += ": ";
    else made += part;
  }
  return made;
}

const isOpening = (part) => part === "{" || part === "[";
const isClosing = (part) => part === "}" || part === "]";
