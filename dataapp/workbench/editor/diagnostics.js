// What is wrong with the text, at its place, until that place is edited.

import {forEachDiagnostic, setDiagnostics} from "@codemirror/lint";
import {EditorView} from "@codemirror/view";

/** Mark what the server found. Messages are text. */
export function showDiagnostics(view, diagnostics) {
  const found = diagnostics.map((one) => toDiagnostic(view.state.doc, one)).sort((one, other) => one.from - other.from);
  view.dispatch(setDiagnostics(view.state, found));
}

/** Lines and columns count from 1; without an end, the word there is marked. */
function toDiagnostic(doc, {line, column, endColumn, message, severity}) {
  const row = doc.line(Math.min(Math.max(line, 1), doc.lines));
  const within = (place) => Math.min(Math.max(place - 1, 0), row.length);
  const start = within(column);
  const word = /^(?:[\p{L}\p{N}_]+|\S)/u.exec(row.text.slice(start))?.[0].length ?? 0;
  const end = endColumn == null ? start + word : Math.max(within(endColumn), start);
  return {from: row.from + start, to: row.from + end, severity: severity ?? "error", message};
}

/** Takes a mark away as soon as its place is edited. */
export const forgetEdited = EditorView.updateListener.of((update) => {
  if (!update.docChanged) return;
  const kept = [];
  let isEdited = false;
  forEachDiagnostic(update.state, (one, from, to) => {
    if (touches(update.changes, from, to)) isEdited = true;
    else kept.push({...one, from, to});
  });
  if (isEdited) queueMicrotask(() => update.view.dispatch(setDiagnostics(update.view.state, kept)));
});

function touches(changes, from, to) {
  let found = false;
  changes.iterChangedRanges((_from, _to, start, end) => {
    found ||= start <= to && end >= from;
  });
  return found;
}
