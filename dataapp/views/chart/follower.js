// Draws a chart by itself while what it follows moves on the page, with the tiles that Python has sent for that.

import {follow} from "./moves.js";
import {Tiles} from "./tiles.js";
import {watchWidget} from "./widgets.js";

const MOVES = 250; // ms, in which a widget may have moved on since Python heard of it
const TELLS_AFTER = 400; // ms after the last move that was drawn

export class Follower {
  /**
   * `redraw` draws datasets, `refuse` tells that tiles of a number do not serve, and `drew` how many moves were drawn with
   * such; what is enqueued runs one by one.
   */
  constructor(view, {enqueue, redraw, refuse, drew}) {
    Object.assign(this, {view, enqueue, redraw, refuse, drew});
    this.moves = 0; // that were drawn and not told
    this.told = {};
    this.tiles = null;
    this.followed = null; // what moves on the page
    this.place = null; // where it is, if that is not drawn yet
    this.movedAt = -Infinity;
    this.hasMoved = false; // since it was drawn last
  }

  /** Follow with the tiles of a message, or no more. */
  take(message) {
    this.followed?.stop();
    this.#tell();
    this.tiles = this.place = this.followed = null;
    this.told = message;
    if (!message.mover) return;
    try {
      this.tiles = new Tiles(message);
    } catch (error) {
      console.error(error);
    }
    this.#follow();
  }

  /** Other rows were drawn, which may be older than what moves. */
  async catchUp() {
    if (this.followed?.isGone?.()) {
      this.followed.stop();
      this.#follow();
    }
    const isOver = this.followed?.rests && performance.now() - this.movedAt > MOVES;
    if (!isOver) this.place = this.followed?.value() ?? null;
    await this.#draw();
  }

  #follow() {
    const {mover, widget} = this.told;
    const moved = () => this.#moved();
    if (this.tiles) this.followed = widget ? watchWidget(this.view, widget, moved) : follow(mover, moved);
    if (!this.followed) return this.#giveUp();
    moved();
    this.hasMoved = false; // it is where the engine has drawn it, or is about to
  }

  #moved() {
    this.movedAt = performance.now();
    this.hasMoved = true;
    const isWaiting = this.place !== null;
    this.place = this.followed?.value() ?? null;
    if (!isWaiting) this.enqueue(() => this.#draw());
  }

  async #draw() {
    const {place, told, hasMoved} = this;
    this.place = null;
    this.hasMoved = false;
    if (!this.tiles || !place) return;
    const datasets = this.tiles.at(place);
    if (!datasets) return this.#giveUp();
    await this.redraw(datasets);
    if (!hasMoved || this.told !== told) return;
    this.moves += 1;
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.#tell(), TELLS_AFTER);
  }

  /** Tell how many moves were drawn, once they rest. */
  #tell() {
    clearTimeout(this.telling);
    if (this.moves) this.drew(this.told.number, this.moves);
    this.moves = 0;
  }

  #giveUp() {
    this.refuse(this.told.number);
    this.take({});
  }
}
