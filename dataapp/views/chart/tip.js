// The tooltip: text in a table. Values of data are never markup, and never addresses of images.

import {Cells} from "./cells.js";

const MOST_LINES = 30;

function format(value) {
  if (value == null) return "";
  if (value instanceof Date) return value.toLocaleString();
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function fill(tip, value) {
  if (typeof value !== "object" || value instanceof Date || Array.isArray(value)) {
    tip.textContent = format(value);
    return;
  }
  const table = document.createElement("table");
  for (const [name, one] of Object.entries(value).slice(0, MOST_LINES)) {
    const row = table.insertRow();
    const head = document.createElement("th");
    head.textContent = name;
    row.append(head);
    row.insertCell().textContent = format(one);
  }
  tip.replaceChildren(table);
}

function place(tip, {clientX, clientY}) {
  const {width, height} = tip.getBoundingClientRect();
  const right = clientX + 14;
  const below = clientY + 14;
  const left = right + width > innerWidth - 4 ? Math.max(4, clientX - 14 - width) : right;
  const top = below + height > innerHeight - 4 ? Math.max(4, clientY - 14 - height) : below;
  tip.style.left = `${left}px`;
  tip.style.top = `${top}px`;
}

/** Makes a tooltip in a shadow root; `show` is a tooltip handler of Vega. */
export function makeTip(root) {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.popover = "manual"; // the top layer: no ancestor cuts it off
  tip.setAttribute("role", "tooltip");
  root.append(tip);
  const show = (_handler, event, _item, told) => {
    const value = told instanceof Cells ? told.under : told;
    if (value == null || value === "") {
      tip.hidePopover();
      return;
    }
    fill(tip, value);
    tip.showPopover();
    place(tip, event);
  };
  return {show, hide: () => tip.hidePopover(), remove: () => tip.remove()};
}
