// The editor's colours, from the page around it: mixed with its text and surface, they suit light and dark.

import {HighlightStyle, syntaxHighlighting} from "@codemirror/language";
import {EditorView} from "@codemirror/view";
import {tags} from "@lezer/highlight";

const mixed = (color) => `color-mix(in oklab, ${color} 62%, var(--text))`;

const colors = HighlightStyle.define([
  {tag: tags.keyword, color: mixed("var(--accent)"), fontWeight: "600"},
  {tag: [tags.string, tags.special(tags.string)], color: mixed("#2e9e4f")},
  {tag: [tags.number, tags.bool, tags.null], color: mixed("#d9701e")},
  {tag: tags.typeName, color: mixed("#1597a5")},
  {tag: tags.special(tags.name), color: mixed("#b43fc4"), fontWeight: "600"},
  {tag: [tags.lineComment, tags.blockComment], color: "var(--muted)", fontStyle: "italic"},
]);

const frame = EditorView.theme({
  "&": {color: "var(--text)", backgroundColor: "transparent"},
  "&.cm-focused": {outline: "none"},
  ".cm-content": {caretColor: "var(--text)", padding: "8px 0"},
  ".cm-cursor, .cm-dropCursor": {borderLeftColor: "var(--text)"},
  ".cm-gutters": {
    backgroundColor: "var(--surface)",
    color: "var(--faint)",
    border: "0",
    borderRadius: "5px 0 0 5px", // else it covers the corners of the frame
  },
  ".cm-activeLine, .cm-activeLineGutter": {backgroundColor: "transparent"},
  "&.cm-focused .cm-activeLine": {backgroundColor: "color-mix(in srgb, var(--text) 4%, transparent)"},
  ".cm-activeLineGutter": {color: "var(--text)"},
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 28%, var(--surface))",
  },
  "&.cm-focused .cm-matchingBracket": {
    backgroundColor: "color-mix(in srgb, var(--accent) 18%, transparent)",
    outline: "1px solid color-mix(in srgb, var(--accent) 50%, transparent)",
  },
});

export const theme = [frame, syntaxHighlighting(colors)];
