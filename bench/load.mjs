// Measures the load of one open page on the API server: requests per minute by verb, with the Job list open, with
// a Job page open, and with none. Reads the metrics of a real cluster (make cluster-up VERSION=newest):
//   node bench/load.mjs ~/.cache/jobwright/kubernetes/newest/admin.kubeconfig
// SECONDS=60 sets the duration of each measurement.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const { chromium } = createRequire(join(root, 'end2end/package.json'))('@playwright/test');
const program = process.env.JOBWRIGHT ?? join(root, 'target/quick/jobwright');
const seconds = Number(process.env.SECONDS ?? 60);
const kubeconfig = process.argv[2];
if (!kubeconfig) throw new Error('usage: load.mjs KUBECONFIG');
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const kubectl = (...args) => execFileSync('kubectl', ['--kubeconfig', kubeconfig, ...args], { encoding: 'utf8', maxBuffer: 1 << 28 });

/** Counts the requests for Jobs, Pods, events and quotas so far, by verb. Only the console sends these. */
function requests() {
  const counts = {};
  for (const line of kubectl('get', '--raw', '/metrics').split('\n')) {
    if (!line.startsWith('apiserver_request_total{')) continue;
    const label = (name) => line.match(new RegExp(`[{,]${name}="([^"]*)"`))?.[1] ?? '';
    if (label('scope') !== 'namespace' && label('scope') !== 'resource') continue;
    if (!['jobs', 'pods', 'events', 'resourcequotas'].includes(label('resource'))) continue;
    counts[label('verb')] = (counts[label('verb')] ?? 0) + Number(line.split(' ').at(-1));
  }
  return counts;
}

async function counted(what) {
  const before = requests();
  await sleep(seconds * 1000);
  const after = requests();
  const verbs = Object.keys(after).filter((verb) => after[verb] > (before[verb] ?? 0));
  const perMinute = verbs.map((verb) => [verb, ((after[verb] - (before[verb] ?? 0)) * 60) / seconds]);
  console.log(`| ${what} | ${perMinute.map(([verb, count]) => `${verb} ${count.toFixed(0)}`).join(', ') || 'none'} |`);
}

const folder = mkdtempSync(join(tmpdir(), 'jobwright-bench-'));
const child = spawn(
  program,
  ['serve', '--listen', '127.0.0.1:0', '--cluster', 'kubeconfig', '--data-dir', join(folder, 'data')],
  { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, KUBECONFIG: kubeconfig } },
);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  const address = await new Promise((resolve, reject) => {
    let text = '';
    child.once('exit', (code) => reject(new Error(`the console ended with ${code}`)));
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const found = text.match(/http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/);
      if (found) resolve(found[0]);
    });
  });
  const { origin } = new URL(address);
  console.log('| open | requests a minute |\n|---|---|');
  await counted('nothing');
  const page = await browser.newPage();
  await page.goto(address);
  await page.goto(`${origin}/projects/demo/jobs`);
  await sleep(5000);
  await counted('the Jobs of a project');
  const second = await browser.newPage({ storageState: await page.context().storageState() });
  await second.goto(`${origin}/projects/demo/jobs`);
  await sleep(5000);
  await counted('the same in a second window');
} finally {
  await browser.close();
  child.kill();
  rmSync(folder, { recursive: true, force: true });
}
