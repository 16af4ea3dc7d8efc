// Renders responses of the console as a Markdown table.
import type { Answer } from './session.ts';

/** Renders status and summary: the kind of an error, the result of each object, or the kind of data. */
export function cell({ status, text }: Answer): string {
  return `${status} ${gist(text)}`;
}

function gist(text: string): string {
  const event = text.match(/^event: ?(\w+)/m);
  if (event) return event[1];
  let value: any;
  try {
    value = JSON.parse(text);
  } catch {
    return text === '' ? 'empty' : 'text';
  }
  if (value === null) return 'done';
  if (typeof value === 'string') return 'text';
  if (value.kind) return value.kind;
  if (value.projects) return `project ${value.projects.join(', ')}`;
  if (value.documents) return value.documents.map((document: any) => document.error?.kind ?? 'created').join(', ');
  if (Array.isArray(value) && value[0]?.uid) return 'data';
  if (Array.isArray(value)) return value.map((result) => result?.kind ?? 'deleted').join(', ');
  if ('logs' in value && 'change' in value) {
    const allowed = Object.keys(value).filter((right) => value[right]);
    return `may ${allowed.join(', ') || 'nothing'}`;
  }
  if ('priority_classes' in value) {
    const lists = Object.values(value).filter((list) => Array.isArray(list) && list.length > 0);
    return lists.length > 0 ? 'data' : 'nothing';
  }
  return 'data';
}

/** Renders the table, with a row for each call. */
export function table(columns: string[], rows: Map<string, string[]>): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |\n`;
  const body = [...rows].map(([name, cells]) => line([`\`${name}\``, ...cells])).join('');
  return line(['call', ...columns]) + line(['---', ...columns.map(() => '---')]) + body;
}
