// Fills a cluster with Jobs in a realistic mix, and measures the Job list with them: first byte, first row, sorting,
// memory, many viewers, a storm of changes. On the embedded playground, or on a real cluster:
//   node bench/scale.mjs [KUBECONFIG]
// JOBS=10000 and VIEWERS=1000 set the sizes, ROUNDS=5 the number of measurements, STORM=60 the seconds of the storm.
// A project `scale-JOBS` is created, kept for the next run if KEEP is set, and deleted otherwise.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const { chromium } = createRequire(join(root, 'end2end/package.json'))('@playwright/test');
const program = process.env.JOBWRIGHT ?? join(root, 'target/release/jobwright');
const jobs = Number(process.env.JOBS ?? 10_000);
const viewers = Number(process.env.VIEWERS ?? 1000);
const rounds = Number(process.env.ROUNDS ?? 5);
const storm = Number(process.env.STORM ?? 60);
const project = `scale-${jobs}`;
const folder = mkdtempSync(join(tmpdir(), 'jobwright-scale-'));
const given = process.argv[2];
const kubeconfig = given ?? join(folder, 'kubeconfig');
const rows = [];
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function row(what, values, unit, digits = 0) {
  const sorted = [...values].sort((a, b) => a - b);
  const shown = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)].map((value) => value.toFixed(digits));
  rows.push(`| ${what} | ${shown.join(' | ')} | ${unit} |`);
  console.error(rows.at(-1));
}

const agent = new Agent({ keepAlive: true, maxSockets: 2000 });

/** Sends a request; returns the response's head and whole text, with the time to the first byte. */
function send(method, url, { headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const out = request(url, { method, agent, headers: { ...headers, ...(body ? { 'content-type': headers['content-type'] ?? 'application/json' } : {}) } }, (response) => {
      let first;
      const chunks = [];
      response.on('data', (chunk) => { first ??= performance.now() - began; chunks.push(chunk); });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, first, time: performance.now() - began, text: Buffer.concat(chunks).toString() }));
      response.on('error', reject);
    });
    out.on('error', reject);
    out.end(body);
  });
}

/** Runs `work` for 0 to count - 1, `width` at a time. */
async function each(count, width, work) {
  let next = 0;
  await Promise.all(Array.from({ length: width }, async () => {
    while (next < count) await work(next++);
  }));
}

function start(command, args, pattern, env = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, ...env } });
  const output = { text: '' };
  const found = new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code}`)));
    child.stdout.on('data', (chunk) => {
      output.text += chunk;
      const match = output.text.match(pattern);
      if (match) resolve(match);
    });
  });
  return { child, output, found };
}

const status = (child, field) => Number(readFileSync(`/proc/${child.pid}/status`, 'utf8').match(new RegExp(`${field}:\\s+(\\d+)`))[1]) / 1024;
const cpuSeconds = (child) => {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

const source = given ? ['--cluster', 'kubeconfig'] : ['--cluster', 'embedded', '--playground-kubeconfig', kubeconfig];
const open = () => start(
  program,
  ['serve', '--listen', '127.0.0.1:0', ...source, '--data-dir', join(folder, 'data')],
  /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/,
  given ? { KUBECONFIG: given } : {},
);
let server = open();
let address = (await server.found)[0];
await sleep(1500);
const proxy = start('kubectl', ['--kubeconfig', kubeconfig, 'proxy', '--port=0'], /127\.0\.0\.1:\d+/);
const api = `http://${(await proxy.found)[0]}`;
const kubectl = (...args) => execFileSync('kubectl', ['--kubeconfig', kubeconfig, ...args], { encoding: 'utf8', maxBuffer: 1 << 30 });
const ok = (response) => {
  if (response.status >= 300 && response.status !== 409) throw new Error(`${response.status}: ${response.text.slice(0, 300)}`);
  return response;
};
const collection = (group, kind) => `${api}${group}/namespaces/${project}/${kind}`;
const merge = { 'content-type': 'application/merge-patch+json' };

/** Nine of ten Jobs have completed; the others run, have failed, or cannot be scheduled, and have Pods and events. */
async function fill() {
  ok(await send('POST', `${api}/api/v1/namespaces`, { body: JSON.stringify({ metadata: { name: project } }) }));
  const present = JSON.parse((await send('GET', `${collection('/apis/batch/v1', 'jobs')}?limit=1`)).text);
  if (present.items.length) return;
  const at = (index) => new Date(Date.now() - (jobs - index) * 1000).toISOString().replace(/\.\d+/, '');
  const began = performance.now();
  await each(jobs, 24, async (index) => {
    const name = `${['report', 'import', 'train', 'backup'][index % 4]}-${index}`;
    const containers = [{ name: 'main', image: `registry.example/team/${name.split('-')[0]}:${index % 50}`, command: ['sh', '-c', 'work'], env: [{ name: 'N', value: String(index) }] }];
    const job = {
      apiVersion: 'batch/v1', kind: 'Job',
      metadata: { name, labels: { app: name.split('-')[0], team: `team-${index % 20}` }, annotations: index % 3 ? {} : { 'kubesphere.io/alias-name': `Nightly ${index}` } },
      // No controller acts on it: its state is what is written below.
      spec: { managedBy: 'jobwright.example/bench', template: { spec: { restartPolicy: 'Never', containers } } },
    };
    const created = JSON.parse(ok(await send('POST', collection('/apis/batch/v1', 'jobs'), { body: JSON.stringify(job) })).text);
    const condition = (type, reason) => ({ type, status: 'True', reason, message: '', lastProbeTime: at(index), lastTransitionTime: at(index) });
    const kind = index % 10 ? 'complete' : ['running', 'failed', 'pending'][(index / 10) % 3];
    const state = {
      complete: { startTime: at(index - 60), completionTime: at(index), succeeded: 1, ready: 0, terminating: 0, uncountedTerminatedPods: {}, conditions: [condition('SuccessCriteriaMet', 'CompletionsReached'), condition('Complete', 'CompletionsReached')] },
      failed: { startTime: at(index - 60), failed: 1, ready: 0, terminating: 0, uncountedTerminatedPods: {}, conditions: [condition('FailureTarget', 'BackoffLimitExceeded'), condition('Failed', 'BackoffLimitExceeded')] },
      running: { startTime: at(index), active: 1, ready: 1, terminating: 0, uncountedTerminatedPods: {} },
      pending: { startTime: at(index), active: 1, ready: 0, terminating: 0, uncountedTerminatedPods: {} },
    }[kind];
    ok(await send('PATCH', `${collection('/apis/batch/v1', 'jobs')}/${name}/status`, { headers: merge, body: JSON.stringify({ status: state }) }));
    if (kind === 'complete') return;
    const owner = { apiVersion: 'batch/v1', kind: 'Job', name, uid: created.metadata.uid, controller: true, blockOwnerDeletion: true };
    const pod = {
      apiVersion: 'v1', kind: 'Pod',
      metadata: { name: `${name}-x`, labels: created.spec.template.metadata.labels, ownerReferences: [owner] },
      spec: { schedulerName: 'none', restartPolicy: 'Never', containers },
    };
    const { metadata } = JSON.parse(ok(await send('POST', collection('/api/v1', 'pods'), { body: JSON.stringify(pod) })).text);
    const container = { name: 'main', image: containers[0].image, imageID: '', ready: kind === 'running', restartCount: 0 };
    const phases = {
      running: { phase: 'Running', containerStatuses: [{ ...container, state: { running: { startedAt: at(index) } } }] },
      failed: { phase: 'Failed', containerStatuses: [{ ...container, state: { terminated: { exitCode: 3, reason: 'Error', startedAt: at(index), finishedAt: at(index) } } }] },
      pending: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available: 3 Insufficient memory.', lastTransitionTime: at(index) }] },
    };
    ok(await send('PATCH', `${collection('/api/v1', 'pods')}/${name}-x/status`, { headers: merge, body: JSON.stringify({ status: phases[kind] }) }));
    const event = (about, reason, message) => ({ metadata: { generateName: 'e-', namespace: project }, involvedObject: about, reason, message, type: 'Normal', firstTimestamp: at(index), lastTimestamp: at(index), count: 1, source: { component: 'bench' } });
    const about = { kind: 'Pod', namespace: project, name: metadata.name, uid: metadata.uid };
    ok(await send('POST', collection('/api/v1', 'events'), { body: JSON.stringify(event(about, 'Pulled', 'Container image already present')) }));
    ok(await send('POST', collection('/api/v1', 'events'), { body: JSON.stringify(event({ kind: 'Job', namespace: project, name, uid: created.metadata.uid }, 'SuccessfulCreate', `Created pod: ${metadata.name}`)) }));
  });
  console.error(`filled in ${((performance.now() - began) / 1000).toFixed(0)} s`);
}

/** Signs in; each session may have 64 streams. */
async function session(link) {
  const response = await send('GET', link, { headers: { accept: 'text/html' } });
  const cookie = response.headers['set-cookie']?.[0]?.split(';')[0];
  if (!cookie) throw new Error(`no session: ${response.status}`);
  return cookie;
}

async function nextLink() {
  const known = server.output.text.length;
  for (;;) {
    await send('GET', `${new URL(address).origin}/sign-in`, { headers: { accept: 'text/html' } });
    const match = server.output.text.slice(known).match(/http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/);
    if (match) return match[0];
    await sleep(100);
  }
}

/** Opens a stream; calls `event` with the data of each change. */
function stream(url, cookie, event) {
  return new Promise((resolve, reject) => {
    const out = request(url, { headers: { cookie, accept: 'text/event-stream' } }, (response) => {
      if (response.statusCode !== 200) return reject(new Error(`stream: ${response.statusCode}`));
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
        const events = text.split('\n\n');
        text = events.pop();
        for (const one of events) {
          const data = one.split('\n').find((line) => line.startsWith('data: ') && line.length > 6);
          if (data && one.includes('event: change')) event(data.slice(6));
        }
      });
      response.on('error', () => {});
      resolve(() => out.destroy());
    });
    out.on('error', reject);
    out.end();
  });
}

try {
  await fill();
  // A console that knows nothing yet.
  const ended = new Promise((resolve) => server.child.once('exit', resolve));
  if (given) {
    server.child.kill();
    await ended;
    server = open();
    address = (await server.found)[0];
    await sleep(1000);
  }
  const { origin } = new URL(address);
  const idle = status(server.child, 'VmRSS');
  const cookie = await session(address);
  const list = `${origin}/projects/${project}/jobs`;
  const page = { headers: { cookie, accept: 'text/html' } };
  const call = (query) => send('POST', `${origin}/api/jobs`, { headers: { cookie, origin, 'sec-fetch-site': 'same-origin' }, body: JSON.stringify({ project, query }) });

  const cold = performance.now();
  const first = await send('GET', list, page);
  while (JSON.parse((await call({})).text).loading !== undefined && JSON.parse((await call({})).text).loading !== null) await sleep(100);
  row(`cold: until ${jobs} Jobs are read from the cluster`, [performance.now() - cold], 'ms');
  row('cold: first byte of the page, with the progress', [first.first], 'ms');
  // Keeps the table open.
  const close = await stream(`${origin}/stream/jobs?project=${project}`, cookie, () => {});

  const firstBytes = [];
  let html;
  for (let round = 0; round < rounds; round += 1) {
    html = await send('GET', list, page);
    firstBytes.push(html.first);
  }
  row('warm: first byte of the page', firstBytes, 'ms', 1);
  row('size of the page', [html.text.length / 1000], 'kB', 1);
  const sort = (column, descending) => ({ text: '', status: null, sort: { column, descending }, page: 0, size: 25 });
  const times = { sort: [], filter: [], page: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const [kind, query] of [
      ['sort', sort(['name', 'status', 'duration', 'image', 'age'][round % 5], round % 2 > 0)],
      ['filter', { ...sort('updated', true), text: `label:team=team-${round} ${round}` }],
      ['page', { ...sort('updated', true), page: 3 + round }],
    ]) times[kind].push((await call(query)).time);
  }
  row('sort by another column, at the server', times.sort, 'ms', 1);
  row('another filter, at the server', times.filter, 'ms', 1);
  row('another page, at the server', times.page, 'ms', 1);
  row('console, list open: memory', [status(server.child, 'VmRSS')], 'MiB');
  row('console, nothing read: memory', [idle], 'MiB');

  const kubectlTimes = [];
  for (let round = 0; round < Math.min(rounds, 3); round += 1) {
    const began = performance.now();
    kubectl('-n', project, 'get', 'jobs', '--no-headers');
    kubectlTimes.push(performance.now() - began);
  }
  row('`kubectl get jobs`', kubectlTimes, 'ms');

  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--enable-precise-memory-info'] });
  const [name, value] = cookie.split('=');
  const browserTimes = { row: [], sort: [], filter: [], page: [], heap: [] };
  for (let round = 0; round < rounds; round += 1) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    await context.addCookies([{ name, value, url: origin }]);
    const tab = await context.newPage();
    const began = performance.now();
    await tab.goto(list, { waitUntil: 'commit' });
    await tab.locator('tbody tr').first().waitFor();
    browserTimes.row.push(performance.now() - began);
    await tab.locator('html[data-alive=true]').waitFor();
    // From the click to two frames after the rows have changed, measured in the page.
    const painted = (action) => tab.evaluate((action) => new Promise((resolve) => {
      const body = document.querySelector('tbody');
      const began = performance.now();
      const observer = new MutationObserver(() => {
        observer.disconnect();
        requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - began)));
      });
      observer.observe(body, { childList: true, subtree: true, characterData: true });
      const { kind } = action;
      if (kind === 'sort') [...document.querySelectorAll('th a.sort')][0].click();
      if (kind === 'page') [...document.querySelectorAll('.pager a')].at(-1).click();
      if (kind === 'filter') {
        const input = document.querySelector('input[type=search]');
        input.value = '77';
        input.dispatchEvent(new Event('input', { bubbles: true }));
      }
    }), action);
    browserTimes.sort.push(await painted({ kind: 'sort' }));
    await sleep(300);
    browserTimes.page.push(await painted({ kind: 'page' }));
    await sleep(300);
    browserTimes.filter.push(await painted({ kind: 'filter' }));
    const cdp = await context.newCDPSession(tab);
    await cdp.send('HeapProfiler.collectGarbage');
    const usage = await cdp.send('Runtime.getHeapUsage');
    browserTimes.heap.push((usage.usedSize + (usage.backingStorageSize ?? 0) + (usage.embedderHeapUsedSize ?? 0)) / 1e6);
    await context.close();
  }
  row('browser: navigation to the first row, empty cache', browserTimes.row, 'ms');
  row('browser: click on a heading to the painted rows', browserTimes.sort, 'ms');
  row('browser: next page to the painted rows', browserTimes.page, 'ms');
  row('browser: typing to the painted rows, pause of 150 ms included', browserTimes.filter, 'ms');
  row('browser: heap with WebAssembly memory', browserTimes.heap, 'MB', 1);
  await browser.close();

  // Many viewers of one list.
  const before = status(server.child, 'VmRSS');
  const target = JSON.parse(kubectl('-n', project, 'get', 'jobs', '-o', 'json', '--chunk-size=1', '--field-selector', 'metadata.name=report-0')).items[0].metadata.name;
  const cookies = [cookie];
  while (cookies.length * 60 < viewers) cookies.push(await session(await nextLink()));
  let received = () => {};
  const closers = [];
  await each(viewers, 50, async (index) => {
    closers.push(await stream(`${origin}/stream/jobs?project=${project}&q=report-0&sort=name`, cookies[index % cookies.length], (data) => received(data)));
  });
  await sleep(3000);
  row(`${viewers} viewers: memory in addition`, [status(server.child, 'VmRSS') - before], 'MiB');
  const delays = [];
  for (let round = 0; round < rounds; round += 1) {
    const alias = `seen ${round}`;
    const sent = performance.now();
    let count = 0;
    const all = new Promise((resolve) => {
      received = (data) => {
        if (!data.includes(alias)) return;
        delays.push(performance.now() - sent);
        count += 1;
        if (count === viewers) resolve();
      };
    });
    ok(await send('PATCH', `${collection('/apis/batch/v1', 'jobs')}/${target}`, { headers: merge, body: JSON.stringify({ metadata: { annotations: { 'kubesphere.io/alias-name': alias } } }) }));
    await Promise.race([all, sleep(10_000)]);
    await sleep(500);
  }
  delays.sort((a, b) => a - b);
  rows.push(`| ${viewers} viewers: from a change to its event | ${delays[0].toFixed(0)} | ${delays[delays.length >> 1].toFixed(0)} | ${delays[Math.floor(delays.length * 0.99)].toFixed(0)} (p99) | ms |`);
  console.error(rows.at(-1));
  closers.forEach((stop) => stop());
  close();

  // A storm of changes, watched by a few viewers of the newest Jobs.
  if (storm) {
    let worst = 0;
    const lags = [];
    const note = (data) => {
      for (const [, time] of data.matchAll(/storm (\d+)/g)) {
        const lag = Date.now() - Number(time);
        lags.push(lag);
        worst = Math.max(worst, lag);
      }
    };
    const some = await Promise.all(cookies.slice(0, 8).map((one) => stream(`${origin}/stream/jobs?project=${project}&sort=name&size=100`, one, note)));
    await sleep(2000);
    lags.length = 0;
    const cpu = cpuSeconds(server.child);
    const names = Array.from({ length: 500 }, (_, index) => `${['report', 'import', 'train', 'backup'][index % 4]}-${index}`);
    const end = performance.now() + storm * 1000;
    let sent = 0;
    await Promise.all(Array.from({ length: 32 }, async () => {
      while (performance.now() < end) {
        const due = (performance.now() - (end - storm * 1000)) / 2;
        if (sent > due) { await sleep(2); continue; }
        const job = names[sent++ % names.length];
        await send('PATCH', `${collection('/apis/batch/v1', 'jobs')}/${job}`, { headers: merge, body: JSON.stringify({ metadata: { annotations: { 'kubesphere.io/alias-name': `storm ${Date.now()}` } } }) });
      }
    }));
    const used = cpuSeconds(server.child) - cpu;
    some.forEach((stop) => stop());
    lags.sort((a, b) => a - b);
    rows.push(`| storm: changes made per second (500 wanted) | | ${(sent / storm).toFixed(0)} | | |`);
    rows.push(`| storm: from a change to its event | ${lags[0]} | ${lags[lags.length >> 1]} | ${lags.at(-1)} | ms |`);
    rows.push(`| storm: processor time of the console | | ${((used / storm) * 100).toFixed(0)} | | % of a core |`);
    row('storm: memory after it', [status(server.child, 'VmRSS')], 'MiB');
  }
} finally {
  if (given && !process.env.KEEP) kubectl('delete', 'namespace', project, '--wait=false');
  proxy.child.kill();
  server.child.kill();
  await sleep(500);
  rmSync(folder, { recursive: true, force: true });
}
console.log(`| ${jobs} Jobs | least | median | most | unit |\n|---|---:|---:|---:|---|`);
console.log(rows.join('\n'));
process.exit(0);
