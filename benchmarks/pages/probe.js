// Moves a slider and waits, frame by frame, until what it changes is on screen. Runs in the page.

(() => {
  /** Every element, in shadow roots too. */
  function* elements(root = document) {
    for (const element of root.querySelectorAll("*")) {
      yield element;
      if (element.shadowRoot) yield* elements(element.shadowRoot);
    }
  }

  const model = (name) => {
    for (const document of window.Bokeh.documents) {
      for (const one of document._all_models.values()) if ((one.title ?? one.name) === name) return one;
    }
    return null;
  };

  /** The switch of a page that Bokeh has no part in. */
  const toggle = () => {
    for (const element of elements()) if (element.matches("[role=switch]")) return element;
    return null;
  };

  const MARKS = 1000;
  const CELLS = "td, .tabulator-cell, [role=gridcell]";

  /** The first row of a table, as digits; one of its cells holds the value that the rows were asked for. */
  const firstRow = () => {
    for (const element of elements()) {
      if (!element.matches(CELLS)) continue;
      const row = [...element.parentElement.children].filter((one) => one.matches(CELLS));
      if (row.length > 2) return row.map((cell) => cell.textContent.replace(/\D/g, ""));
    }
    return null;
  };

  // Reading a canvas back takes a large part of a frame. It is read only after something was drawn, and not all of it.
  const EVERY = 4; // lines of pixels
  let strokes = 0;
  for (const name of ["stroke", "fill", "fillRect", "drawImage", "putImageData"]) {
    const draw = CanvasRenderingContext2D.prototype[name];
    CanvasRenderingContext2D.prototype[name] = function (...what) {
      strokes += 1;
      return draw.apply(this, what);
    };
  }

  const hash = (numbers) => {
    let sum = 0;
    for (const number of numbers) sum = (sum * 31 + number) | 0;
    return sum;
  };

  /** What a canvas shows, as a number; null while it has no coloured marks. */
  const canvasPicture = (canvas) => {
    const {width, height} = canvas;
    const {data} = canvas.getContext("2d", {willReadFrequently: true}).getImageData(0, 0, width, height);
    const pixels = new Int32Array(data.buffer);
    let coloured = 0;
    let sum = 0;
    for (let line = 0; line < height; line += EVERY) {
      for (let at = line * width; at < (line + 1) * width; at++) {
        sum = (sum * 31 + pixels[at]) | 0;
        if (data[4 * at + 3] > 128 && Math.abs(data[4 * at] - data[4 * at + 2]) > 40) coloured++;
      }
    }
    return coloured > 200 / EVERY ? sum : null;
  };

  /** The same of an SVG, by the outlines of its marks and where they are: of as many as tell whether it is another one. */
  const svgPicture = (svg) => {
    const marks = [...svg.querySelectorAll(".role-mark path, .role-mark line")].slice(0, MARKS);
    const outlines = marks.map((mark) => ["d", "transform", "x2", "y2"].map((name) => mark.getAttribute(name)).join()).join();
    return outlines.length > 200 ? hash([...outlines].map((letter) => letter.charCodeAt(0))) : null;
  };

  const picture = () => {
    for (const element of elements()) {
      const seen = element.localName === "canvas" && element.width > 300 ? canvasPicture(element)
        : element.localName === "svg" && element.clientWidth > 300 ? svgPicture(element) : null;
      if (seen !== null) return seen;
    }
    return null;
  };

  const isCanvas = () => [...elements()].some((element) => element.localName === "canvas" && element.width > 300);

  /** The picture before something happens: of a canvas the last one that was looked at, if nothing was drawn since. */
  let last = {strokes: -1, picture: null};
  const pictureNow = () => {
    if (last.strokes !== strokes || !isCanvas()) last = {strokes, picture: picture()};
    return last.picture;
  };

  /** Returns what looks for a picture again and again, and only where something was drawn since. */
  const looker = (looked = -1) => () => {
    if (isCanvas() && looked === strokes) return null;
    looked = strokes;
    return pictureNow();
  };

  const until = (seen) => new Promise((resolve, reject) => {
    const end = performance.now() + 300000;
    const look = () => {
      if (seen()) resolve(performance.now());
      else if (performance.now() > end) reject(new Error("nothing new appeared within five minutes"));
      else requestAnimationFrame(look);
    };
    look();
  });

  window.probe = {
    isReady: (show) => !!window.Bokeh?.documents?.length && (show === "table" ? firstRow() : picture()) !== null,

    /** Milliseconds from setting the slider to the table or chart on screen. */
    async move(show, value, set = (to) => model("least").setv({value: to})) {
      const before = show === "table" ? null : pictureNow();
      const look = looker(strokes);
      const start = performance.now();
      set(value);
      const seen = show === "table"
        ? () => firstRow()?.slice(0, 4).includes(String(value))
        : () => ![null, before].includes(look());
      return (await until(seen)) - start;
    },

    /** Whether a page whose chart is yet to appear has its controls. */
    isWaiting: () => (window.Bokeh?.documents?.length ? model("shown") !== null : toggle() !== null),

    /** Let the chart of the page appear. `probe.drawn` becomes the milliseconds until it is drawn, without an answer here:
     * a page that hangs gives none. */
    appear() {
      const look = looker();
      const start = performance.now();
      if (window.Bokeh) model("shown").setv({value: 1});
      else toggle().click();
      until(() => look() !== null).then((end) => (window.probe.drawn = end - start));
    },

    /** Move to each value as soon as the one before is on screen; seconds in all. */
    async chase(show, values) {
      const start = performance.now();
      for (const value of values) await probe.move(show, value);
      return (performance.now() - start) / 1000;
    },

    /** Move to another value in each frame, as somebody drags; pictures a second. Those that are answered later do not count. */
    async drag(show, values) {
      const look = looker(strokes);
      const start = performance.now();
      let before = pictureNow();
      let pictures = 0;
      for (const value of values) {
        model("least").setv({value});
        await new Promise((resolve) => requestAnimationFrame(resolve));
        const now = look();
        if ([null, before].includes(now)) continue;
        before = now;
        pictures += 1;
      }
      return (1000 * pictures) / (performance.now() - start);
    },

    /** What cubes there are, once all are built. */
    async facts(number) {
      model("facts ask").setv({value: number});
      const answer = model("facts answer");
      await until(() => answer.value.startsWith(`${number} `));
      return JSON.parse(answer.value.slice(answer.value.indexOf(" ")));
    },

    /** Milliseconds of the raw query, in the server. */
    async raw(value) {
      model("raw ask").setv({value});
      const answer = model("raw answer");
      await until(() => answer.value.startsWith(`${value} `));
      return Number(answer.value.split(" ")[1]);
    },
  };
})();
