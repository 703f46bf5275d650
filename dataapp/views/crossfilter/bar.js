// What is selected in a crossfilter, as chips that can be taken away, with buttons to undo and to reset; at the end what
// cubes do for its views, once there are any.
//
// Everything that it shows is set as text, never as markup.

import {makeChip} from "../chart/chips.js";
import css from "./bar.css";
import {makeServed} from "./served.js";

export function render({model, el}) {
  const style = document.createElement("style");
  style.textContent = css;
  const line = document.createElement("div");
  line.className = "selections";
  line.setAttribute("role", "group");
  line.setAttribute("aria-label", "Selected");
  const undo = action("Undo", () => model.send_msg({type: "undo"}));
  const reset = action("Reset", () => model.send_msg({type: "reset"}));

  function draw() {
    undo.disabled = !model.can_undo;
    reset.disabled = !model.can_reset;
    const chips = model.chips.map((chip) => makeChip(chip.text, chip.label, () => model.send_msg({type: "clear", key: chip.key})));
    line.replaceChildren(undo, reset, ...chips);
    if (!chips.length) {
      const hint = document.createElement("span");
      hint.className = "selection-hint";
      hint.textContent = "Nothing is selected";
      line.append(hint);
    }
  }

  for (const name of ["chips", "can_undo", "can_reset"]) model.on(name, draw);
  draw();
  const served = makeServed();
  model.on("served", () => served.show(model.served));
  served.show(model.served);
  const bar = document.createElement("div");
  bar.className = "bar";
  bar.append(line, ...served.elements);
  el.append(style, bar);
}

function action(text, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "action";
  button.textContent = text;
  button.addEventListener("click", act);
  return button;
}
