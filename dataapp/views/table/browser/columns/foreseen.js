// The first rows of the order that a press would give, asked for while the pointer or the focus rests on a control that
// sorts, or, at the latest, as a pointer goes down on it: a click comes some eighty milliseconds after.
//
// They are shown with the press, before the server knows of it. Until it answers, the page is ahead: wishes are still
// told with the number of the view that the server knows, and all else waits. If the answer is what is shown, nothing is
// drawn again; if other rows come, what was about these is refused.

const RESTS = 60; // ms, by when a pointer does not just pass
const WISHES = new Set(["sort", "filter", "find", "clear", "group", "layout"]);
const OF_ROWS = new Set(["want", "select", "measure", "copy", "card", "value", "toggle"]);

export class Foreseen {
  /**
   * `tell(type, view, data)` tells the server something about a view. `refuse(type, data)` is called with what can no
   * longer be told.
   */
  constructor({tell, refuse}) {
    this.tell = tell;
    this.refuse = refuse;
    this.over = null; // {control, orderOf, extend, isHeld} where the pointer or the focus is
    this.view = null; // its number, as the server knows it
    this.before = this.shown = null; // the view that the server knows, and what is shown, while the page is ahead
    this.waiting = []; // what is told when it is no longer
    this.forget();
  }

  /**
   * A pointer or the focus is on a control, which may be pressed already, or is held and dragged: `orderOf(extend)` is what
   * that asks for.
   */
  enter(control, orderOf, {isPressed, isSure, isHeld = false, extend}) {
    this.over = {control, orderOf, extend, isHeld};
    this.look(isPressed, isSure);
  }

  leave(control) {
    if (this.over?.control !== control) return; // the focus leaves as a pointer presses another
    this.over = null;
    if (this.asked !== null && !this.isAhead) this.tell("near", this.view, {order: null});
    this.forget();
  }

  /** Ask for what the next press would show, if there is something that could press. */
  look(isPressed = false, isSure = false) {
    clearTimeout(this.resting);
    const isThere = isPressed || this.over?.isHeld || this.over?.control.matches(":hover, :focus-visible");
    if (!isThere) this.over = null; // it may have gone
    if (this.over === null || this.isAhead) return;
    if (isSure) this.#ask(isPressed);
    else this.resting = setTimeout(() => this.#ask(), RESTS);
  }

  #ask(pressed = false) {
    if (this.over === null || this.view === null) return;
    const order = this.over.orderOf(this.over.extend);
    if (this.asked !== JSON.stringify(order)) this.message = null;
    else if (this.message !== null || !pressed) return;
    this.asked = JSON.stringify(order);
    this.tell("near", this.view, {order, pressed});
  }

  /** Keep what came, if it is still wanted. */
  take({view, order, message}) {
    if (view === this.view && JSON.stringify(order) === this.asked) this.message = message;
  }

  /** Whether the page shows what the server does not know of. */
  get isAhead() {
    return this.before !== null;
  }

  /** What is to be shown for an order, in place of a view, before the server is told; or null. */
  shownFor(order, view) {
    const message = JSON.stringify(order) === this.asked && !this.isAhead ? this.message : null;
    this.forget();
    if (message) [this.before, this.shown] = [view, message];
    return message;
  }

  /** Whether a message of the server tells nothing new, after what was foreseen is on screen. */
  isKnown(message) {
    if (!this.isAhead) {
      if (message.type === "stale") this.forget();
      return false;
    }
    if (message.type === "stale") return message.view === this.shown.view;
    if (message.type === "view" && message.view === this.before.view) {
      this.before = message; // it has been counted, or is whole, by now
      return true;
    }
    return message.type === "view" && isSame(message, this.shown);
  }

  /** The page shows a view that the server has told of, or none. */
  shows(message) {
    const hasRows = message !== null && this.shown !== null && isOfSameRows(message, this.shown);
    const isMore = message !== null && message.view === this.view; // of what the server has shown before
    this.view = message?.view ?? null;
    this.before = this.shown = null;
    if (!isMore) this.forget();
    for (const [type, data] of this.waiting.splice(0)) {
      if (message !== null && (hasRows || !OF_ROWS.has(type))) this.tell(type, this.view, data);
      else this.refuse(type, data);
    }
  }

  /** The server has given up. Returns the view that it knows, if that is another one than the page shows. */
  fails() {
    const {before} = this;
    this.before = this.shown = null;
    this.forget();
    for (const [type, data] of this.waiting.splice(0)) this.refuse(type, data);
    return before;
  }

  /** Tell the server something about what is shown. */
  say(type, data) {
    if (WISHES.has(type)) this.forget();
    if (this.isAhead && !WISHES.has(type) && type !== "ask") this.waiting.push([type, data]);
    else this.tell(type, this.view, data);
  }

  /** What is shown has changed, and so would what comes next. */
  again() {
    if (this.isAhead) return;
    this.forget();
    this.look();
  }

  /** Let go of what was asked for and not pressed. */
  forget() {
    clearTimeout(this.resting);
    this.asked = this.message = null;
  }
}

/** Whether two messages are about the same rows in the same order. */
function isOfSameRows(one, other) {
  return one.view === other.view && JSON.stringify(one.order) === JSON.stringify(other.order);
}

/** Whether two messages show the same: their facts, and the bytes of their cells. */
function isSame(one, other) {
  const facts = ({type, cells, lines, ...rest}) => JSON.stringify(rest);
  if (other === null || facts(one) !== facts(other)) return false;
  const [some, others] = [bytesOf(one.cells), bytesOf(other.cells)];
  return one.lines === other.lines && some.length === others.length && some.every((byte, at) => byte === others[at]);
}

const bytesOf = (data) =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
