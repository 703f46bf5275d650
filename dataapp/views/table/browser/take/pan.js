// A finger on what stands beside the table scrolls the table, and lets it roll on, as one on the table itself does.

const STILL = 8; // px that a finger may move in a tap
const LONG_PRESS = 500; // ms
const SLOWS = 325; // ms in which the speed falls to a third
const LEAST_SPEED = 0.05; // px in a ms: then it rests
const LOOKS_BACK = 100; // ms, over which the speed of a finger is taken

export class Pan {
  /** `table` scrolls; `tap(target)` and `press(target)` are called with what a finger touched, or rested on. */
  constructor(element, table, {tap, press}) {
    Object.assign(this, {table, tap, press});
    this.speed = 0;
    element.addEventListener("pointerdown", (event) => event.pointerType === "touch" && this.#touch(event));
  }

  #touch(event) {
    const wasRolling = this.speed !== 0; // this touch is to stop it
    this.#stop();
    const {target, pointerId} = event;
    let [isTap, seen] = [!wasRolling, [{y: event.clientY, time: event.timeStamp}]];
    const timer = setTimeout(() => {
      if (isTap) this.press(target);
      isTap = false;
    }, LONG_PRESS);
    const moved = (next) => {
      if (next.pointerId !== pointerId) return;
      const last = seen.at(-1);
      if (isTap && Math.abs(next.clientY - seen[0].y) <= STILL) return;
      isTap = false;
      clearTimeout(timer);
      this.table.scrollTop += last.y - next.clientY;
      const since = next.timeStamp - LOOKS_BACK;
      seen = [...seen.filter(({time}) => time >= since), {y: next.clientY, time: next.timeStamp}];
    };
    const ended = (last) => {
      if (last.pointerId !== pointerId) return;
      clearTimeout(timer);
      document.removeEventListener("pointermove", moved);
      for (const type of ["pointerup", "pointercancel"]) document.removeEventListener(type, ended);
      if (isTap && last.type === "pointerup") this.tap(target);
      const [from, to] = [seen[0], seen.at(-1)];
      const isMoving = last.type === "pointerup" && to.time > from.time && last.timeStamp - to.time < LOOKS_BACK;
      if (isMoving) this.#roll((from.y - to.y) / (to.time - from.time));
    };
    document.addEventListener("pointermove", moved);
    for (const type of ["pointerup", "pointercancel"]) document.addEventListener(type, ended);
  }

  #roll(speed) {
    this.speed = speed;
    let last = performance.now();
    const step = (now) => {
      const passed = Math.max(0, now - last);
      last = now;
      this.table.scrollTop += this.speed * passed;
      this.speed *= Math.exp(-passed / SLOWS);
      if (Math.abs(this.speed) < LEAST_SPEED) this.#stop();
      else this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  #stop() {
    cancelAnimationFrame(this.frame);
    this.speed = 0;
  }
}
