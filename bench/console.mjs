// Measures the release build on this machine: start, time to first byte, time to interactive, memory; prints a
// table. Build first (`make build`), with end2end's packages installed (`scripts/setup.sh test`).
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const { chromium } = createRequire(join(root, 'end2end/package.json'))('@playwright/test');
const rounds = Number(process.env.ROUNDS ?? 7);
const folder = mkdtempSync(join(tmpdir(), 'jobwright-bench-'));
const kubeconfig = join(folder, 'kubeconfig');
const rows = [];

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function row(what, values, unit, digits = 0) {
  const figures = [Math.min(...values), median(values), Math.max(...values)];
  rows.push(`| ${what} | ${figures.map((value) => value.toFixed(digits)).join(' | ')} | ${unit} |`);
}

/** Starts the console; resolves to its process, its sign-in URL and the time to its first byte in milliseconds. */
async function start(data) {
  const began = performance.now();
  const child = spawn(
    join(root, 'target/release/jobwright'),
    ['serve', '--listen', '127.0.0.1:0', '--cluster', 'embedded', '--data-dir', data, '--playground-kubeconfig', kubeconfig],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const address = await new Promise((resolve) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const found = text.match(/http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/);
      if (found) resolve(found[0]);
    });
  });
  await fetch(new URL('/healthz', address));
  return { child, address, firstByte: performance.now() - began };
}

async function stop(child) {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

/** Returns the resident memory of a process in MiB. */
const resident = (child) => Number(readFileSync(`/proc/${child.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024;

async function pages(origin, cookie, label) {
  const url = `${origin}/projects/demo/jobs`;
  const first = [];
  for (let round = 0; round < rounds * 3; round += 1) {
    const began = performance.now();
    const answer = await fetch(url, { headers: { cookie } });
    await answer.body.getReader().read();
    first.push(performance.now() - began);
    await answer.body?.cancel().catch(() => {});
  }
  row(`Job list${label}: time to first byte`, first, 'ms', 1);
}

async function interactive(browser, origin, state, what, path) {
  const alive = [];
  let transferred = 0;
  for (let round = 0; round < rounds; round += 1) {
    // A new context has an empty cache.
    const context = await browser.newContext({ storageState: state });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    transferred = 0;
    session.on('Network.loadingFinished', (event) => { transferred += event.encodedDataLength; });
    const began = performance.now();
    await page.goto(`${origin}${path}`, { waitUntil: 'commit' });
    await page.locator('html[data-alive=true]').waitFor();
    alive.push(performance.now() - began);
    await context.close();
  }
  row(`${what}: navigation to interactive, empty cache`, alive, 'ms');
  return transferred;
}

const starts = [];
for (let round = 0; round < rounds; round += 1) {
  const run = await start(join(folder, `start-${round}`));
  starts.push(run.firstByte);
  await stop(run.child);
}
row('start on the playground to the first byte, empty data folder', starts, 'ms');

const { child, address } = await start(join(folder, 'data'));
const executablePath = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync);
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
const first = await browser.newContext();
const page = await first.newPage();
await page.goto(address);
await page.locator('html[data-alive=true]').waitFor();
const state = await first.storageState();
const cookie = state.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
const { origin } = new URL(address);
await first.close();

row('resident memory, idle', [resident(child)], 'MiB');
await pages(origin, cookie, ', empty');
const jobList = '/projects/demo/jobs';
const transferred = await interactive(browser, origin, state, 'Job list, empty', jobList);
const wizard = await interactive(browser, origin, state, 'Wizard', '/projects/demo/create-job?example=pi');

const jobs = Array.from({ length: 1000 }, (_, index) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: `job-${index}` },
  spec: { suspend: true, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox:1.36', command: ['true'] }] } } },
}));
const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: jobs });
execFileSync('kubectl', ['--kubeconfig', kubeconfig, '--namespace', 'demo', 'create', '-f', '-'], { input: list, env: { ...process.env, HOME: folder }, stdio: ['pipe', 'ignore', 'inherit'] });
await new Promise((resolve) => setTimeout(resolve, 3000));
await pages(origin, cookie, ', 1,000 Jobs');
await interactive(browser, origin, state, 'Job list, 1,000 Jobs', jobList);
row('resident memory, 1,000 suspended Jobs, list open', [resident(child)], 'MiB');

await browser.close();
await stop(child);
rmSync(folder, { recursive: true, force: true });
console.log('| what | least | median | most | unit |\n|---|---:|---:|---:|---|');
console.log(rows.join('\n'));
console.log(`\nTransferred until the page is interactive, headers included: ${transferred} bytes (Job list), ${wizard} bytes (wizard).`);
