// Dragging the edge of a header makes its column wider or narrower; a double click fits it.

const NARROWEST = 32; // px

export class Sizer {
  constructor(tools) {
    this.tools = tools;
    const {table} = tools.explorer;
    table.addEventListener("pointerdown", (event) => this.#start(event), {capture: true});
    table.addEventListener("dblclick", (event) => this.#fit(event));
  }

  #columnAt(event) {
    if (!event.target.classList?.contains("rt-column-resize")) return null;
    return this.tools.explorer.placeOf(event.target.closest("th"))?.column ?? null;
  }

  #start(event) {
    const column = this.#columnAt(event);
    if (column === null || event.button !== 0) return;
    event.preventDefault(); // else the table would size it, for this page alone
    event.stopPropagation();
    const {tools} = this;
    const [edge, before] = [event.target, tools.layout];
    const width = tools.width(column);
    let latest = before;
    const move = (moved) => {
      latest = before.sized(column, Math.max(NARROWEST, width + moved.clientX - event.clientX));
      tools.preview(latest);
    };
    const end = (last) => {
      for (const type of ["pointermove", "pointerup", "pointercancel"]) edge.removeEventListener(type, handlers[type]);
      if (last.type === "pointercancel") tools.preview(before);
      else if (latest !== before) tools.settle(latest);
    };
    const handlers = {pointermove: move, pointerup: end, pointercancel: end};
    edge.setPointerCapture(event.pointerId);
    for (const [type, handler] of Object.entries(handlers)) edge.addEventListener(type, handler);
  }

  #fit(event) {
    const column = this.#columnAt(event);
    if (column !== null) this.tools.size(column, null);
  }
}
