// Measures the cost of one keystroke in WebAssembly: `node bench/keystroke/run.mjs`. Requires the wasm32 target
// (scripts/setup.sh). The native counterpart is `cargo bench -p bench-engine`.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const target = join(root, 'target/keystroke');
execFileSync(
  'cargo',
  ['build', '--release', '--locked', '--quiet', '--target', 'wasm32-unknown-unknown', '--manifest-path', join(import.meta.dirname, 'Cargo.toml')],
  { stdio: 'inherit', env: { ...process.env, CARGO_TARGET_DIR: target } },
);
const bytes = readFileSync(join(target, 'wasm32-unknown-unknown/release/keystroke.wasm'));
const { instance } = await WebAssembly.instantiate(bytes, {});
const engine = instance.exports;

/** Measures calls: minimum, median and maximum, in milliseconds. */
function time(call, rounds) {
  const times = [];
  for (let round = 0; round < rounds; round += 1) {
    const began = performance.now();
    const problems = call();
    times.push(performance.now() - began);
    if (problems > 2) throw new Error(`${problems} problems`);
  }
  times.sort((a, b) => a - b);
  return [times[0], times[Math.floor(rounds / 2)], times[rounds - 1]].map((value) => value.toFixed(3)).join(' | ');
}

console.log(`WebAssembly in Node ${process.version}, ${cpus().length} cores\n`);
console.log('| Job | what | least | median | most, ms |\n|---|---|---|---|---|');
for (const [name, variables, rounds] of [['pi', 0, 3000], ['200 lines', 93, 1000], ['1 MiB', 17_800, 60]]) {
  const length = engine.open(variables);
  for (const what of ['form', 'text', 'read']) {
    time(engine[what], Math.ceil(rounds / 4));
    console.log(`| ${name} (${length} bytes) | ${what} | ${time(engine[what], rounds)} |`);
  }
}
