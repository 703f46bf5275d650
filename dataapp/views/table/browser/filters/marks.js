// Marks what is searched for in the cells on screen. The browser paints it; the cells' text stays as it is.

const NAME = "dataapp-search";

export class Marks {
  constructor(table) {
    this.table = table;
    this.ranges = [];
    this.text = "";
  }

  /** Look for another text. */
  look(text) {
    this.text = text.trim().toLowerCase();
    this.paint();
  }

  /** Mark the cells anew: they have been drawn. */
  paint() {
    const highlight = shared();
    if (!highlight || (this.text === "" && this.ranges.length === 0)) return;
    for (const range of this.ranges) highlight.delete(range);
    this.ranges = this.text === "" ? [] : [...this.#found()];
    for (const range of this.ranges) highlight.add(range);
  }

  *#found() {
    for (const cell of this.table.querySelectorAll('tbody [data-kind="text"]:not([data-is="null"])')) {
      const node = cell.firstChild;
      if (node?.nodeType !== Node.TEXT_NODE) continue;
      const lower = node.data.toLowerCase();
      if (lower.length !== node.data.length) continue; // some letters are longer in lower case
      for (let at = lower.indexOf(this.text); at >= 0; at = lower.indexOf(this.text, at + this.text.length)) {
        const range = new StaticRange({
          startContainer: node,
          startOffset: at,
          endContainer: node,
          endOffset: at + this.text.length,
        });
        yield range;
      }
    }
  }
}

/** The marks of all explorers of the page, where the browser can paint any. */
function shared() {
  if (typeof Highlight === "undefined") return null;
  if (!CSS.highlights.has(NAME)) CSS.highlights.set(NAME, new Highlight());
  return CSS.highlights.get(NAME);
}
