// What a page takes from the window that shows it: how wide it is, which theme its reader likes, and whether the
// server still answers. What it gives: one entry in the history, whose address follows the inputs.

import css from "./window.css";
import {hearNear} from "../views/nearing.js";

const KEY = "dataapp-theme";
const NARROW = matchMedia("(max-width: 599.95px)"); // from here on the page's drawer lies over everything else
const DARK = matchMedia("(prefers-color-scheme: dark)");

let shown; // the theme: what differs from it later was chosen by the reader

/** Before anything is drawn, so that nothing jumps. */
export function initialize({model}) {
  shown = chosen() ?? (model.follows ? DARK.matches : model.dark);
  if (model.dark !== shown) model.dark = shown;
  if (NARROW.matches) model.drawer = false;
  history.pushState = follow;
}

/** Write an address of this page over the last one: Panel adds an entry for each move of a slider, so that *Back* would
 * go through all of them, and show none. */
function follow(data, unused, url) {
  const isHere = new URL(url ?? "", location).pathname === location.pathname;
  History.prototype[isHere ? "replaceState" : "pushState"].call(history, data, unused, url);
}

export function render({model, el, view}) {
  const style = document.createElement("style");
  style.textContent = css;
  const banner = document.createElement("div");
  banner.className = "lost";
  banner.setAttribute("role", "alert");
  el.append(style, banner);

  const say = (text) => banner.replaceChildren(...(text ? [Object.assign(document.createElement("p"), {textContent: text})] : []));
  const closeWhenNarrow = () => {
    if (NARROW.matches) model.drawer = false;
  };
  view.model.document.on_event("connection_lost", () => say(model.lost));
  view.model.document.on_event("client_reconnected", () => say(""));
  model.on("dark", () => remember(model.dark));
  model.on("msg:custom", closeWhenNarrow);
  NARROW.addEventListener("change", closeWhenNarrow);
  const hearNoMore = hearNear(model, view);
  model.on("remove", () => {
    NARROW.removeEventListener("change", closeWhenNarrow);
    hearNoMore();
  });
}

/** Return whether the reader chose the dark theme, or null. */
function chosen() {
  const theme = stored((storage) => storage.getItem(KEY));
  return theme === "dark" ? true : theme === "light" ? false : null;
}

function remember(dark) {
  if (dark === shown) return;
  shown = dark;
  stored((storage) => storage.setItem(KEY, dark ? "dark" : "light"));
}

/** Use what the browser stores for this site, if it lets anybody. */
function stored(use) {
  try {
    return use(localStorage);
  } catch {
    return null;
  }
}
