// js-yaml: reads and writes every file of a directory, see run.mjs.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import yaml from 'js-yaml';

const [, , from, to] = process.argv;
const write = (documents) => documents.map((document) => yaml.dump(document, { lineWidth: -1 })).join('---\n');
for (const name of readdirSync(from).filter((name) => !name.endsWith('.md'))) {
  try {
    const documents = yaml.loadAll(readFileSync(join(from, name), 'utf8'));
    writeFileSync(join(to, 'written', name), write(documents));
    const job = documents.find((document) => document?.kind === 'Job');
    if (job) {
      job.spec.backoffLimit = 77;
      writeFileSync(join(to, 'edited', name), write(documents));
    }
  } catch {
    // A file that cannot be written counts as a failure.
  }
}
