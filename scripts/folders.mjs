// Prints the imports between directories of each crate, and fails on import cycles.
// A directory is one directly below `src`, or one named below; a file next to them counts as a directory of its
// own; `lib.rs` and `main.rs`, which only assemble the others, are excluded. Tests are not checked.
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const CRATES = process.argv.slice(2).length ? process.argv.slice(2) : ['rules', 'manifest', 'playground', 'app', 'server'];
/** Subdirectories that count as directories of their own. */
const ROOMS = { app: ['pages/job_list', 'pages/job_detail', 'pages/create_job'] };

const sources = (folder) =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.rs'))
    .map((entry) => join(entry.parentPath, entry.name));

/** Returns the text without comments, contents of strings, and inline test modules. */
const code = (text) =>
  text
    .replace(/^#\[cfg\(test\)\]\nmod \w+ \{\n[\s\S]*?^\}/gm, '')
    .replace(/\/\/.*$/gm, '')
    .replace(/"(?:[^"\\\n]|\\.)*"/g, '""');

/** Returns the leaves of a use tree: `a::{b, c::d}` gives `a::b` and `a::c::d`. */
function leaves(tree) {
  const brace = tree.indexOf('{');
  if (brace < 0) return [tree.replace(/\s+as\s+\w+$/, '').trim()];
  const parts = [];
  let depth = 0;
  let part = '';
  for (const letter of `${tree.slice(brace + 1, tree.lastIndexOf('}'))},`) {
    if (letter === ',' && depth === 0) {
      if (part.trim()) parts.push(part.trim());
      part = '';
      continue;
    }
    depth += letter === '{' ? 1 : letter === '}' ? -1 : 0;
    part += letter;
  }
  return parts.flatMap(leaves).map((leaf) => tree.slice(0, brace).trim() + leaf);
}

/** Returns the paths below the crate that a module imports, as lists of names. */
function imports(text, module) {
  const paths = [];
  const rest = text.replace(/\buse ([^;]+);/g, (_, tree) => {
    paths.push(...leaves(tree.replace(/\s+/g, ' ')));
    return '';
  });
  paths.push(...(rest.match(/(?<![\w:])(?:crate|super)(?:::\w+)+/g) ?? []));
  return paths.flatMap((path) => {
    let names = path.split('::').map((name) => name.trim());
    if (names[0] === 'crate') return [names.slice(1)];
    if (names[0] !== 'super') return [];
    let base = module;
    while (names[0] === 'super') {
      base = base.slice(0, -1);
      names = names.slice(1);
    }
    return [[...base, ...names]];
  });
}

function graph(crate) {
  const root = join(ROOT, crate, 'src');
  const rooms = (ROOMS[crate] ?? []).map((room) => room.split('/'));
  const known = new Set();
  const files = sources(root).map((file) => {
    const module = relative(root, file).replace(/\.rs$/, '').split(sep);
    if (['mod', 'lib', 'main'].includes(module.at(-1))) module.pop();
    return { file, module };
  });
  const roomOf = (module) => {
    const room = rooms.find((room) => room.every((name, at) => module[at] === name));
    return room ? room.join('/') : module[0];
  };
  for (const { module } of files) if (module.length) known.add(roomOf(module));
  const edges = new Map();
  for (const { file, module } of files) {
    if (!module.length || module.at(-1) === 'tests') continue;
    const from = roomOf(module);
    for (const path of imports(code(readFileSync(file, 'utf8')), module)) {
      const to = roomOf(path);
      if (!path.length || to === from || !known.has(to)) continue;
      const key = `${from} ${to}`;
      edges.set(key, [...(edges.get(key) ?? []), relative(ROOT, file)]);
    }
  }
  return { known, edges };
}

/** Returns the sets of directories that reach each other (strongly connected components). */
function cycles(known, edges) {
  const next = new Map([...known].map((room) => [room, []]));
  for (const key of edges.keys()) next.get(key.split(' ')[0]).push(key.split(' ')[1]);
  const reach = (from) => {
    const seen = new Set();
    const todo = [...next.get(from)];
    for (let room = todo.pop(); room; room = todo.pop()) {
      if (seen.has(room)) continue;
      seen.add(room);
      todo.push(...next.get(room));
    }
    return seen;
  };
  const reached = new Map([...known].map((room) => [room, reach(room)]));
  const found = new Map();
  for (const room of known) {
    const cycle = [...known].filter((other) => reached.get(room).has(other) && reached.get(other).has(room));
    if (cycle.length > 1) found.set(cycle.sort().join(', '), cycle);
  }
  return [...found.values()];
}

let failed = false;
for (const crate of CRATES) {
  const { known, edges } = graph(crate);
  console.log(crate);
  for (const room of [...known].sort()) {
    const to = [...edges.keys()].filter((key) => key.startsWith(`${room} `)).map((key) => key.split(' ')[1]);
    console.log(`  ${room}${to.length ? ` -> ${to.sort().join(', ')}` : ''}`);
  }
  for (const cycle of cycles(known, edges)) {
    failed = true;
    console.log(`  CYCLE: ${cycle.join(', ')}`);
    for (const [key, files] of edges) {
      const [from, to] = key.split(' ');
      if (cycle.includes(from) && cycle.includes(to)) console.log(`    ${from} -> ${to}: ${[...new Set(files)].join(', ')}`);
    }
  }
}
process.exitCode = failed ? 1 : 0;
