// Tells Python which input the pointer or the focus is on, so that what answers its moves is there when it moves.
//
// One listener serves a page, of whichever component comes first; each bundle has its own copy of this module. It hears
// moves of the pointer and keys: news that the pointer or the focus went from one place of a shadow tree to another
// does not leave the tree.

const PAGE = Symbol.for("dataapp.near");
const PREFIX = "dataapp-input-"; // of the tags by which `nearing.py` knows inputs
const RESTS = 80; // ms: on its way a pointer crosses inputs that nobody means

/** Lets a component tell what is heard on its page; returns what ends this. */
export function hearNear(model, view) {
  const components = (window[PAGE] ??= listen());
  components.set(view, model);
  return () => components.delete(view);
}

function listen() {
  const components = new Map();
  const models = new WeakMap();
  let innermost;
  let near;
  let resting;

  /** The model that is shown by an element with a shadow tree. */
  const modelOf = (host) => {
    for (const view of models.has(host) ? [] : components.keys()) {
      const found = view.owner.query_one((one) => one.el === host);
      if (found) models.set(host, found.model);
    }
    return models.get(host);
  };

  const look = (event) => {
    const hosts = event.composedPath().filter((node) => node.shadowRoot);
    if (hosts[0] === innermost) return;
    innermost = hosts[0];
    const tagged = hosts.map((host) => [modelOf(host), tagOf(modelOf(host))]).find(([, tag]) => tag);
    const [model, tag] = tagged ?? [];
    if (tag === near) return;
    near = tag;
    clearTimeout(resting);
    if (tag) resting = setTimeout(() => tell(model.document, tag), RESTS);
  };

  const tell = (page, input) => {
    const component = [...components].find(([view]) => view.model.document === page);
    component?.[1].send_msg({type: "near", input});
  };

  for (const kind of ["pointermove", "pointerdown", "keyup"]) {
    document.addEventListener(kind, look, {capture: true, passive: true});
  }
  return components;
}

const tagOf = (model) => model?.tags.find((tag) => typeof tag === "string" && tag.startsWith(PREFIX));
