// Draws a chart with Vega. The view is made once; afterwards its data, size, colours and selections change in place.
//
// Messages from Python:
//   {type: "chart", revision, plan, spec?, window?, parameters?, name?, parts?, datasets: [{name, kinds, data}],
//    selections?}: its data are bytes, or as text those of few rows; its window is what Python knows of what is in sight
//   {type: "select", name, value}
//   {type: "tiles", plan, mover, number?, widget?, field?, datasets?}: to draw by itself while `mover` is dragged, or with the
//    value of a widget, by its tag; null ends that
//   {type: "file", ticket, name?, bytes?, message?}: without bytes it could not be made
// Messages to Python:
//   {type: "ready"} | {type: "selection", name, value, steps?, names?, answer?} | {type: "problem", plan, message}
//   {type: "take", ticket, kind, part}
//   {type: "window", plan, ends: {selection: {field: [low, high]}}, columns, width}: what is in sight along the axes that
//    are zoomed, and how many pixels of the screen and of the page there are across; of a new picture, only if Python knows
//    of another zoom, of fewer pixels, or where rows fit the page, of another width
//   {type: "press"}: the pointer was pressed where it drags over something; {type: "release"}: it was let go after a drag
//   {type: "unlike", tiles}: those of this number do not tell what is to be drawn now
//   {type: "drawn", tiles, moves}: so many moves were drawn with those of this number
//   {type: "seen", root, view, seen}: see sight.js

import {View, Warn, loader as vegaLoader, logger, parse} from "vega";
import {expressionInterpreter} from "vega-interpreter";
import {compile} from "vega-lite";
import {isKnown} from "../known.js";
import {hearNear} from "../nearing.js";
import {drawCells} from "./cells.js";
import {makeChips} from "./chips.js";
import {wallToLocal} from "./clock.js";
import {Follower} from "./follower.js";
import {SPAN, fitLevels, zoomLevels} from "./levels.js";
import {move, rest} from "./moves.js";
import {Newest} from "./newest.js";
import {Pacer} from "./pacer.js";
import {columnOf, fieldsOfNames, isOfNames, pixelSteps, readSelection, sameSelection, writeSelection} from "./selecting.js";
import {noteWaiting, watchSight} from "./sight.js";
import {TakeMenu} from "./takemenu.js";
import {inkOf, themeConfig, watchInk} from "./theme.js";
import {makeTip} from "./tip.js";
import css from "./vega.css";
import {TO_WIRE, decode} from "./wire.js";
import {plotWidth, readZoom, writeZoom, zoomNames} from "./zoom.js";

const FONT_WITHIN = 500; // ms
const ZOOM_RESTS = 150; // ms
const WIDTH_RESTS = 200; // ms
const LET_GO = ["pointerup", "pointercancel"];
const BESIDE = 50; // pixels that an axis takes beside a plot, more or less

const kept = new WeakMap(); // by view what it shows: tabs may draw the same view again when they are opened again
const zooms = new Map(); // by component what its reader zoomed into: dynamic tabs make it anew then

/** Vega's loader for a page that loads nothing from elsewhere: links to pages may be followed, nothing is fetched.
 * Addresses are constants of the specification (`addresses.py` refuses others); this holds if one should slip through. */
function closedLoader() {
  const loader = vegaLoader();
  const follow = loader.sanitize.bind(loader);
  loader.load = (uri) => Promise.reject(new Error(`Charts load nothing: ${uri}`));
  loader.sanitize = (uri, options) =>
    (options?.context === "href" ? !/^\s*(data|file):/i.test(uri) : /^data:image\/(png|jpeg|gif|webp);/i.test(uri))
      ? follow(uri, options)
      : Promise.reject(new Error(`Charts load nothing: ${uri}`));
  return loader;
}

/** Warnings of Vega-Lite, without the one that it gives for each chart of fluid width and discrete height. */
function compileLogger() {
  const log = logger(Warn);
  const warn = log.warn.bind(log);
  log.warn = (...parts) => (/^Dropping "fit-/.test(parts[0]) ? log : warn(...parts));
  return log;
}

/** Waits until the font around the chart is there, but not for long. */
function fontOf(host) {
  const late = new Promise((resolve) => setTimeout(resolve, FONT_WITHIN));
  return Promise.race([document.fonts.load(`12px ${getComputedStyle(host).fontFamily}`).catch(() => {}), late]);
}

/** One view on the page: a specification, embedded in a host element. */
class Picture {
  constructor(host, message, sendSelection, showSelection, sendWindow) {
    this.host = host;
    this.sendWindow = sendWindow;
    this.sendSelection = sendSelection;
    this.showSelection = showSelection;
    this.plan = message.plan;
    this.parameters = new Map(message.parameters.map((parameter) => [parameter.name, parameter]));
    this.fills = message.spec.width === "container";
    this.known = new Map(); // what Python knows of each selection
    this.names = new Map(); // by selection, the fields along which values stand side by side
    this.changed = new Set();
    this.toldIn = null; // which frame, by its time
    this.fitted = 0; // the width that it was last given; 0 for one that was drawn where it had none
    this.quiet = false; // while selections are set from outside
    this.wasPressed = false; // since it was told to be quiet
    this.madeRoom = false; // for labels that were wider than the first ones
    this.kinds = {};
    this.zoomed = zoomNames(message.spec);
    const {fits, ...told} = message.window;
    this.fits = fits; // whether rows depend on the width of the page
    this.told = told; // what Python knows of what is in sight
  }

  async draw(message) {
    await fontOf(this.host); // texts that are measured in another font are cut off when they are drawn again
    const narrow = this.host.clientWidth > 0 && this.host.clientWidth < 480;
    this.spec = compile(message.spec, {config: themeConfig(this.host, narrow), logger: compileLogger()}).spec;
    this.rasters = drawCells(this.spec);
    const width = this.spec.signals?.find(({name}) => name === "width");
    if (width) {
      delete width.on; // it would follow the window, before `resize` can keep what is selected
      delete width.init; // it would look at the host, which knows no view yet
      width.value = this.host.clientWidth;
    }
    this.tip = makeTip(this.host.parentNode);
    this.view = new View(parse(this.spec, null, {ast: true}), {
      expr: expressionInterpreter,
      hover: true,
      loader: closedLoader(),
      logLevel: Warn,
      renderer: "canvas",
      tooltip: this.tip.show,
    });
    for (const [name, value] of Object.entries(inkOf(this.host))) this.view.signal(name, value);
    this.fill(message.datasets);
    this.fit();
    await this.view.runAsync();
    if (!this.fills) await fitLevels(this.view, plotWidth(this.view)).runAsync();
    for (const [name, parameter] of this.parameters) {
      this.names.set(name, fieldsOfNames(this.view, this.spec, parameter));
      this.view.addSignalListener(name, () => this.noteChange(name));
    }
    this.zoomed = this.zoomed.filter((name) => name in this.view._runtime.signals); // others are those of repeated views
    for (const name of this.zoomed) this.view.addSignalListener(name, () => this.noteZoom());
    this.view.initialize(this.host); // only now: what can be seen can be pressed
    const canDrag = !message.parameters.some(({kind}) => kind === "interval");
    this.zoomNoMore = zoomLevels(this.view, this.host, canDrag, () => this.tip.hide());
    await this.view.runAsync();
  }

  /** Whether something can be dragged over. */
  get isBrushed() {
    return [...this.parameters.values()].some(({kind}) => kind === "interval");
  }

  noteZoom() {
    this.tip.hide(); // of what no longer lies under the pointer
    this.noteWindow(ZOOM_RESTS);
  }

  /** Tells Python what is in sight once it rests: while a plot is dragged, or the edge of its window, nothing is asked. */
  noteWindow(rests) {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      if (!this.view) return; // it is still being drawn, and tells then
      const shown = this.window();
      if (JSON.stringify(shown) === JSON.stringify(this.told)) return;
      this.told = shown;
      this.sendWindow(shown);
    }, rests);
  }

  window() {
    const zoomOf = (name) => Object.entries(this.view.signal(name) ?? {}).filter(([, ends]) => ends) // in facets, of all
      .map(([field, ends]) => [columnOf(this.spec, name, field), ends])
      .map(([column, ends]) => [column, ends.map(TO_WIRE[this.kinds[column]] ?? Number)]);
    const ends = this.zoomed.map((name) => [name, zoomOf(name)]).filter(([, fields]) => fields.length);
    const width = plotWidth(this.view);
    return {
      ends: Object.fromEntries(ends.map(([name, fields]) => [name, Object.fromEntries(fields)])),
      columns: Math.ceil(width * devicePixelRatio),
      width,
    };
  }

  /** Tells what Python cannot know of a new picture. Of fewer pixels than a line was drawn for, it need not. */
  noteDrawn() {
    const {ends, columns, width} = this.window();
    const isOther = columns > this.told.columns || (this.fits && width !== this.told.width);
    if (isOther || JSON.stringify(ends) !== JSON.stringify(this.told.ends)) this.noteWindow(0);
  }

  fill(datasets) {
    for (const dataset of datasets) {
      Object.assign(this.kinds, dataset.kinds);
      this.view.data(dataset.name, this.rasters.get(dataset.name)?.rows(dataset) ?? decode(dataset));
    }
  }

  refill(datasets) {
    return this.replace(() => this.fill(datasets));
  }

  /** Draws other rows, as {name, rows}. */
  redraw(datasets) {
    return this.replace(() => datasets.forEach(({name, rows}) => this.view.data(name, rows)));
  }

  async replace(change) {
    await this.keeping(change);
    if (!this.madeRoom && !this.isCutOff()) return;
    this.madeRoom = true; // from now on it is laid out for its rows each time, so that the same rows give the same picture
    await this.keeping(() => this.view.resize());
  }

  /** Whether wider labels of an axis have pushed something over the edge of the canvas. */
  isCutOff() {
    const {bounds} = this.view.scenegraph().root;
    const [left, top] = this.view.origin();
    return bounds.x1 < -left - 1 || bounds.y1 < -top - 1;
  }

  /** Changes what scales depend on, and keeps what is selected: Vega-Lite clears brushes over names then. */
  async keeping(change) {
    const brushes = [...this.parameters.values()].filter((one) => isOfNames(this.view, this.spec, one));
    if (brushes.length) this.report(); // what was dragged until now
    this.quiet = brushes.length > 0;
    this.wasPressed = false;
    let dragged = [];
    try {
      change();
      await this.view.runAsync();
      if (brushes.length) dragged = await this.putBack(brushes);
    } finally {
      this.quiet = false;
      for (const {name} of dragged) this.noteChange(name);
    }
  }

  /** Puts brushes back, but for those that were dragged anew meanwhile: it returns them. */
  async putBack(brushes) {
    await new Promise((resolve) => setTimeout(resolve)); // where axes changed their size, Vega lays out once more
    const others = brushes.filter(({name}) => !sameSelection(this.read(name), this.known.get(name) ?? null));
    const cleared = others.filter(({name}) => this.known.get(name) && !this.wasPressed);
    for (const parameter of cleared) {
      writeSelection(this.view, this.spec, parameter, this.toLocal(this.known.get(parameter.name)));
    }
    await this.view.runAsync();
    return others.filter((one) => !cleared.includes(one));
  }

  fit() {
    if (!this.fills || this.host.clientWidth === 0) return;
    this.fitted = this.host.clientWidth;
    this.view.width(this.fitted);
    fitLevels(this.view, this.fitted - BESIDE);
  }

  async resize() {
    this.tip.hide(); // of what no longer lies under the pointer
    await this.keeping(() => {
      this.fit();
      this.view.resize();
    });
    this.noteWindow(WIDTH_RESTS);
  }

  async restyle() {
    for (const [name, value] of Object.entries(inkOf(this.host))) this.view.signal(name, value);
    await this.view.runAsync();
  }

  async select(name, value) {
    const parameter = this.parameters.get(name);
    if (!parameter) return;
    this.quiet = true;
    try {
      writeSelection(this.view, this.spec, parameter, this.toLocal(value));
      await this.view.runAsync();
    } finally {
      this.quiet = false;
      this.keep(name, this.read(name));
    }
  }

  readZoom() {
    if (!this.view) return {kinds: this.kinds, ends: new Map()};
    const ends = readZoom(this.view, this.zoomed);
    if (SPAN in this.view._runtime.signals) ends.set(SPAN, this.view.signal(SPAN));
    return {kinds: this.kinds, ends};
  }

  /** Zooms as another picture of the chart was zoomed, unless its columns were of other kinds. */
  async zoom({kinds, ends}) {
    if (Object.keys(kinds).some((name) => name in this.kinds && this.kinds[name] !== kinds[name])) return;
    writeZoom(this.view, ends);
    await this.view.runAsync();
  }

  keep(name, value) {
    this.known.set(name, value);
    this.showSelection(name, value, this.kinds, this.names.get(name));
  }

  async clear(name) {
    await this.select(name, null);
    this.sendSelection(this.parameters.get(name) ?? {name}, null);
  }

  read(name) {
    return readSelection(this.view.signal(name), this.parameters.get(name), this.toWire, this.spec);
  }

  /** Returns a selection with times as the view has them. */
  toLocal(value) {
    return value && Object.fromEntries(
      Object.entries(value).map(([field, values]) => [
        field,
        this.kinds[field] === "wall" ? values.map((one) => (typeof one === "number" ? wallToLocal(one) : one)) : values,
      ]),
    );
  }

  toWire = (field, value) => {
    const convert = TO_WIRE[this.kinds[field]];
    return convert && (typeof value === "number" || value instanceof Date) ? convert(value) : value;
  };

  /** Tells of changes once for each frame: at once, since charts that follow are then drawn in the same one. */
  noteChange(name) {
    if (this.quiet) return;
    const hasTold = this.toldIn === document.timeline.currentTime;
    if (this.changed.size === 0) (hasTold ? requestAnimationFrame : queueMicrotask)(() => this.report());
    this.changed.add(name);
  }

  report() {
    if (this.changed.size) this.toldIn = document.timeline.currentTime;
    for (const name of this.changed) {
      const value = this.read(name);
      if (sameSelection(value, this.known.get(name) ?? null)) continue;
      this.keep(name, value);
      const parameter = this.parameters.get(name);
      const steps = pixelSteps(this.view, this.spec, parameter, this.toWire);
      this.sendSelection(parameter, value, steps, this.names.get(name));
    }
    this.changed.clear();
  }

  finalize() {
    clearTimeout(this.resting);
    this.zoomNoMore?.();
    this.view?.finalize();
    this.tip?.remove();
    this.host.replaceChildren();
  }
}

export function initialize({model}) {
  noteWaiting(model);
}

export function render({model, el, view}) {
  const known = kept.get(view);
  if (known) {
    el.append(...known.nodes);
    model.on("remove", known.close);
    return;
  }
  const style = document.createElement("style");
  style.textContent = css;
  const host = document.createElement("div");
  host.className = "chart";
  const around = document.createElement("div");
  around.className = "frame";
  around.append(host);
  const takes = new TakeMenu(around, (ticket, kind, part) => model.send_msg({type: "take", ticket, kind, part}));
  const chips = makeChips((name) => enqueue(() => picture?.clear(name)));
  el.append(style, around, chips.element);

  let picture = null;
  let isHeld = false; // by a pointer
  const newest = new Newest();
  let frame = 0;
  let queue = Promise.resolve();
  const enqueue = (work) => {
    queue = queue.then(work).catch((error) => {
      console.error(error);
      model.send_msg({type: "problem", plan: picture?.plan ?? 0, message: String(error?.message ?? error)});
    });
  };

  const pacer = new Pacer((name, value, steps, names, answer) => {
    model.send_msg({type: "selection", name, value, steps, names, answer});
  });

  const follower = new Follower(view, {
    enqueue,
    redraw: (datasets) => picture?.redraw(datasets),
    refuse: (number) => model.send_msg({type: "unlike", tiles: number}),
    drew: (number, moves) => model.send_msg({type: "drawn", tiles: number, moves}),
  });

  async function show(message) {
    if (newest.passes(message, picture?.plan)) return;
    if (picture?.plan === message.plan) {
      if (picture.revision !== message.revision) await picture.refill(message.datasets);
      await follower.catchUp();
    } else if (message.spec) {
      const zoom = picture ? picture.readZoom() : zooms.get(model.id);
      picture?.finalize();
      const send = ({name, moves}, value, steps = {}, names = []) => {
        const isFollowed = isHeld && Boolean(moves) && move(moves, value);
        pacer.put(isFollowed, name, value, steps, names);
      };
      const sendWindow = (shown) => model.send_msg({type: "window", plan: message.plan, ...shown});
      follower.take({}); // what there was is of another plan
      picture = new Picture(host, message, send, chips.show, sendWindow);
      chips.start(message.parameters);
      await picture.draw(message);
      takes.show(picture, message);
      if (zoom?.ends.size) await picture.zoom(zoom);
      picture.noteDrawn();
      for (const [name, value] of Object.entries(message.selections ?? {})) await picture.select(name, value);
    }
    if (picture) picture.revision = message.revision;
  }

  model.on("msg:custom", (event) => {
    const message = event.data ?? event;
    if (message.type === "chart") {
      newest.note(message);
      enqueue(() => show(message));
    } else if (message.type === "select") {
      enqueue(() => picture?.select(message.name, message.value));
    } else if (message.type === "answered") {
      enqueue(() => pacer.answered()); // once all that came before is drawn
    } else if (message.type === "tiles") {
      enqueue(() => (message.plan === picture?.plan ? follower.take(message) : follower.refuse(message.number)));
    } else if (message.type === "file") {
      takes.receive(message);
    }
  });

  const onNextFrame = (work) => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => enqueue(work));
  };
  const sizes = new ResizeObserver(() => {
    if (host.clientWidth === 0 || host.clientWidth === picture?.fitted) return; // its height follows from the chart
    if (!picture?.fills) return;
    picture.noteWindow(WIDTH_RESTS); // also here: a busy page draws it late
    onNextFrame(() => picture?.fills && picture.resize());
  });
  sizes.observe(host);
  host.addEventListener("pointerdown", () => {
    if (!picture?.isBrushed) return;
    picture.wasPressed = isHeld = true;
    pacer.hold();
    model.send_msg({type: "press"});
  });
  const release = () => {
    if (!isHeld) return;
    picture?.report(); // what was dragged until now
    isHeld = false;
    pacer.release();
    for (const {moves} of picture?.parameters.values() ?? []) rest(moves);
    model.send_msg({type: "release"});
  };
  for (const kind of LET_GO) addEventListener(kind, release, true);
  const unwatch = watchInk(host, () => enqueue(() => picture?.restyle()));
  const unwatchSight = watchSight(model, view);
  const hearNoMore = hearNear(model, view);

  const close = () => {
    unwatchSight();
    follower.take({});
    release();
    hearNoMore();
    for (const kind of LET_GO) removeEventListener(kind, release, true);
    pacer.stop();
    sizes.disconnect();
    unwatch();
    takes.close();
    const zoom = picture?.readZoom();
    if (zoom?.ends.size) zooms.set(model.id, zoom);
    picture?.finalize();
    picture = null;
    kept.delete(view);
  };
  model.on("remove", close);
  kept.set(view, {nodes: [style, around, chips.element], close});
  isKnown(view);
  if (model.opening) enqueue(() => show(model.opening)); // of a page in a file, which nobody answers
  model.send_msg({type: "ready"});
}
