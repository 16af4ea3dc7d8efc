// documented.mjs OUT: checks that docs/deploy.md names every value of the chart's schema, and writes its examples of
// values.yaml (the blocks that set `host`) to OUT/example-N.yaml.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'docs/deploy.md'), 'utf8');
const schema = JSON.parse(readFileSync(join(root, 'deploy/chart/values.schema.json'), 'utf8'));

/** The paths of all values that are not groups of others. */
function* leaves(node, path = []) {
  if (!node.properties) yield path;
  for (const [name, child] of Object.entries(node.properties ?? {})) yield* leaves(child, [...path, name]);
}

// A row names values as `group.first`, `.second`: the group of a short name is that of the full name before it.
const named = new Set();
for (const [, cell] of text.matchAll(/^\| (`[^|]*?) \|/gm)) {
  let group = [];
  for (const [, name] of cell.matchAll(/`([^`]+)`/g)) {
    const short = name.startsWith('.');
    const path = short ? [...group, ...name.slice(1).split('.')] : name.split('.');
    if (!short) group = path.slice(0, -1);
    named.add(path.join('.'));
  }
}
const unnamed = new Set(['global', 'nameOverride', 'fullnameOverride', 'httpRoute.timeouts.request', 'httpRoute.timeouts.backendRequest']);
const missing = [...leaves(schema)].map((path) => path.join('.')).filter((path) => !named.has(path) && !unnamed.has(path));
for (const path of missing) console.error(`docs/deploy.md does not describe ${path}`);

let number = 0;
for (const [, indent, block] of text.matchAll(/^( *)```yaml\n([\s\S]*?)^ *```$/gm)) {
  const example = block.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
  if (/^host:/m.test(example)) writeFileSync(join(process.argv[2], `example-${++number}.yaml`), example);
}
if (number < 2) console.error('docs/deploy.md has no examples of values.yaml');
process.exitCode = missing.length || number < 2 ? 1 : 0;
