// What is shown above all else on the page, where nothing that it stands in can cut it off: a tab, a card, a column.

/** Let an element be shown there; its place is then in the window. */
export function floating(element) {
  element.popover = "manual"; // we close it
  element.hidden = true;
  return element;
}

export function raise(element) {
  element.hidden = false;
  if (element.isConnected && !element.matches(":popover-open")) element.showPopover();
}

export function lower(element) {
  if (element.isConnected && element.matches(":popover-open")) element.hidePopover();
  element.hidden = true;
}

/** Put an element at a place of the window, or as near as it is whole there; sideways within bounds, if it has room. */
export function put(element, left, top, {left: from, right: to}) {
  const {offsetWidth: width, offsetHeight: height} = element;
  const within = (value, least, most) => Math.max(least, Math.min(value, most));
  const x = within(within(left, from, to - width), 0, window.innerWidth - width);
  element.style.left = `${x}px`;
  element.style.top = `${within(top, 0, window.innerHeight - height)}px`;
}
