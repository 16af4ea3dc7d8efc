// Compares round trips of real manifests through four YAML libraries: `node bench/roundtrip/run.mjs`. Installs its
// dependencies (npm ci here, a Python environment under target/). Each library reads every file and writes it
// twice: unchanged, and with spec.backoffLimit of the first Job set. Those that reserialize values and comments
// are configured with the file's indentation and without line folding.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const here = import.meta.dirname;
const root = join(here, '../..');
const manifests = join(root, 'manifest/tests/fixtures/manifests');
const out = join(root, 'target/roundtrip');
const run = (command, args, options = {}) => execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'], ...options });

const python = join(out, 'venv/bin/python');
mkdirSync(out, { recursive: true });
if (!existsSync(join(here, 'node_modules/yaml'))) run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: here });
if (!existsSync(python)) run('python3', ['-m', 'venv', join(out, 'venv')]);
run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--require-hashes', '-r', join(here, 'requirements.txt')]);

const version = (name) => JSON.parse(readFileSync(join(here, `node_modules/${name}/package.json`), 'utf8')).version;
const ruamel = readFileSync(join(here, 'requirements.txt'), 'utf8').match(/==(\S+)/)[1];
const tools = [
  ['this engine', (to) => run('cargo', ['run', '--quiet', '--release', '-p', 'manifest', '--example', 'roundtrip', '--', manifests, to], { cwd: root })],
  [`js-yaml ${version('js-yaml')}`, (to) => run('node', [join(here, 'js-yaml.mjs'), manifests, to])],
  [`yaml ${version('yaml')}`, (to) => run('node', [join(here, 'yaml.mjs'), manifests, to])],
  [`ruamel.yaml ${ruamel}`, (to) => run(python, [join(here, 'ruamel_yaml.py'), manifests, to])],
];

const { Lexer, parseAllDocuments } = await import('yaml');
const names = readdirSync(manifests).filter((name) => !name.endsWith('.md')).sort();
const read = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);
const before = new Map(names.map((name) => [name, read(join(manifests, name))]));
// Refused by the API server: a duplicate key.
const taken = names.filter((name) => parseAllDocuments(before.get(name)).every((document) => document.errors.length === 0));
const withJob = taken.filter((name) => /^kind:\s*Job\b|"kind":\s*"Job"/m.test(before.get(name)));

function comments(text) {
  return [...new Lexer().lex(text)].filter((token) => token.startsWith('#')).map((token) => token.trimEnd()).sort();
}

/** Returns the number of changed lines: those between the common first and last lines, of the longer text. */
function linesTouched(a, b) {
  const [first, second] = [a.split('\n'), b.split('\n')];
  const shorter = Math.min(first.length, second.length);
  let head = 0;
  while (head < shorter && first[head] === second[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && first.at(-1 - tail) === second.at(-1 - tail)) tail += 1;
  return Math.max(first.length, second.length) - head - tail;
}

/** Reports whether all items of one sorted list are in the other. */
function holds(all, some) {
  let at = 0;
  for (const text of all) if (text === some[at]) at += 1;
  return at === some.length;
}

const share = (part, whole) => `${part} of ${whole} (${((100 * part) / whole).toFixed(1)} %)`;
console.log('| | byte for byte after reading and writing | one line at most touched by setting `backoffLimit`, no comment lost |');
console.log('|---|---|---|');
for (const [name, write] of tools) {
  const to = join(out, name.replaceAll(' ', '-'));
  rmSync(to, { recursive: true, force: true });
  for (const kind of ['written', 'edited']) mkdirSync(join(to, kind), { recursive: true });
  write(to);
  const same = taken.filter((file) => read(join(to, 'written', file)) === before.get(file));
  const small = withJob.filter((file) => {
    const after = read(join(to, 'edited', file));
    return (
      after !== undefined && /backoffLimit"?: 77\b/.test(after) &&
      linesTouched(before.get(file), after) <= 1 && holds(comments(after), comments(before.get(file)))
    );
  });
  if (process.env.VERBOSE) console.error(name, withJob.filter((file) => !small.includes(file)));
  console.log(`| ${name} | ${share(same.length, taken.length)} | ${share(small.length, withJob.length)} |`);
}
