// Looks at the table explorer frame by frame: how long a reader waits for rows. Runs in the page.

(() => {
  const ROW = 26; // px

  /** Every element, in shadow roots too. */
  function* elements(root = document) {
    for (const element of root.querySelectorAll("*")) {
      yield element;
      if (element.shadowRoot) yield* elements(element.shadowRoot);
    }
  }

  const find = (matches) => {
    for (const element of elements()) if (matches(element)) return element;
    return null;
  };

  let table = null;
  const grid = () => (table?.isConnected ? table : (table = find((one) => one.localName === "regular-table")));
  const cells = () => [...(grid()?.querySelectorAll("tbody td") ?? [])];

  /** The first cell on screen, once no cell lacks its value; else null. */
  const shown = () => {
    const all = cells();
    return all.length === 0 || all.some((cell) => cell.dataset.is === "wait") ? null : all[0].textContent;
  };

  const until = (seen) => new Promise((resolve, reject) => {
    const start = performance.now();
    const look = () => {
      if (seen()) resolve(performance.now() - start);
      else if (performance.now() - start > 120000) reject(new Error("nothing new appeared within two minutes"));
      else requestAnimationFrame(look);
    };
    look();
  });

  const titleOf = (column) =>
    [...grid().querySelectorAll(".title")].find((one) => one.querySelector(".name").textContent === column);

  const middleOf = (element) => {
    const box = element.getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
  };

  const act = (change, seen = () => true) => {
    const before = shown();
    change();
    return until(() => ![null, before].includes(shown()) && seen());
  };

  const watch = () => {
    if (shown()) window.rowsAt = performance.now();
    else requestAnimationFrame(watch);
  };
  requestAnimationFrame(watch);

  const pictured = () => {
    const heads = [...(grid()?.querySelectorAll(".head") ?? [])];
    const isDrawn = heads.length > 0 && heads.every((head) => head.querySelector(".summary[data-shape]"));
    if (isDrawn && window.rowsAt) window.picturedAt = performance.now();
    else requestAnimationFrame(pictured);
  };
  requestAnimationFrame(pictured);

  window.grid = {
    isReady: () => Boolean(shown()),
    isCounted: () => /^[\d,]+ rows/.test(find((one) => one.className === "count")?.textContent ?? ""),
    isFresh: () => grid().closest(".explorer").dataset.state === "fresh",

    /** Milliseconds from the page's own load to its first rows. */
    afterLoad: () => window.rowsAt - performance.getEntriesByType("navigation")[0].loadEventEnd,

    /** Milliseconds from the first rows to a picture in each header on screen. */
    pictured: () => until(() => window.picturedAt).then(() => window.picturedAt - window.rowsAt),

    /** Press the button for the profile of a column, and wait for its first figures. */
    profile: (column) => {
      find((one) => one.getAttribute("aria-label") === `Profile of ${column}`).click();
      return until(() => ["estimate", "exact"].includes(find((one) => one.className === "profile")?.dataset.state));
    },

    /** To a place between the first row (0) and the last (1), as with the scroll bar. */
    jump: (fraction) => act(() => (grid().scrollTop = (grid().scrollHeight - grid().clientHeight) * fraction)),

    /** Down by so many rows. */
    scroll: (rows) => act(() => (grid().scrollTop += rows * ROW)),

    /** Press the header of a column, and wait for the first rows of its order. */
    sort: (column) => act(() => titleOf(column).click()),

    /** Where on the page that header is. */
    placeOf: (column) => middleOf(titleOf(column)),

    /** Open the menu of a column; returns where on the page an entry is. */
    entryOf: (column, label) => {
      find((one) => one.getAttribute("aria-label") === `Menu of ${column}`).click();
      return middleOf(find((one) => one.getAttribute("role") === "menuitem" && one.textContent === label));
    },

    /** Once something is pressed, wait for other first rows: `await grid.rows` gives the time from the click. */
    awaitPress: () => {
      window.grid.rows = new Promise((resolve, reject) => {
        document.addEventListener("click", () => act(() => {}).then(resolve, reject), {capture: true, once: true});
      });
    },

    /** Type a filter, and wait for the first row that passes. */
    filter: (column, text) => act(() => {
      const field = [...grid().querySelectorAll("input")].find((one) => one.getAttribute("aria-label") === `Filter ${column}`);
      field.value = text;
      field.dispatchEvent(new Event("input"));
      field.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter"}));
    }),
  };
})();
