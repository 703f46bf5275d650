// The SQL editor in the browser: CodeMirror, kept in step with the component in Python.

import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
  completionStatus,
  selectedCompletion,
} from "@codemirror/autocomplete";
import {defaultKeymap, history, historyKeymap, indentWithTab} from "@codemirror/commands";
import {bracketMatching, indentOnInput} from "@codemirror/language";
import {lintGutter, lintKeymap} from "@codemirror/lint";
import {highlightSelectionMatches, search, searchKeymap} from "@codemirror/search";
import {EditorState, Prec} from "@codemirror/state";
import {
  crosshairCursor,
  drawSelection,
  dropCursor,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
  rectangularSelection,
  tooltips,
} from "@codemirror/view";
import {Schema} from "./candidates.js";
import {completeSql} from "./completion.js";
import {forgetEdited, showDiagnostics} from "./diagnostics.js";
import {DuckDBDialect} from "./dialect.js";
import css from "./editor.css";
import {theme} from "./theme.js";

const SAYS_AFTER = 150; // ms without typing

export function render({model, el}) {
  const style = document.createElement("style");
  style.textContent = css;
  const editor = new Editor(model, el.getRootNode());
  el.append(style, editor.root);
  const shown = {
    value: () => editor.setText(model.value),
    schema: () => editor.setSchema(model.schema),
    diagnostics: () => showDiagnostics(editor.view, model.diagnostics),
    busy: () => editor.showBusy(),
  };
  for (const [name, show] of Object.entries(shown)) model.on(name, show);
  model.on("msg:custom", (event) => editor.receive(event.data ?? event));
  model.on("remove", () => editor.remove());
  shown.diagnostics();
}

class Editor {
  constructor(model, root) {
    this.model = model;
    this.root = document.createElement("div");
    this.root.className = "query";
    this.root.style.setProperty("--min-lines", model.min_lines);
    this.root.style.setProperty("--max-lines", model.max_lines);
    this.setSchema(model.schema);
    this.view = new EditorView({
      root,
      parent: this.root,
      state: EditorState.create({doc: model.value, extensions: this.#extensions()}),
    });
    this.showBusy();
    // Whatever is clicked next means the text on screen. The window hears of a click before any button does.
    this.flush = () => this.#flush();
    window.addEventListener("click", this.flush, true);
  }

  #extensions() {
    const run = () => this.#run();
    const keys = [
      {key: "Mod-Enter", run},
      {key: "Ctrl-Enter", run},
      {key: "Shift-Enter", run},
      {key: "Enter", run: closeIfTyped},
      {key: "Tab", run: acceptCompletion},
    ];
    return [
      Prec.highest(keymap.of(keys)),
      [lineNumbers(), lintGutter(), highlightActiveLineGutter(), highlightActiveLine(), history()],
      [drawSelection(), dropCursor(), EditorState.allowMultipleSelections.of(true)],
      [rectangularSelection(), crosshairCursor(), highlightSelectionMatches(), search({top: true})],
      [DuckDBDialect.extension, indentOnInput(), bracketMatching(), closeBrackets(), theme],
      tooltips({position: "fixed"}),
      autocompletion({
        override: [completeSql(() => this.schema)],
        activateOnTypingDelay: 5,
        interactionDelay: 0, // what is visible is taken: a Tab in its first moment would indent the line instead
        maxRenderedOptions: 60,
      }),
      keymap.of([...closeBracketsKeymap, ...completionKeymap, ...searchKeymap, ...historyKeymap, ...lintKeymap]),
      keymap.of([...defaultKeymap, indentWithTab]),
      EditorView.contentAttributes.of({"aria-label": this.model.label}),
      EditorView.updateListener.of((update) => update.docChanged && this.#changed()),
      EditorView.domEventHandlers({blur: () => this.#flush()}),
      forgetEdited,
    ];
  }

  remove() {
    window.removeEventListener("click", this.flush, true);
    this.#hush();
    this.view.destroy();
  }

  receive(message) {
    if (message.type === "insert") this.#insert(message.text);
  }

  setSchema(schema) {
    this.schema = new Schema(schema);
  }

  showBusy() {
    this.root.toggleAttribute("data-busy", this.model.busy);
    this.root.setAttribute("aria-busy", String(this.model.busy));
  }

  /** Replace what differs, so that the cursor stays in what does not. */
  setText(text) {
    const old = this.view.state.doc.toString();
    this.#hush();
    if (text === old) return;
    const shorter = Math.min(text.length, old.length);
    let start = 0;
    while (start < shorter && text[start] === old[start]) start++;
    let tail = 0;
    while (tail < shorter - start && text.at(-1 - tail) === old.at(-1 - tail)) tail++;
    const insert = text.slice(start, text.length - tail);
    this.view.dispatch({changes: {from: start, to: old.length - tail, insert}});
    this.#hush(); // Python knows
  }

  #insert(text) {
    this.view.dispatch(this.view.state.replaceSelection(text), {scrollIntoView: true});
    this.view.focus();
  }

  #hush() {
    clearTimeout(this.saying);
    this.saying = null;
  }

  #changed() {
    this.#hush();
    this.saying = setTimeout(() => this.#say(), SAYS_AFTER);
  }

  /** Hand over at once what waits to be said: as a message, because changes of properties wait in Python, too. */
  #flush() {
    if (this.saying == null) return;
    this.model.send_msg({type: "say", text: this.#say()});
  }

  #say() {
    this.#hush();
    const text = this.view.state.doc.toString();
    if (this.model.value !== text) this.model.value = text;
    return text;
  }

  #run() {
    closeCompletion(this.view);
    this.model.send_msg({type: "run", text: this.#say()});
    return true;
  }
}

/** Enter behind a name that is typed out ends the line: there is nothing to complete. */
function closeIfTyped(view) {
  const option = completionStatus(view.state) === "active" ? selectedCompletion(view.state) : null;
  const {head} = view.state.selection.main;
  const isTyped = option && view.state.sliceDoc(Math.max(0, head - option.label.length), head) === option.label;
  if (isTyped) closeCompletion(view);
  return false; // Enter does what it does otherwise
}
