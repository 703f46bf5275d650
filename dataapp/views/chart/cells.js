// The cells of a raster, drawn as one image: Vega takes much longer for tens of thousands of rectangles.
//
// The mark of the rectangles has a style of its own (raster.py). Wherever all cells are of one size, its dataset gets two
// rows in place of theirs, with the ends of the scales, and an image mark beside it draws them. Cells that are cut,
// around a part that is zoomed into, are drawn as rectangles.

import {Marks, expressionFunction} from "vega";
import {FROM_WIRE, tableOf} from "./wire.js";

const STYLE = "dataapp-cells";
const CELLS = "__cells"; // the column that has the image, and 0 in the other row
const ROWS = "__rows"; // the column of counts
const MOST = 4096; // cells of an image along one side
const NEAR = 1e-3; // of a cell: so exactly is one as large as others
const ASIDE = 0.05; // of a cell, by which one may lie beside its place
const SVG_SCALE = 8; // pixels of a cell in an SVG, whose viewers smooth images

/** Cells of one size, each with a number that a colour stands for, and how many rows it holds. */
export class Cells {
  constructor(across, up) {
    Object.assign(this, {across, up});
    this.shades = new Float64Array(across * up);
    this.rows = new Float64Array(across * up);
    this.domain = null; // of the colours that are painted
    this.under = null; // what the tooltip says of the cell under the pointer, if there is one
  }

  /** The image with the colours of a scale. */
  painted(scale) {
    const domain = JSON.stringify(scale.domain());
    if (domain === this.domain) return this.canvas;
    this.domain = domain;
    this.canvas = canvasOf(this.across, this.up);
    const context = this.canvas.getContext("2d");
    const image = context.createImageData(this.across, this.up);
    const pixels = new Uint32Array(image.data.buffer);
    const known = new Map();
    this.shades.forEach((shade, at) => {
      if (shade === 0) return;
      let colour = known.get(shade);
      if (colour === undefined) known.set(shade, (colour = bytesOf(scale(shade))));
      pixels[at] = colour;
    });
    context.putImageData(image, 0, 0);
    Object.defineProperty(this.canvas, "src", {get: () => enlarged(this.canvas)}); // for an SVG
    return this.canvas;
  }

  /** What the tooltip says of the cell at a place of the picture, given as shares of it; or null. */
  at(x, y) {
    const [column, row] = [Math.floor(x * this.across), Math.floor(y * this.up)];
    const rows = this.rows[row * this.across + column];
    return column >= 0 && column < this.across && rows ? {Rows: rows.toLocaleString("en-US")} : null;
  }
}

// Where there is no cell, the pointer is on what lies below the image.
const pickImage = Marks.image.pick;
Marks.image.pick = function (context, scene, x, y, across, down) {
  const item = pickImage.call(this, context, scene, x, y, across, down);
  const cells = item?.tooltip;
  if (!(cells instanceof Cells)) return item;
  cells.under = cells.at((across - item.x) / item.width, (down - item.y) / item.height);
  return cells.under && item;
};

// As an expression: `this` has the scales, as for those of Vega's own functions that read them.
expressionFunction("dataappCells", function (cells, _colour, name) {
  const scale = this.context.scales[name]?.value;
  return cells && scale ? cells.painted(scale) : null;
});

/** Lets a compiled specification draw images where it has marks of cells; returns these by their datasets. */
export function drawCells(spec) {
  const found = new Map();
  const visit = (scope, sources) => {
    const known = [...sources, ...(scope.data ?? [])];
    const marks = [];
    for (const mark of scope.marks ?? []) {
      marks.push(mark);
      if (mark.marks) visit(mark, known);
      else if ([mark.style].flat().includes(STYLE)) marks.push(...replaced(mark, scope, known, found));
    }
    if (scope.marks) scope.marks = marks;
  };
  visit(spec, []);
  return found;
}

/** Makes a mark of rectangles draw only what is no image; returns the mark that draws that. */
function replaced(mark, scope, known, found) {
  const {x, x2, y, y2, fill, opacity} = mark.encode.update;
  const data = rootOf(mark.from.data, known);
  if (![x, x2, y, y2, fill].every((one) => one?.scale && typeof one.field === "string")) {
    found.set(data, new Raster({})); // without fields, there are never images of it
    return [];
  }
  const name = `${mark.name}_cells`; // of data: marks have names among these, too
  const fields = {x: x.field, x2: x2.field, y: y.field, y2: y2.field, shade: fill.field};
  const isOther = found.has(data) && !found.get(data).isOf(fields);
  found.set(data, new Raster(isOther ? {} : fields));
  const only = (condition) => ({source: mark.from.data, transform: [{type: "filter", expr: condition}]});
  scope.data = [...(scope.data ?? []), {name, ...only(`datum["${CELLS}"]`)}, {name: `${name}_not`, ...only(`datum["${CELLS}"] == null`)}];
  mark.from = {data: `${name}_not`};
  const scale = JSON.stringify(fill.scale);
  const colour = `scale(${scale}, datum[${JSON.stringify(fill.field)}])`; // it is painted anew when this is another one
  const along = ({scale, field}) => ({scale, field});
  return [{
    type: "image",
    name: `${mark.name}_image`,
    style: mark.style,
    aria: mark.aria,
    from: {data: name},
    clip: mark.clip,
    encode: {
      update: {
        image: {signal: `dataappCells(datum["${CELLS}"], ${colour}, ${scale})`},
        tooltip: {signal: `datum["${CELLS}"]`},
        x: along(x), x2: along(x2), y: along(y), y2: along(y2),
        aspect: {value: false},
        smooth: {value: false},
        ...(opacity ? {opacity} : {}),
      },
    },
  }];
}

/** The dataset that another one is made of. */
function rootOf(name, known) {
  const source = known.find((one) => one.name === name)?.source;
  return typeof source === "string" ? rootOf(source, known) : name;
}

/** Which columns the cells of a dataset have: x, x2, y, y2, and shade, which a colour stands for. */
export class Raster {
  constructor(fields) {
    this.fields = fields;
  }

  isOf(fields) {
    return JSON.stringify(fields) === JSON.stringify(this.fields);
  }

  /** The rows for an image of a dataset as it travels, or null where its cells are not of one size. */
  rows({data, kinds}) {
    const table = tableOf(data);
    const columnOf = (field) => table.getChild(field)?.toArray();
    const [x, x2, y, y2, shade] = ["x", "x2", "y", "y2", "shade"].map((name) => columnOf(this.fields[name]));
    const counts = columnOf(ROWS);
    if (!x || !x2 || !y || !y2 || !shade || !counts || x.length === 0) return null;
    const [across, up] = [sideOf(x, x2), sideOf(y, y2)];
    if (across === null || up === null) return null;
    if (!isEven(across, kinds[this.fields.x]) || !isEven(up, kinds[this.fields.y])) return null;
    const cells = new Cells(across.count, up.count);
    let [least, most] = [Infinity, -Infinity];
    for (let at = 0; at < x.length; at++) {
      const place = (up.count - 1 - up.places[at]) * across.count + across.places[at];
      if (cells.rows[place]) return null; // two that are too close to be told apart
      cells.shades[place] = shade[at];
      cells.rows[place] = counts[at];
      least = Math.min(least, shade[at]);
      most = Math.max(most, shade[at]);
    }
    const row = (shown, ends) => {
      const {x: left, x2: right, y: bottom, y2: top, shade: colour} = this.fields;
      const told = {[left]: across.low, [right]: across.high, [bottom]: up.low, [top]: up.high, [colour]: ends};
      for (const [name, value] of Object.entries(told)) told[name] = FROM_WIRE[kinds[name]]?.(value) ?? value;
      return {...told, [CELLS]: shown};
    };
    return [row(cells, least), row(0, most)];
  }
}

/** Whether cells are of one size on screen, too: clocks are put forward and back. */
function isEven({low, size, count}, kind) {
  if (kind !== "wall") return true;
  const offset = (at) => Number(FROM_WIRE.wall(low + at * size)) - (low + at * size);
  const first = offset(0);
  return Array.from({length: count}, (_, at) => offset(at + 1)).every((one) => Math.abs(one - first) < size / 10);
}

/** How cells lie along one side: {low, high, size, count, places}, or null if they are not of one size. */
function sideOf(lows, highs) {
  let [low, high] = [Infinity, -Infinity];
  for (let at = 0; at < lows.length; at++) {
    low = Math.min(low, lows[at]);
    high = Math.max(high, highs[at]);
  }
  const count = Math.round((high - low) / (highs[0] - lows[0]));
  if (!(count >= 1 && count <= MOST)) return null;
  const size = (high - low) / count;
  const places = new Uint16Array(lows.length);
  for (let at = 0; at < lows.length; at++) {
    const place = (lows[at] - low) / size;
    places[at] = Math.round(place);
    const isCut = Math.abs(highs[at] - lows[at] - size) > NEAR * size;
    if (isCut || places[at] >= count || Math.abs(place - places[at]) > ASIDE) return null;
  }
  return {low, high, size, count, places};
}

function canvasOf(width, height) {
  const canvas = document.createElement("canvas");
  return Object.assign(canvas, {width, height});
}

function enlarged(canvas) {
  const large = canvasOf(SVG_SCALE * canvas.width, SVG_SCALE * canvas.height);
  const context = large.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, 0, 0, large.width, large.height);
  return large.toDataURL();
}

/** The bytes of an opaque colour such as `rgb(68, 1, 84)` in an image. */
function bytesOf(colour) {
  const [red, green, blue] = colour.match(/\d+/g).map(Number);
  return new Uint32Array(new Uint8ClampedArray([red, green, blue, 255]).buffer)[0];
}
