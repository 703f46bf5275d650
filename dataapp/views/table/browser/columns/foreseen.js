// The first rows of the order that a press would give, asked for while the pointer rests on a column's name.
//
// They are shown with the press. What the server then says first is the same, and is passed over.

const RESTS = 60; // ms, by when a pointer does not just pass

export class Foreseen {
  /** `ask(order)` asks the server for the first rows of an order, or tells it with null that none are wanted. */
  constructor({orderOf, ask}) {
    this.orderOf = orderOf; // that a press on a column's name asks for
    this.ask = ask;
    this.over = null; // the column whose name the pointer is on
    this.forget();
  }

  enter(column) {
    this.over = column;
    this.look();
  }

  leave() {
    this.over = null;
    clearTimeout(this.resting);
    if (this.asked !== null) this.ask(null);
    this.forget();
  }

  /** Ask for what the next press would show, if there is a pointer that could press. */
  look() {
    clearTimeout(this.resting);
    if (this.over === null) return;
    this.resting = setTimeout(() => {
      const order = this.orderOf(this.over);
      if (this.asked === keyOf(order)) return;
      this.asked = keyOf(order);
      this.message = null;
      this.ask(order);
    }, RESTS);
  }

  /** Keep what came, unless the pointer has left. */
  take({order, message}) {
    if (keyOf(order) === this.asked) this.message = message;
  }

  /** What is to be shown for an order at once, or null. */
  shownFor(order) {
    const message = keyOf(order) === this.asked ? this.message : null;
    this.forget();
    this.shown = message;
    return message;
  }

  /** Whether a message of the server says what is shown already. */
  isShown(message) {
    const {shown} = this;
    if (shown === null || message.rows !== null || keyOf(message.order) !== keyOf(shown.order)) return false;
    return message.view === shown.view && message.read === shown.read;
  }

  /** Another view is shown: what was kept has no meaning any more. */
  forget() {
    clearTimeout(this.resting);
    this.asked = this.message = this.shown = null;
  }
}

const keyOf = (order) => JSON.stringify(order);
