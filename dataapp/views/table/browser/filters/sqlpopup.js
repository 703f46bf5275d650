// The query of what is shown, to copy.

import {element} from "../columns/header.js";

/** The content of a popup with SQL. */
export function sqlContent(title, text) {
  const content = element("div", "sql");
  const code = element("pre", "sql-text", text);
  code.tabIndex = 0;
  code.setAttribute("aria-label", title);
  const copy = element("button", "action", "Copy");
  copy.type = "button";
  copy.autofocus = true;
  copy.setAttribute("aria-live", "polite");
  copy.addEventListener("click", async () => {
    copy.textContent = (await copied(text, code)) ? "Copied" : "Press Ctrl-C";
  });
  const head = element("div", "sql-head");
  head.append(element("span", "popup-title", title), copy);
  content.append(head, code);
  return content;
}

async function copied(text, code) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(code); // the page may not write to the clipboard
    return document.execCommand("copy");
  }
}
