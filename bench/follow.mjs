// Measures the delay of a followed log relative to `kubectl logs --follow`, and the server's CPU time for an idle
// one. The log is that of an init container, then the main container, in three consecutive Pods on the playground.
// Build first (`make build`), with end2end's packages installed (`scripts/setup.sh test`). IDLE=60 sets the idle
// time in seconds.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const { chromium } = createRequire(join(root, 'end2end/package.json'))('@playwright/test');
const program = process.env.JOBWRIGHT ?? join(root, 'target/quick/jobwright');
const idle = Number(process.env.IDLE ?? 60);
const folder = mkdtempSync(join(tmpdir(), 'jobwright-bench-'));
const kubeconfig = join(folder, 'kubeconfig');
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const child = spawn(
  program,
  ['serve', '--listen', '127.0.0.1:0', '--cluster', 'embedded', '--data-dir', join(folder, 'data'), '--playground-kubeconfig', kubeconfig],
  { stdio: ['ignore', 'pipe', 'ignore'] },
);
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
const arguments_ = (...args) => ['--kubeconfig', kubeconfig, '--namespace', 'demo', ...args];
const env = { ...process.env, HOME: folder };
const kubectl = (...args) => execFileSync('kubectl', arguments_(...args), { encoding: 'utf8', env });
const create = (job) => execFileSync('kubectl', arguments_('create', '-f', '-'), { input: JSON.stringify(job), env });

function job(name, init, main, spec) {
  const container = (name, line) => ({ name, image: 'busybox:1.36', command: ['sh', '-c', line] });
  const template = { spec: { restartPolicy: 'Never', initContainers: [container('init', init)], containers: [container('main', main)] } };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec: { ...spec, template } };
}

/** The time at which `kubectl logs --follow` shows each line of each container, by "POD CONTAINER TEXT". */
const shown = new Map();
const followers = new Map();
function follow() {
  const pods = JSON.parse(kubectl('get', 'pods', '-l', 'job-name=relay', '-o', 'json')).items;
  for (const pod of pods) {
    for (const status of [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])]) {
      const key = `${pod.metadata.name} ${status.name}`;
      if (followers.has(key) || status.state?.waiting) continue;
      const reader = spawn('kubectl', arguments_('logs', '--follow', pod.metadata.name, '-c', status.name), { env });
      followers.set(key, reader);
      let rest = '';
      reader.stdout.on('data', (chunk) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop();
        for (const line of lines) shown.set(`${key} ${line}`, Date.now());
      });
    }
  }
}

/** Returns the CPU time of the server in seconds. */
const processor = () => {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

const executablePath = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync);
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage();
await page.goto(address);
await page.locator('html[data-alive=true]').waitFor();
await page.addInitScript(() => {
  window.seen = [];
  new MutationObserver((changes) => {
    for (const node of changes.flatMap((change) => [...change.addedNodes])) {
      for (const line of node.querySelectorAll?.('.log-line') ?? []) window.note(line);
      if (node.classList?.contains('log-line')) window.note(node);
    }
  }).observe(document, { childList: true, subtree: true });
  window.note = (line) => {
    const source = line.querySelector('.log-source').title;
    window.seen.push([`${source} ${line.querySelector('.log-text').textContent}`, Date.now()]);
  };
});

create(job('relay', 'for i in 1 2 3 4; do echo init $i; sleep 0.5; done', 'for i in $(seq 1 10); do echo main $i; sleep 0.5; done', { completions: 3, parallelism: 1 }));
await page.goto(`${origin}/projects/demo/jobs/relay?tab=logs`);
for (let tries = 0; tries < 400 && !(await page.getByText('End of the log').count()); tries += 1) {
  follow();
  await sleep(100);
}
const seen = new Map(await page.evaluate(() => window.seen));
const late = [...shown].map(([line, at]) => (seen.get(line) ?? Infinity) - at).sort((a, b) => a - b);
if (late.length !== 42) throw new Error(`kubectl showed ${late.length} lines of 42`);

// A log whose first container has ended, and whose second is silent.
create(job('idle', 'echo init', `echo main; sleep ${idle + 30}`, {}));
await page.goto(`${origin}/projects/demo/jobs/idle?tab=logs`);
await page.locator('.log-text', { hasText: 'main' }).waitFor();
await sleep(3000);
const before = processor();
await sleep(idle * 1000);
const used = processor() - before;

await browser.close();
for (const reader of followers.values()) reader.kill();
const ended = new Promise((resolve) => child.once('exit', resolve));
child.kill('SIGTERM');
await ended;
rmSync(folder, { recursive: true, force: true });
console.log('| what | figure | unit |\n|---|---:|---|');
console.log(`| lines, in 6 containers | ${late.length} | |`);
console.log(`| behind \`kubectl logs --follow\`, least | ${late[0]} | ms |`);
console.log(`| median | ${late[Math.floor(late.length / 2)]} | ms |`);
console.log(`| most | ${late.at(-1)} | ms |`);
console.log(`| server's processor time while one log is open and idle, of ${idle} s | ${((used / idle) * 100).toFixed(2)} | % |`);
