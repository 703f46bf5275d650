// Notes what charts draw, and moves sliders and brushes. Put into the page before its own scripts.
//
// Reading a canvas back takes longer than a frame may, so what is drawn is noted: numbers as text, and a hash of all
// outlines, by which a picture is told from another. A drawing counts from the next frame on.

(() => {
  /** Every element, in shadow roots too. */
  function* elements(root = document) {
    for (const element of root.querySelectorAll("*")) {
      yield element;
      if (element.shadowRoot) yield* elements(element.shadowRoot);
    }
  }

  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const texts = new Map(); // what is drawn, and in which frame it was there
  const pictures = new WeakMap(); // of canvases: {hash, at, changes}
  let pending = new Map();

  const note = (canvas) => {
    if (pending.size === 0) {
      requestAnimationFrame((now) => {
        const drawn = pending;
        pending = new Map();
        for (const [one, {hash, words}] of drawn) {
          for (const word of words) texts.set(word, now);
          const known = pictures.get(one) ?? {hash: null, at: 0, changes: 0};
          if (known.hash !== hash) pictures.set(one, {hash, at: now, changes: known.changes + 1});
        }
      });
    }
    if (!pending.has(canvas)) pending.set(canvas, {hash: 0, words: []});
    return pending.get(canvas);
  };

  for (const name of ["rect", "fillRect", "moveTo", "lineTo", "bezierCurveTo", "arc", "fillText"]) {
    const draw = CanvasRenderingContext2D.prototype[name];
    CanvasRenderingContext2D.prototype[name] = function (...given) {
      if (this.canvas.isConnected) {
        const noted = note(this.canvas);
        if (name === "fillText") noted.words.push(given[0]);
        for (const one of given) {
          noted.hash = (noted.hash * 31 + (typeof one === "number" ? Math.round(one * 1000) : one.length)) | 0;
        }
      }
      return draw.apply(this, given);
    };
  }

  /** The charts on the page, in its order. */
  const charts = () => [...elements()].filter((one) => one.localName === "canvas" && one.width > 200);

  const changes = () => charts().map((one) => pictures.get(one)?.changes ?? 0);

  /** Numbers that are drawn as SVG, noted as those on a canvas are. */
  const readSvg = (now) => {
    for (const element of elements()) {
      if (element.localName !== "svg" || element.clientWidth < 200) continue;
      for (const text of element.querySelectorAll("text")) {
        if (!texts.has(text.textContent)) texts.set(text.textContent, now);
      }
    }
  };
  const hasSvg = () => [...elements()].some((one) => one.localName === "svg" && one.clientWidth > 200);

  const until = async (seen, patience) => {
    const start = performance.now();
    while (!seen()) {
      const now = await frame();
      if (svg) readSvg(now);
      if (now - start > patience) return null;
    }
    return performance.now() - start;
  };
  let svg = false;

  const slider = () => [...elements()].find((one) => one.matches("[role=slider], input[type=range]"));
  /** One step to the right, as by the arrow key. */
  const press = () => {
    const about = {key: "ArrowRight", code: "ArrowRight", keyCode: 39, which: 39};
    Object.assign(about, {bubbles: true, composed: true, cancelable: true});
    for (const kind of ["keydown", "keyup"]) slider().dispatchEvent(new KeyboardEvent(kind, about));
  };

  const brush = {at: 0, index: 0, canvas: null, low: 0, high: 0, step: 0};
  const point = (kind, x) => {
    const {canvas} = brush;
    const box = canvas.getBoundingClientRect();
    const about = {
      clientX: box.left + x, clientY: box.top + box.height * 0.4, button: 0, buttons: kind === "pointerup" ? 0 : 1,
      pointerId: 1, isPrimary: true, pointerType: "mouse", bubbles: true, composed: true, cancelable: true, view: window,
    };
    canvas.dispatchEvent(new PointerEvent(kind, about));
  };
  /** One step of the brush's right end; it turns back at either side. */
  const step = () => {
    if (brush.at + brush.step > brush.high || brush.at + brush.step < brush.low) brush.step = -brush.step;
    brush.at += brush.step;
    point("pointermove", brush.at);
  };

  /** Call something again and again, so many times a second, for so many seconds. */
  const repeat = async (act, rate, seconds) => {
    const start = performance.now();
    let done = 0;
    while (performance.now() - start < 1000 * seconds) {
      if (performance.now() - start >= (1000 * done) / rate) {
        act(done);
        done += 1;
      }
      await frame();
    }
    return {moves: done, seconds: (performance.now() - start) / 1000};
  };

  let running = null;
  const model = (name) => {
    for (const document of window.Bokeh.documents) {
      for (const one of document._all_models.values()) if ((one.title ?? one.name) === name) return one;
    }
    return null;
  };

  window.drawn = {
    charts: () => charts().length,
    changes,

    /** How much ink there is in each square of 8 by 8 pixels of each chart, from 0 to 255. */
    ink: () => charts().map((one) => {
      const {data} = one.getContext("2d").getImageData(0, 0, one.width, one.height);
      const across = Math.ceil(one.width / 8);
      const sums = new Array(across * Math.ceil(one.height / 8)).fill(0);
      for (let i = 0; i < data.length; i += 4) {
        const [x, y] = [(i / 4) % one.width, Math.floor(i / 4 / one.width)];
        sums[Math.floor(y / 8) * across + Math.floor(x / 8)] += data[i + 3] * (255 - data[i]) / 255;
      }
      return sums.map((sum) => sum / 64);
    }),

    texts: () => [...texts.keys()],

    /** Wait until all numbers are on screen. */
    async shows(numbers, patience) {
      return until(() => ((svg = hasSvg()), slider()) && numbers.every((one) => texts.has(one)), patience);
    },

    /** One step of the slider; milliseconds until all these numbers are drawn, or null. */
    async press(numbers, patience) {
      svg = hasSvg();
      texts.clear();
      press();
      return until(() => numbers.every((one) => texts.has(one)), patience);
    },

    /** So many steps a second; how many values of the slider were on screen, by the numbers that each value has. */
    async hold(rate, seconds, witnesses, patience) {
      svg = hasSvg();
      texts.clear();
      const seen = new Set();
      const look = () => {
        witnesses.forEach((numbers, at) => {
          if (!seen.has(at) && numbers.every((one) => texts.has(one))) seen.add(at);
        });
        return seen.has(last);
      };
      let last = -1;
      const watch = setInterval(() => { if (svg) readSvg(performance.now()); look(); }, 5);
      const told = await repeat(() => press(), rate, seconds);
      const during = (look(), seen.size);
      last = told.moves - 1;
      const after = await until(look, patience);
      clearInterval(watch);
      return {...told, seen: during, last: after};
    },

    /** Press the button over a chart and drag, from one place of its width to another. */
    grab(index, low, high, pixels) {
      const canvas = charts()[index];
      const {width} = canvas.getBoundingClientRect();
      Object.assign(brush, {index, canvas, low: width * (low + high) / 2, high: width * high, step: pixels});
      point("pointermove", width * low); // Vega asks what is below the pointer before it is pressed
      point("pointerdown", width * low);
      brush.at = brush.low;
      point("pointermove", brush.at);
    },
    release: () => point("pointerup", brush.at),

    /** To a place between where the drag may go to (0 and 1), without waiting. */
    place(fraction) {
      brush.at = Math.round(brush.low + (brush.high - brush.low) * fraction);
      point("pointermove", brush.at);
    },

    /** One step of the brush; milliseconds until every other chart has another picture, or null. */
    async move(patience) {
      const before = changes();
      step();
      return until(() => changes().every((now, at) => at === brush.index || now > before[at]), patience);
    },

    /** Drag; how many pictures each of the other charts had. Does not wait: `result` does. */
    start(rate, seconds) {
      const before = changes();
      running = repeat(step, rate, seconds).then((told) => {
        const pictures = changes().map((now, at) => now - before[at]);
        pictures.splice(brush.index, 1);
        return {...told, pictures};
      });
    },
    result: () => running,

    /** Wait until no chart has had another picture for so many milliseconds. */
    async rests(quiet) {
      let before = changes().join();
      let since = performance.now();
      while (performance.now() - since < quiet) {
        await frame();
        const now = changes().join();
        if (now !== before) [before, since] = [now, performance.now()];
      }
    },

    /** What cubes there are, once all are built. */
    async facts(patience) {
      const ask = model("facts ask");
      const number = ask.value + 1;
      ask.setv({value: number});
      const answer = model("facts answer");
      if (await until(() => answer.value.startsWith(`${number} `), patience) === null) throw new Error("no facts");
      return JSON.parse(answer.value.slice(answer.value.indexOf(" ")));
    },
  };
})();
