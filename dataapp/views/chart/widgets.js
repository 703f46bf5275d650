// The value of an input on the page, for charts that can follow it without the server.
//
// Python knows an input by a tag of its widget's model (`nearing.py`). The value is a property of the model itself, or,
// of components of Panel's own kind, of its data.

/** Watches the value of a tagged widget: {value(), isGone(), rests, stop()}, or null where the page has no such widget. */
export function watchWidget(view, tag, changed) {
  const model = view.owner.query_one((one) => one.model.tags?.includes(tag))?.model;
  const holder = [model?.data, model].find((one) => one?.properties?.value);
  if (!holder) return null;
  const {change} = holder.properties.value;
  const tell = () => changed();
  change.connect(tell);
  return {
    value: () => ({"": holder.value}),
    isGone: () => !model.document, // drawn anew, such as in a tab that is opened again, it is another model
    rests: true,
    stop: () => change.disconnect(tell),
  };
}
