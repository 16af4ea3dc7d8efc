// yaml: reads and writes every file of a directory as documents, its API that keeps comments, see run.mjs.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

const [, , from, to] = process.argv;
/** Returns the file's indentation, with which a careful program would configure the serializer. */
function habits(text) {
  const list = text.match(/^( *)[^\s#][^\n]*:[^\S\n]*\n( *)- /m);
  const map = text.match(/^( *)[^\s#-][^\n]*:[^\S\n]*\n( +)[^\s#-]/m);
  const step = map ? map[2].length - map[1].length : 2;
  return {
    lineWidth: 0,
    indent: step > 0 ? step : 2,
    indentSeq: !list || list[2].length > list[1].length,
    flowCollectionPadding: !/: [[{][^\s\]}]/.test(text),
  };
}
const write = (documents, options) => documents.map((document) => document.toString(options)).join('');
for (const name of readdirSync(from).filter((name) => !name.endsWith('.md'))) {
  try {
    const text = readFileSync(join(from, name), 'utf8');
    const options = habits(text);
    const documents = parseAllDocuments(text);
    writeFileSync(join(to, 'written', name), write(documents, options));
    const job = documents.find((document) => document.get('kind') === 'Job');
    if (job) {
      job.setIn(['spec', 'backoffLimit'], 77);
      writeFileSync(join(to, 'edited', name), write(documents, options));
    }
  } catch {
    // A file that cannot be written counts as a failure.
  }
}
