// Presses buttons of other tables and looks frame by frame until their first row is another. Runs in the page.

(() => {
  /** Everything that matches, in shadow roots too. */
  const all = (selector, root = document) => {
    const found = [...root.querySelectorAll(selector)];
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) found.push(...all(selector, element.shadowRoot));
    }
    return found;
  };

  const firstRow = (rows) => all(rows)[0]?.textContent.replace(/\s+/g, " ").trim() || null;

  const until = (seen, patience) => new Promise((resolve, reject) => {
    const start = performance.now();
    const look = () => {
      if (seen()) resolve(performance.now() - start);
      else if (performance.now() - start > patience) reject(new Error("nothing new appeared"));
      else requestAnimationFrame(look);
    };
    look();
  });

  window.peer = {
    hasRows: (rows) => firstRow(rows) !== null,

    /** Milliseconds until the first row is another one. */
    async press({rows, button, at, patience}) {
      const before = firstRow(rows);
      all(button)[at].click();
      return until(() => ![null, before].includes(firstRow(rows)), patience);
    },
  };
})();
