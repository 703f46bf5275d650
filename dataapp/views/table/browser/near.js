// Hears when a reader may be about to press a control: a pointer or the focus is on it, or a press has begun.

const CLICKS_WITHIN = 300; // ms after a finger has left what it pressed

/**
 * Call `near({isPressed, extend})` when a pointer or the focus comes to a control, or a pointer presses it, and `left()`
 * when it leaves. `extend` says whether Shift is held. Returns what ends it: where a press takes the control away, that
 * is no leaving.
 */
export function hearNear(control, near, left) {
  const [ends, leaving] = [new AbortController(), {}];
  const hear = (type, does) => control.addEventListener(type, does, {signal: ends.signal});
  let keys; // what hears of Shift meanwhile
  const come = (facts) => {
    clearTimeout(leaving.timer);
    if (!keys) {
      keys = new AbortController();
      for (const type of ["keydown", "keyup"]) document.addEventListener(type, shift, {signal: keys.signal});
    }
    near(facts);
  };
  const leave = () => {
    clearTimeout(leaving.timer);
    keys?.abort();
    keys = undefined;
    left();
  };
  const shift = ({key, type}) => key === "Shift" && near({isPressed: true, extend: type === "keydown"});
  hear("pointerenter", ({pointerType, buttons, shiftKey}) => {
    if (pointerType !== "touch" && buttons === 0) come({isPressed: false, extend: shiftKey}); // else something is dragged
  });
  hear("pointerdown", ({shiftKey}) => come({isPressed: true, extend: shiftKey}));
  hear("pointerleave", ({pointerType}) => {
    if (pointerType === "touch") leaving.timer = setTimeout(leave, CLICKS_WITHIN);
    else leave();
  });
  hear("focus", () => control.matches(":focus-visible") && come({isPressed: false, extend: false}));
  hear("blur", leave);
  return () => {
    clearTimeout(leaving.timer);
    keys?.abort();
    ends.abort();
  };
}
