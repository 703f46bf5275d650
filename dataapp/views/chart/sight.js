// Tells Python whether a chart is in sight, or nearly: what nobody sees asks the engine for nothing (`sight.py`).
//
// A chart in a tab that was never opened is not drawn; `noteWaiting` tells of it by a property, because what is not
// drawn cannot send messages.

const AHEAD = "400px"; // so that it is there when it is scrolled to
const DRAWN_WITHIN = 1000; // ms
const drawn = new Set();

/** Says that a chart waits, if its page has not drawn it after a while. */
export function noteWaiting(model) {
  setTimeout(() => {
    if (!drawn.delete(model.id)) model.waiting = model.root;
  }, DRAWN_WITHIN);
}

/** The place of the chart on the page. Its card hides the chart itself while there is nothing to draw. */
function placeOf(el) {
  for (let node = el; node; node = node.parentElement ?? node.getRootNode().host)
    if (node.classList.contains("dataapp-body")) return node.getRootNode().host ?? el;
  return el;
}

/** Tells whenever the chart comes into sight or goes out of it; returns what ends this. */
export function watchSight(model, view) {
  drawn.add(model.id);
  const own = crypto.getRandomValues(new Uint32Array(2)).join("-");
  const place = placeOf(view.el);
  let near = null;
  let seen = null;
  const check = () => {
    const now = near && getComputedStyle(place).visibility === "visible"; // Panel's tabs hide by it
    if (near !== null && now !== seen) model.send_msg({type: "seen", root: model.root, view: own, seen: (seen = now)});
  };
  const observer = new IntersectionObserver(
    (entries) => {
      near = entries.at(-1).isIntersecting;
      check();
    },
    {rootMargin: AHEAD, scrollMargin: AHEAD},
  );
  observer.observe(place);
  place.addEventListener("transitionend", check); // style sheets give its visibility a transition, whoever sets it
  return () => {
    observer.disconnect();
    place.removeEventListener("transitionend", check);
  };
}
