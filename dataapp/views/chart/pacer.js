// Sends what is selected, as fast as it is answered.
//
// While something is dragged, each place of the pointer asks for other rows, and gives up those that were asked for
// before: faster than rows come, none would ever be shown. So the next place is told when the rows of the one before
// are there, and only the newest; where that takes long, it is told all the same. When the pointer is let go, what is
// left is told at once.
//
// Where charts on the page follow by themselves, what else there is has time: it is told a few times a second.

const PATIENCE = 300; // ms; longer would hold a drag up where tables look closely at new rows
const OTHERS = 100; // ms from one telling to the next, where charts follow by themselves

export class Pacer {
  #send;
  #left = new Map(); // by name, what is to be told
  #isHeld = false;
  #isAsking = false;
  #isFollowed = false; // by charts themselves
  #told = 0; // when
  #timer;

  /** `send` tells what a selection is; with its last argument, it asks to be answered. */
  constructor(send) {
    this.#send = send;
  }

  /** The pointer was pressed. */
  hold() {
    this.#isHeld = true;
  }

  /** The pointer was let go. */
  release() {
    this.#isHeld = false;
    this.#flush();
  }

  /** Something was dragged somewhere; whether charts follow by themselves. */
  put(isFollowed, name, ...told) {
    this.#isFollowed = isFollowed;
    this.#left.set(name, told);
    if (!this.#isHeld || !this.#isAsking) this.#flush();
  }

  /** The rows are there. */
  answered() {
    clearTimeout(this.#timer);
    const early = this.#isFollowed && this.#isHeld ? OTHERS - (performance.now() - this.#told) : 0;
    if (early > 0) {
      this.#timer = setTimeout(() => this.answered(), early);
      return;
    }
    this.#isAsking = false;
    this.#flush();
  }

  stop() {
    clearTimeout(this.#timer);
  }

  #flush() {
    if (this.#left.size === 0) return;
    clearTimeout(this.#timer);
    const left = [...this.#left];
    this.#left.clear();
    left.forEach(([name, told], at) => this.#send(name, ...told, this.#isHeld && at === left.length - 1));
    this.#isAsking = this.#isHeld;
    this.#told = performance.now();
    if (this.#isHeld) this.#timer = setTimeout(() => this.answered(), PATIENCE);
  }
}
