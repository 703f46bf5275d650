// Selections of Vega-Lite, read from and written into a running view.
//
// Vega-Lite compiles an interval selection `brush` into signals in the scope of its view: `brush_x` (pixels),
// `brush_<field>` (values) and `brush_tuple_fields`; and into a dataset `brush_store` and a signal `brush` at the top.
// Where a field is called like a channel, the signal of the pixels is numbered: `brush_x_1`. Along a time unit the field
// is the unit's, `yearmonth_<field>`, where a drag means the times between its ends.

const ROW_ID = "_vgsid_";
const units = new WeakMap(); // by compiled specification
const listed = new WeakMap(); // the same
const scales = new WeakMap(); // the same

/** Returns {field: values} of a selection's signal, or null when nothing is selected. */
export function readSelection(value, parameter, convert, spec) {
  const selected = {};
  for (const [name, values] of Object.entries(value ?? {})) {
    if (name === ROW_ID || !Array.isArray(values) || values.length === 0) continue;
    const field = columnOf(spec, parameter.name, name);
    const converted = values.map((one) => convert(field, one));
    const isOrdered = parameter.kind === "interval" && !isListed(spec, parameter.name, name);
    const isRange = isOrdered && converted.every((one) => typeof one === "number");
    selected[field] = isRange ? converted.sort((a, b) => a - b) : converted;
  }
  return Object.keys(selected).length ? selected : null;
}

/** Returns the fields of an interval along which values stand side by side, so that not even two of them are a range. */
export function fieldsOfNames(view, spec, {name, kind}) {
  if (kind !== "interval") return [];
  return intervalSignals(view, name).map(({field}) => field).filter((field) => isListed(spec, name, field));
}

/** Whether two selections are the same, but for what is lost on the way from values to pixels and back. */
export function sameSelection(one, other) {
  if (one === null || other === null) return one === other;
  const fields = Object.keys(one);
  if (fields.length !== Object.keys(other).length) return false;
  return fields.every((field) => {
    const [a, b] = [one[field], other[field]];
    if (!b || a.length !== b.length) return false;
    const slack = typeof a[0] === "number" ? Math.abs(a.at(-1) - a[0]) * 1e-6 : 0;
    return a.every((value, i) => value === b[i] || Math.abs(value - b[i]) <= slack);
  });
}

/** Returns {field: [from, to, pixels]} for the fields of an interval on an even scale: where its ends can lie. */
export function pixelSteps(view, spec, parameter, convert) {
  const {name, kind} = parameter;
  const steps = {};
  if (kind !== "interval") return steps;
  for (const {field: known, channel, signals} of intervalSignals(view, name)) {
    const field = columnOf(spec, name, known);
    const scale = scaleOf(view, spec, channel, signals);
    if (!scale || !["linear", "time", "utc"].includes(scale.type)) continue;
    const ends = scale.domain().map((end) => convert(field, end));
    const pixels = Math.round(Math.abs(scale.range().at(-1) - scale.range()[0]));
    if (ends.length !== 2 || pixels < 1 || !ends.every((end) => Number.isFinite(end))) continue;
    steps[field] = [Math.min(...ends), Math.max(...ends), pixels];
  }
  return steps;
}

/** Whether a selection is an interval over names along one of its axes. */
export function isOfNames(view, spec, {name, kind}) {
  return kind === "interval" && intervalSignals(view, name).some(
    ({channel, signals}) => ["band", "point"].includes(scaleOf(view, spec, channel, signals)?.type),
  );
}

/** Sets a selection from outside; the view has to run afterwards. */
export function writeSelection(view, spec, parameter, selected) {
  const {name, kind} = parameter;
  const fields = find(view._runtime, "signals", `${name}_tuple_fields`)?.value ?? [];
  if (kind === "point") {
    const known = fields.filter(({field}) => selected?.[field]);
    const count = known.length ? selected[known[0].field].length : 0;
    const tuples = Array.from({length: count}, (_, i) => ({
      unit: "", fields: known, values: known.map(({field}) => selected[field][i]),
    }));
    view.data(`${name}_store`, tuples);
    return;
  }
  for (const {field, channel, signals} of intervalSignals(view, name)) {
    const pixels = find(view._runtime, "signals", signals.pixels);
    const scale = scaleOf(view, spec, channel, signals);
    if (!pixels) continue;
    const values = selected?.[columnOf(spec, name, field)];
    view.update(pixels, values && scale ? extent(scale, values) : [0, 0]);
  }
}

/** Returns the fields of an interval selection with the names of their signals, as Vega-Lite names them. */
export function intervalSignals(view, name) {
  const taken = new Set();
  const named = (suffix) => {
    const base = `${name}_${suffix}`.replace(/\W/g, "_");
    let signal = base;
    for (let number = 1; taken.has(signal); number++) signal = `${base}_${number}`;
    taken.add(signal);
    return signal;
  };
  const fields = find(view._runtime, "signals", `${name}_tuple_fields`)?.value ?? [];
  return fields.map(({field, channel}) => ({
    field, channel, signals: {values: named(field), pixels: named(channel)},
  }));
}

/** Returns the column whose values an interval selection has along a field: of a time unit, the one underneath. */
export function columnOf(spec, selection, field) {
  if (!units.has(spec)) units.set(spec, columnsOfUnits(spec));
  return units.get(spec).get(keyOf({selection, field})) ?? field;
}

/** Whether Vega-Lite takes what is dragged over along a field for a list of values. */
function isListed(spec, selection, field) {
  if (!listed.has(spec)) listed.set(spec, new Set(tupleFields(spec).filter(({type}) => type === "E").map(keyOf)));
  return listed.get(spec).has(keyOf({selection, field}));
}

const keyOf = ({selection, field}) => `${selection} ${field}`;

/** Returns the fields that all selections of a specification tell of: {selection, field, type}. */
function tupleFields(node) {
  if (node === null || typeof node !== "object") return [];
  const [, selection] = node.name?.match?.(/^(.+)_tuple_fields$/) ?? [];
  const own = selection ? (node.value ?? []).map(({field, type}) => ({selection, field, type})) : [];
  return [...own, ...Object.values(node).flatMap(tupleFields)];
}

/** Returns the columns by selection and field, where a selection runs along a time unit on an axis of times. */
function columnsOfUnits(spec) {
  const transforms = new Map();
  const walk = (node) => {
    if (node === null || typeof node !== "object") return;
    if (node.type === "timeunit" && node.units?.[0] === "year") transforms.set(node.as?.[0], node.field);
    Object.values(node).forEach(walk);
  };
  walk(spec);
  const known = tupleFields(spec).filter(({field, type}) => type === "R" && transforms.has(field));
  return new Map(known.map((one) => [keyOf(one), transforms.get(one.field)]));
}

/** Returns where values lie on a scale, in pixels; of categories, from the first to the end of the last. */
function extent(scale, values) {
  const places = values.map((value) => scale(value)).filter((place) => place !== undefined);
  if (places.length === 0) return [0, 0];
  return [Math.min(...places), Math.max(...places) + (scale.bandwidth?.() ?? 0)];
}

function scaleOf(view, spec, channel, signals) {
  return find(view._runtime, "scales", scaleName(spec, signals.pixels) ?? channel)?.value;
}

/** Returns the name of the scale by which the compiled specification turns the pixels of a signal into values. */
function scaleName(spec, pixels) {
  if (!scales.has(spec)) scales.set(spec, new Map());
  const known = scales.get(spec);
  if (!known.has(pixels)) {
    const found = JSON.stringify(spec).match(new RegExp(`invert\\(\\\\"([^"\\\\]+)\\\\", ?${pixels}\\)`));
    known.set(pixels, found?.[1]);
  }
  return known.get(pixels);
}

/** Returns a signal or scale of a view by name, wherever in its groups it is. */
export function find(context, kind, name) {
  if (context[kind]?.[name]) return context[kind][name];
  for (const inner of context.subcontext ?? []) {
    const found = find(inner, kind, name);
    if (found) return found;
  }
  return undefined;
}
