// Dragging a header moves its column: with the mouse at once, with a finger after it has rested on it.
//
// A line shows where the column would go. Escape takes it back; near the edges the table scrolls.

import {element} from "./header.js";

const STARTS_AFTER = 6; // px; less is a click
const RESTS = 350; // ms, of a finger that means to drag and not to scroll
const EDGE = 40; // px
const SPEED = 12; // px a frame

export class Mover {
  constructor(tools) {
    this.tools = tools;
    this.table = tools.explorer.table;
    this.line = element("div", "drop-line");
    this.ghost = element("div", "drop-name");
    this.line.hidden = this.ghost.hidden = true;
    tools.explorer.body.append(this.line, this.ghost);
    this.table.addEventListener("pointerdown", (event) => this.#press(event));
    // A finger that drags a column must not scroll the table; this is too late once it has begun to.
    this.table.addEventListener("touchmove", (event) => this.dragged !== undefined && event.preventDefault(), {
      passive: false,
    });
  }

  #press(event) {
    const title = event.target.closest?.(".head .title");
    if (!title || event.button !== 0) return;
    const column = this.tools.explorer.placeOf(title.closest("th"))?.column;
    if (column === undefined) return;
    const start = event;
    const isTouch = event.pointerType === "touch";
    const timer = isTouch ? setTimeout(() => this.#start(column, start), RESTS) : undefined;
    const move = (moved) => {
      const far = Math.hypot(moved.clientX - start.clientX, moved.clientY - start.clientY) > STARTS_AFTER;
      if (this.dragged === undefined && far) {
        if (isTouch) return end(moved);
        this.#start(column, moved);
      }
      if (this.dragged !== undefined) this.#drag(moved);
    };
    const key = (pressed) => {
      if (pressed.key !== "Escape" || this.dragged === undefined) return;
      pressed.stopPropagation();
      end(pressed);
    };
    const end = (last) => {
      clearTimeout(timer);
      document.removeEventListener("pointermove", move);
      document.removeEventListener("pointerup", end);
      document.removeEventListener("pointercancel", end);
      document.removeEventListener("keydown", key, {capture: true});
      if (this.dragged !== undefined) this.#end(last.type === "pointerup");
    };
    document.addEventListener("pointermove", move);
    document.addEventListener("pointerup", end);
    document.addEventListener("pointercancel", end);
    document.addEventListener("keydown", key, {capture: true});
  }

  #start(column, event) {
    this.dragged = column;
    this.ghost.textContent = this.tools.explorer.columns[column].name;
    this.line.hidden = this.ghost.hidden = false;
    this.table.toggleAttribute("data-moving", true);
    this.#drag(event);
    this.#scroll();
  }

  #drag(event) {
    this.x = event.clientX;
    this.target = this.#targetAt(this.x);
    const around = this.tools.explorer.body.getBoundingClientRect();
    this.line.style.left = `${this.target.x - around.left - 1}px`;
    this.ghost.style.left = `${Math.min(this.x - around.left + 10, around.width - this.ghost.offsetWidth - 4)}px`;
    this.ghost.style.top = `${Math.max(2, event.clientY - around.top + 8)}px`;
  }

  /** The gap between two headers that is nearest: the column after it, where it is, and whether it is among the pinned. */
  #targetAt(x) {
    const {explorer, layout} = this.tools;
    const box = this.table.getBoundingClientRect();
    const heads = Array.from(this.table.querySelectorAll("thead th"), (cell) => {
      const {left, right} = cell.getBoundingClientRect();
      return {left, right, column: explorer.placeOf(cell)?.column};
    }).filter(({column}) => column !== undefined);
    const over = heads.find(({left, right}) => x >= left && x < right) ?? heads[x < heads[0].left ? 0 : heads.length - 1];
    const isBefore = x < (over.left + over.right) / 2;
    const place = layout.places.get(over.column) + (isBefore ? 0 : 1);
    const edge = isBefore ? over.left : over.right;
    const isPinned = place < layout.pinnedCount || (place === layout.pinnedCount && layout.pinned.has(this.dragged));
    return {before: layout.displayed[place] ?? null, x: Math.min(Math.max(edge, box.left + 1), box.right - 1), isPinned};
  }

  /** Scroll while the pointer is near an edge. */
  #scroll() {
    if (this.dragged === undefined) return;
    const box = this.table.getBoundingClientRect();
    const way = this.x < box.left + EDGE ? -SPEED : this.x > box.right - EDGE ? SPEED : 0;
    if (way !== 0) this.table.scrollLeft += way;
    requestAnimationFrame(() => this.#scroll());
  }

  #end(isDropped) {
    const {dragged, target, tools} = this;
    this.dragged = undefined;
    this.line.hidden = this.ghost.hidden = true;
    this.table.toggleAttribute("data-moving", false);
    // The click that follows is none: it would sort.
    const click = (event) => event.stopPropagation();
    document.addEventListener("click", click, {capture: true, once: true});
    setTimeout(() => document.removeEventListener("click", click, {capture: true}), 50);
    if (isDropped && target.before !== dragged) tools.wish(tools.layout.moved(dragged, target.before, target.isPinned));
  }
}
