// Completion, documentation and quick fixes: asked of the document engine, shown by Monaco.
import { editor, languages, Range } from './monaco.js';

/**
 * Registers for one model:
 * informed(), a promise that the two below have what they need (the mouse may rest before the schema is here),
 * complete(offset) → [{label, insert, detail, documentation, offset, length, field}],
 * hover(offset) → {text, offset, length} or null,
 * fixes(offset, length) → [{title, index}], and fix(index) carries one out.
 */
export function register(model, { informed, complete, hover, fixes, fix }) {
  const range = (offset, length) => {
    const [start, end] = [model.getPositionAt(offset), model.getPositionAt(offset + length)];
    return new Range(start.lineNumber, start.column, end.lineNumber, end.column);
  };
  const { Property, Value } = languages.CompletionItemKind;
  const command = 'jobwright.fix';
  const registered = [
    languages.registerCompletionItemProvider('yaml', {
      triggerCharacters: [' ', ':', '-', '"'],
      async provideCompletionItems(of, position, _context, asked) {
        if (of !== model) return null;
        await informed();
        if (asked.isCancellationRequested) return null;
        const items = complete(model.getOffsetAt(position));
        return {
          suggestions: items.map((item, place) => ({
            label: item.label,
            insertText: item.insert,
            detail: item.detail,
            documentation: { value: item.documentation },
            range: range(item.offset, item.length),
            kind: item.field ? Property : Value,
            // In the schema's order.
            sortText: String(place).padStart(4, '0'),
          })),
        };
      },
    }),
    languages.registerHoverProvider('yaml', {
      async provideHover(of, position, asked) {
        if (of !== model) return null;
        await informed();
        if (asked.isCancellationRequested) return null;
        const found = hover(model.getOffsetAt(position));
        return found ? { contents: [{ value: found.text }], range: range(found.offset, found.length) } : null;
      },
    }),
    editor.registerCommand(command, (_, index) => fix(index)),
    languages.registerCodeActionProvider('yaml', {
      provideCodeActions(of, at) {
        if (of !== model) return null;
        const start = model.getOffsetAt({ lineNumber: at.startLineNumber, column: at.startColumn });
        const end = model.getOffsetAt({ lineNumber: at.endLineNumber, column: at.endColumn });
        const actions = fixes(start, end - start).map(({ title, index }) => ({
          title,
          kind: 'quickfix',
          command: { id: command, title, arguments: [index] },
        }));
        return { actions, dispose() {} };
      },
    }),
  ];
  return { dispose: () => registered.forEach((one) => one.dispose()) };
}
