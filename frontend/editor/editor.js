// The editor as Jobwright sees it. Offsets are UTF-16 units of the text; the text is never changed behind the
// document's back: what Monaco cannot keep byte for byte is said by `exact`.
import { editor, KeyCode, KeyMod, languages, MarkerSeverity, Range } from './monaco.js';
import { register } from './providers.js';

const base = new URL('.', import.meta.url);
let ready = false;

/** Once: where the worker is, the page's nonce, and the styles. Resolves when the styles are there. */
function prepare(nonce) {
  if (ready) return ready;
  globalThis.JOBWRIGHT_NONCE = nonce;
  globalThis.MonacoEnvironment = { getWorker: () => new Worker(new URL('editor.worker.js', base), { type: 'module' }) };
  ready = new Promise((resolve, reject) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = new URL('editor.css', base);
    link.onload = () => resolve();
    link.onerror = () => reject(new Error('the editor’s styles cannot be loaded'));
    document.head.append(link);
  });
  return ready;
}

const theme = (name) => (name === 'dark' ? 'vs-dark' : 'vs');

/**
 * Makes an editor in an element.
 * options: text, language ('yaml' | 'json'), readOnly, theme ('light' | 'dark'), ariaLabel, nonce,
 * onChange(changes: [{offset, length, text}], text), onCursor(offset), onUndo(), onRedo(), and what providers.js asks.
 */
export async function create(element, options) {
  await prepare(options.nonce);
  const model = editor.createModel(options.text, 'yaml');
  const view = editor.create(element, {
    model,
    readOnly: options.readOnly ?? false,
    theme: theme(options.theme),
    ariaLabel: options.ariaLabel,
    automaticLayout: true,
    accessibilitySupport: 'auto',
    fontSize: 13,
    lineHeight: 20,
    minimap: { enabled: false },
    scrollBeyondLastLine: false,
    renderWhitespace: 'boundary',
    tabSize: 2,
    insertSpaces: true,
    detectIndentation: true,
    trimAutoWhitespace: false,
    autoIndent: 'keep',
    autoClosingBrackets: 'never',
    autoClosingQuotes: 'never',
    formatOnPaste: false,
    formatOnType: false,
    quickSuggestions: { other: true, comments: false, strings: true },
    acceptSuggestionOnEnter: 'smart',
    suggest: { showWords: false },
    wordBasedSuggestions: 'off',
    unicodeHighlight: { ambiguousCharacters: false },
    fixedOverflowWidgets: true,
    padding: { top: 8, bottom: 8 },
  });
  // Changes made from outside are not reported back.
  let silent = false;
  const subscriptions = [
    model.onDidChangeContent((event) => {
      if (silent) return;
      const changes = event.changes
        .map((change) => ({ offset: change.rangeOffset, length: change.rangeLength, text: change.text }))
        .sort((a, b) => a.offset - b.offset);
      options.onChange?.(changes, model.getValue());
    }),
    view.onDidChangeCursorPosition((event) => {
      if (!silent) options.onCursor?.(model.getOffsetAt(event.position));
    }),
  ];
  // One history for form and text: the document's, not the editor's own.
  view.addCommand(KeyMod.CtrlCmd | KeyCode.KeyZ, () => options.onUndo?.());
  view.addCommand(KeyMod.CtrlCmd | KeyMod.Shift | KeyCode.KeyZ, () => options.onRedo?.());
  view.addCommand(KeyMod.CtrlCmd | KeyCode.KeyY, () => options.onRedo?.());
  if (options.complete) subscriptions.push(register(model, options));
  const lit = view.createDecorationsCollection();
  let dim;
  const range = (offset, length) => {
    const [start, end] = [model.getPositionAt(offset), model.getPositionAt(offset + length)];
    return new Range(start.lineNumber, start.column, end.lineNumber, end.column);
  };
  const quietly = (change) => {
    silent = true;
    try {
      change();
    } finally {
      silent = false;
    }
  };
  return {
    /** False if the text has line ends that Monaco would change: then it must not be edited here. */
    exact: (text) => model.getValue() === text,
    text: () => model.getValue(),
    setText(text) {
      if (model.getValue() === text) return;
      quietly(() => {
        model.pushEOL(text.includes('\r\n') ? 1 : 0);
        view.pushUndoStop();
        view.executeEdits('jobwright', [{ range: model.getFullModelRange(), text, forceMoveMarkers: true }]);
        view.pushUndoStop();
      });
    },
    /** Edits of the text as it is, ascending: cursor, scroll and folding stay. */
    applyEdits(edits) {
      quietly(() => {
        view.executeEdits('jobwright', edits.map(({ offset, length, text }) => ({ range: range(offset, length), text })));
      });
    },
    setTheme: (name) => editor.setTheme(theme(name)),
    setReadOnly: (readOnly) => view.updateOptions({ readOnly }),
    /** severity: 'error' | 'warning' | 'advice'. */
    setMarkers(markers) {
      const severities = { error: MarkerSeverity.Error, warning: MarkerSeverity.Warning, advice: MarkerSeverity.Info };
      editor.setModelMarkers(model, 'jobwright', markers.map(({ offset, length, severity, message, code }) => {
        const { startLineNumber, startColumn, endLineNumber, endColumn } = range(offset, Math.max(length, 1));
        return { startLineNumber, startColumn, endLineNumber, endColumn, severity: severities[severity], message, code };
      }));
    },
    /** Lights the lines of some ranges for a moment. */
    highlight(ranges) {
      clearTimeout(dim);
      lit.set(ranges.map(({ offset, length }) => ({
        range: range(offset, length),
        options: { isWholeLine: true, className: 'editor-lit' },
      })));
      dim = setTimeout(() => lit.clear(), 1500);
    },
    reveal(offset, focus) {
      const position = model.getPositionAt(offset);
      view.setPosition(position);
      view.revealPositionInCenterIfOutsideViewport(position);
      if (focus) view.focus();
    },
    cursor: () => model.getOffsetAt(view.getPosition()),
    focus: () => view.focus(),
    undo: () => view.trigger('jobwright', 'undo'),
    dispose() {
      clearTimeout(dim);
      for (const subscription of subscriptions) subscription.dispose();
      view.dispose();
      model.dispose();
    },
  };
}

/** Shows the difference of two texts, read-only. */
export async function diff(element, options) {
  await prepare(options.nonce);
  const models = [editor.createModel(options.original, 'yaml'), editor.createModel(options.modified, 'yaml')];
  const view = editor.createDiffEditor(element, {
    readOnly: true,
    theme: theme(options.theme),
    automaticLayout: true,
    renderSideBySideInlineBreakpoint: 700,
    minimap: { enabled: false },
    scrollBeyondLastLine: false,
  });
  view.setModel({ original: models[0], modified: models[1] });
  return {
    dispose() {
      view.dispose();
      for (const model of models) model.dispose();
    },
  };
}
