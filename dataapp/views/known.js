// Bokeh's client takes what a page was given by its server for something new, until the page has sent a message itself:
// it would send the whole component along with its first one, and the server warns that it knows it already.

/** Let messages name a component instead of repeating it. */
export function isKnown(view) {
  const fresh = view.model.document?._new_models; // no public name; where it is gone, the server only warns
  for (const model of [view.model, view.model.data]) fresh?.delete?.(model);
}
