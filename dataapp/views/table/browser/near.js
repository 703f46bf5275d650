// Hears when a reader may be about to press a control: a pointer or the focus is on it, or a press has begun.

const CLICKS_WITHIN = 300; // ms after a finger has left what it pressed

/**
 * Call `near({isPressed, isSure, extend})` when a pointer or the focus comes to a control, or a pointer presses it, and
 * `left()` when it leaves. It is sure when it does not just pass; `extend` says whether Shift is held. Returns what ends
 * it: where a press takes the control away, that is no leaving.
 */
export function hearNear(control, near, left) {
  const [ends, leaving] = [new AbortController(), {}];
  const hear = (type, does) => control.addEventListener(type, does, {signal: ends.signal});
  let keys; // what hears of Shift meanwhile
  const come = (facts) => {
    clearTimeout(leaving.timer);
    if (!keys) {
      keys = new AbortController();
      const options = {capture: true, signal: keys.signal}; // fields keep their keys to themselves
      for (const type of ["keydown", "keyup"]) document.addEventListener(type, shift, options);
    }
    near({isPressed: false, isSure: false, extend: false, ...facts});
  };
  const leave = () => {
    clearTimeout(leaving.timer);
    keys?.abort();
    keys = undefined;
    left();
  };
  const shift = ({key, type, repeat}) => {
    if (key !== "Shift" || repeat) return;
    if (control.isConnected) come({isSure: true, extend: type === "keydown"});
    else leave(); // it was taken away below the pointer
  };
  hear("pointerenter", ({pointerType, buttons, shiftKey}) => {
    if (pointerType !== "touch" && buttons === 0) come({extend: shiftKey}); // else something is dragged
  });
  hear("pointerdown", ({shiftKey}) => come({isPressed: true, isSure: true, extend: shiftKey}));
  hear("pointerleave", ({pointerType}) => {
    if (pointerType === "touch") leaving.timer = setTimeout(leave, CLICKS_WITHIN);
    else leave();
  });
  hear("focus", () => control.matches(":focus-visible") && come());
  hear("blur", leave);
  return () => {
    clearTimeout(leaving.timer);
    keys?.abort();
    ends.abort();
  };
}
