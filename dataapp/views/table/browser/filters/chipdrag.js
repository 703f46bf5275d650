// Dragging a chip gives it another place among the others: with the mouse at once, with a finger after it has rested on it.
//
// A line shows where it would go. Escape takes it back.

const STARTS_AFTER = 6; // px; less is a click
const RESTS = 350; // ms, of a finger that means to drag and not to scroll

export class ChipDrag {
  /**
   * `container` holds the chips; `move(at, step)` is called when one is dropped so many places further, and
   * `aim(chip, at, step)` when it would be: no place further where it would stay.
   */
  constructor(container, {move, aim}) {
    Object.assign(this, {container, move, aim});
    container.addEventListener("pointerdown", (event) => this.#press(event));
    container.addEventListener("touchmove", (event) => this.dragged && event.preventDefault(), {passive: false});
  }

  get #chips() {
    return [...this.container.querySelectorAll(".chip")];
  }

  #press(event) {
    const chip = event.target.closest(".chip");
    if (!chip || event.button !== 0 || event.target.closest(".chip-remove") || this.#chips.length < 2) return;
    const isTouch = event.pointerType === "touch";
    const timer = isTouch ? setTimeout(() => this.#start(chip), RESTS) : undefined;
    const moved = (next) => {
      const isFar = Math.hypot(next.clientX - event.clientX, next.clientY - event.clientY) > STARTS_AFTER;
      if (!this.dragged && isFar) {
        if (isTouch) return end(next);
        this.#start(chip);
      }
      if (this.dragged) this.#mark(next);
    };
    const key = (pressed) => {
      if (pressed.key !== "Escape" || !this.dragged) return;
      pressed.stopPropagation();
      end(pressed);
    };
    const end = (last) => {
      clearTimeout(timer);
      for (const [type, heard] of heards) document.removeEventListener(type, heard, {capture: true});
      if (this.dragged) this.#end(last.type === "pointerup");
    };
    const heards = [["pointermove", moved], ["pointerup", end], ["pointercancel", end], ["keydown", key]];
    for (const [type, heard] of heards) document.addEventListener(type, heard, {capture: true});
  }

  #start(chip) {
    this.dragged = chip;
    this.target = null;
    chip.toggleAttribute("data-dragged", true);
  }

  /** Mark the side of the chip under the pointer where the dragged one would go: chips may stand in several lines. */
  #mark({clientX: x, clientY: y}) {
    const chips = this.#chips;
    const boxes = chips.map((one) => one.getBoundingClientRect());
    const far = ({left, right, top, bottom}) => Math.hypot(x - (left + right) / 2, 4 * beyond(y, top, bottom));
    const over = boxes.reduce((best, box, at) => (far(box) < far(boxes[best]) ? at : best), 0);
    const isAfter = x > (boxes[over].left + boxes[over].right) / 2;
    const from = chips.indexOf(this.dragged);
    if (from < 0) return; // others have come meanwhile
    const place = over + (isAfter ? 1 : 0);
    const target = place > from ? place - 1 : place;
    if (target !== (this.target ?? from)) this.aim(this.dragged, from, target - from);
    this.target = target;
    chips.forEach((one, at) => {
      const side = at === over && this.target !== from ? (isAfter ? "after" : "before") : null;
      if (side === null) delete one.dataset.drop;
      else one.dataset.drop = side;
    });
  }

  #end(isDropped) {
    const chips = this.#chips;
    const from = chips.indexOf(this.dragged);
    for (const one of chips) delete one.dataset.drop;
    this.dragged.removeAttribute("data-dragged");
    this.dragged = undefined;
    // The click that follows is none: it would turn the chip.
    const click = (event) => event.stopPropagation();
    document.addEventListener("click", click, {capture: true, once: true});
    setTimeout(() => document.removeEventListener("click", click, {capture: true}), 50);
    if (from < 0 || this.target === null || this.target === from) return;
    if (isDropped) this.move(from, this.target - from);
    else this.aim(chips[from], from, 0);
  }
}

const beyond = (y, top, bottom) => (y < top ? top - y : y > bottom ? y - bottom : 0);
