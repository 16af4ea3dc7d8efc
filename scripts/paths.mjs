// Checks that the files of this repository named in Markdown documents exist.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const FOLDERS = 'app|deploy|frontend|manifest|playground|rules|server|style|public|scripts|end2end|bench|docs';
// A path in backticks that starts with one of our directories; placeholders such as NAME, <name> or * are skipped.
const PATH = new RegExp('`((?:' + FOLDERS + ')/[^`\\s]*)`', 'g');

const documents = execFileSync('git', ['ls-files', '*.md'], { cwd: ROOT, encoding: 'utf8' }).trim().split('\n');
let missing = 0;
for (const document of documents) {
  for (const [, path] of readFileSync(join(ROOT, document), 'utf8').matchAll(PATH)) {
    if (/[A-Z*<{…]/.test(path.replace(/README|Cargo|Trunk/g, '')) || existsSync(join(ROOT, path))) continue;
    console.log(`${document}: ${path} is not there`);
    missing += 1;
  }
}
process.exitCode = missing ? 1 : 0;
