// What is selected in a chart, as chips under it that can be taken away; while nothing is, how to select.

const HINTS = {interval: "Drag to select", point: "Click to select; Shift adds"};
const MOST_VALUES = 3; // of a list; the rest is counted
const DAY = 86_400_000;

const numbers = new Intl.NumberFormat(undefined, {maximumSignificantDigits: 6});

/** Returns a range of times as people write it; whole days where it spans some. */
function timesToText([low, high], timeZone) {
  const style = {dateStyle: "medium", timeZone, ...(high - low < 2 * DAY ? {timeStyle: "short"} : {})};
  return new Intl.DateTimeFormat(undefined, style).formatRange(low, high);
}

function valueToText(value, kind) {
  if (value == null) return "no value";
  if (typeof value !== "number") return String(value);
  if (kind !== "wall" && kind !== "instant") return numbers.format(value);
  const timeZone = kind === "wall" ? "UTC" : undefined;
  const style = value % DAY === 0 ? {dateStyle: "medium"} : {dateStyle: "medium", timeStyle: "short"};
  return new Intl.DateTimeFormat(undefined, {...style, timeZone}).format(value);
}

/** Returns the values of a field in a selection as text. */
export function selectedToText(values, kind, isRange) {
  if (isRange && values.length === 2 && values.every((value) => typeof value === "number")) {
    if (kind === "wall" || kind === "instant") return timesToText(values, kind === "wall" ? "UTC" : undefined);
    return `${numbers.format(values[0])} – ${numbers.format(values[1])}`;
  }
  const first = values.slice(0, MOST_VALUES).map((value) => valueToText(value, kind)).join(", ");
  return values.length > MOST_VALUES ? `${first} and ${values.length - MOST_VALUES} more` : first;
}

/** Makes one chip with a button that takes it away; the label says to those who cannot see what that clears. */
export function makeChip(text, name, clear) {
  const one = document.createElement("span");
  one.className = "selection";
  const label = document.createElement("span");
  label.className = "selection-text";
  label.textContent = label.title = text;
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "selection-clear";
  remove.textContent = "×";
  remove.title = "Clear";
  remove.setAttribute("aria-label", `Clear ${name}`);
  remove.addEventListener("click", clear);
  one.append(label, remove);
  return one;
}

/** Makes the line of chips; `clear` takes the name of a selection away. */
export function makeChips(clear) {
  const element = document.createElement("div");
  element.className = "selections";
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", "Selected in the chart");
  element.hidden = true;
  let parameters = [];
  const selected = new Map();
  const names = new Map(); // the fields of each selection along which values stand side by side

  function chip(parameter, value, kinds) {
    const isRange = (field) => parameter.kind === "interval" && !names.get(parameter.name)?.includes(field);
    const text = Object.entries(value)
      .map(([field, values]) => `${field}: ${selectedToText(values, kinds[field], isRange(field))}`)
      .join(" · ");
    return makeChip(text, parameter.label, () => clear(parameter.name));
  }

  function draw(kinds) {
    const chips = parameters
      .filter(({name}) => selected.get(name))
      .map((parameter) => chip(parameter, selected.get(parameter.name), kinds));
    const hint = document.createElement("span");
    hint.className = "selection-hint";
    hint.textContent = [...new Set(parameters.map(({kind}) => HINTS[kind]))].join(" · ");
    element.hidden = parameters.length === 0;
    element.replaceChildren(...(chips.length ? chips : [hint]));
  }

  return {
    element,
    /** Takes the selections of another picture. */
    start(known) {
      parameters = known.filter(({label}) => label);
      selected.clear();
      draw({});
    },
    /** Shows what is selected now. */
    show(name, value, kinds, ofNames) {
      selected.set(name, value);
      names.set(name, ofNames);
      draw(kinds);
    },
  };
}
