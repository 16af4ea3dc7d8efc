// Pages stay up to date while others work on the same Jobs, containers start and end, and connections break.
import { Kubectl, shellJob } from '../../lib/kubectl.ts';
import { Proxy } from '../../lib/proxy.ts';
import { alive, expect, signIn, test } from '../../lib/test.ts';

test.use({ locale: 'en' });
test.beforeEach(async ({ page, server }) => signIn(page, server));
test.afterEach(({ server }) => {
  new Kubectl(server).run(['delete', 'jobs', '--all', '--wait=true']);
});

// Without Pods on every cluster; Kubernetes 1.20 cannot suspend a Job.
const withoutPods = (name: string) => shellJob(name, 'true', { parallelism: 0 });

test('a selection includes neither hidden Jobs nor Jobs created again under the same name', async ({ page, server, origin }) => {
  const kubectl = new Kubectl(server);
  kubectl.create(...['red-1', 'red-2', 'blue-1'].map(withoutPods));
  await page.goto(`${origin}/projects/demo/jobs`);
  await alive(page);
  for (const name of ['red-1', 'red-2', 'blue-1']) await page.getByLabel(`Select ${name}`).check();
  const bar = page.locator('.bulk');
  await expect(bar).toContainText('3 selected');
  await page.getByRole('searchbox', { name: 'Filter' }).fill('red');
  await expect(bar).toContainText('2 selected');
  await expect(bar).toContainText('1 more hidden by the filter, not included');

  // Deleted and created again under the same name: another Job, which was not selected.
  kubectl.run(['delete', 'job', 'red-2']);
  kubectl.create(withoutPods('red-2'));
  await expect(bar).toContainText('1 selected');
  await expect(page.getByLabel('Select red-2')).not.toBeChecked();
  await bar.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('dialog').locator('li')).toHaveText(['red-1']);
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('link', { name: 'red-1' })).toHaveCount(0);
  const left = kubectl.get('jobs').items.map((job: any) => job.metadata.name as string);
  expect(left.filter((name) => /^(red|blue)-/.test(name)).sort()).toEqual(['blue-1', 'red-2']);
});

test('a deletion confirmed for one Job does not delete its successor of the same name', async ({ page, server, origin, expected }) => {
  // The stream is disconnected while the dialog is open, so the page is not notified.
  expected.allow(/ERR_|stream/);
  const kubectl = new Kubectl(server);
  kubectl.create(withoutPods('nightly'));
  await page.goto(`${origin}/projects/demo/jobs/nightly`);
  await alive(page);
  await page.getByRole('button', { name: 'Delete' }).first().click();
  await page.route('**/stream/**', (route) => route.abort());
  kubectl.run(['delete', 'job', 'nightly']);
  kubectl.create(withoutPods('nightly'));
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('another one was created under its name').first()).toBeVisible();
  expect(kubectl.run(['get', 'job', 'nightly', '-o', 'name'])).toContain('nightly');
});

test('the page of a deleted Job shows its last state and links to the new Job of the same name', async ({ page, server, origin }) => {
  const kubectl = new Kubectl(server);
  kubectl.create(shellJob('twice', 'echo first; exit 3'));
  await page.goto(`${origin}/projects/demo/jobs/twice?tab=logs`);
  await alive(page);
  await expect(page.locator('.job-state')).toContainText('Failed', { timeout: 30_000 });
  kubectl.run(['delete', 'job', 'twice']);
  kubectl.create(shellJob('twice', 'echo second'));
  await expect(page.getByText('another one was created under its name')).toBeVisible();
  await page.waitForTimeout(2000);
  await expect(page.locator('.job-state')).toContainText('Failed');
  await expect(page.locator('.log-text')).toHaveText(['first']);
  await expect(page.getByRole('button', { name: 'Rerun' })).toHaveCount(0);
  await page.getByRole('link', { name: 'Open the new Job' }).click();
  await expect(page.locator('.job-state')).toContainText('Completed', { timeout: 30_000 });
  await expect(page.locator('.log-text')).toHaveText(['second']);

  kubectl.run(['delete', 'job', 'twice']);
  await expect(page.getByText('This Job has been deleted.')).toBeVisible();
  await expect(page.locator('.job-state')).toContainText('Completed');
});

test('edit information sends only touched fields and overwrites no concurrent change', async ({ page, server, origin, expected }) => {
  // The refusal.
  expected.allow(/409/);
  const kubectl = new Kubectl(server);
  kubectl.create(withoutPods('shared'));
  // A patch, since `kubectl annotate` fails if the controller writes the status meanwhile.
  const annotate = (alias: string, description: string) => {
    const annotations = { 'kubesphere.io/alias-name': alias, 'kubesphere.io/description': description };
    kubectl.run(['patch', 'job/shared', '--type=merge', '-p', JSON.stringify({ metadata: { annotations } })]);
  };
  annotate('old', 'before');
  await page.goto(`${origin}/projects/demo/jobs/shared`);
  await alive(page);
  await page.getByRole('button', { name: 'Edit information' }).click();
  const dialog = page.getByRole('dialog');
  annotate('theirs', 'their words');
  await dialog.getByLabel('Alias').fill('mine');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog).toContainText('Somebody changed this meanwhile to: theirs');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.locator('.job-alias')).toHaveText('mine');
  const { annotations } = kubectl.get('job', 'shared').metadata;
  expect([annotations['kubesphere.io/alias-name'], annotations['kubesphere.io/description']]).toEqual(['mine', 'their words']);
});

test('a followed log continues across containers and Pods, and is idle in between', async ({ page, server, origin }) => {
  const kubectl = new Kubectl(server);
  const count = 'for i in 1 2 3 4 5 6; do echo main $i; sleep 0.5; done';
  const initContainers = [{ name: 'init', image: 'busybox:1.36', command: ['sh', '-c', 'echo init; sleep 2'] }];
  kubectl.create(shellJob('relay', count, { completions: 3, parallelism: 1 }, { initContainers }));
  await page.goto(`${origin}/projects/demo/jobs/relay?tab=logs`);
  await alive(page);
  const lines = page.locator('.log-text');
  await expect(lines.first()).toHaveText('init', { timeout: 30_000 });
  // Each line appears while its Pod is running, not only at the end of the Job.
  for (let pod = 0; pod < 3; pod += 1) {
    for (const line of [1, 3, 5]) {
      await expect(lines.nth(pod * 7 + line)).toBeVisible({ timeout: 15_000 });
      if (pod < 2) expect(await lines.count()).toBeLessThan(21);
    }
  }
  await expect(page.getByText('End of the log')).toBeVisible({ timeout: 30_000 });
  await expect(lines).toHaveCount(21);
});

test('each run of a restarted container is shown with its start', async ({ page, server, origin }) => {
  const kubectl = new Kubectl(server);
  const line = 'n=$(cat /data/n 2>/dev/null || echo 0); echo $((n + 1)) > /data/n; echo run $n a; echo run $n b; sleep $((n == 0 ? 30 : 1)); test $n = 2';
  // The log of a run is kept until the run after the next starts; the first run lasts until the page is open.
  const volumes = [{ name: 'data', emptyDir: {} }];
  const containers = [{ name: 'main', image: 'busybox:1.36', command: ['sh', '-c', line], volumeMounts: [{ name: 'data', mountPath: '/data' }] }];
  kubectl.create(shellJob('stubborn', '', { backoffLimit: 6 }, { restartPolicy: 'OnFailure', volumes, containers }));
  await page.goto(`${origin}/projects/demo/jobs/stubborn?tab=logs`);
  await alive(page);
  const wanted = [0, 1, 2].flatMap((run) => ['a', 'b'].map((part) => `run ${run} ${part}`));
  await expect(page.locator('.log-text')).toHaveText(wanted, { timeout: 120_000 });
  await expect(page.locator('.log-mark')).toHaveCount(2);
});

test('a page on which nothing happens keeps its streams', async ({ page, server, origin }) => {
  new Kubectl(server).create(shellJob('still', 'echo one; sleep 40'));
  const opened: string[] = [];
  page.on('request', (request) => {
    const path = new URL(request.url()).pathname;
    if (path.startsWith('/stream/')) opened.push(path);
  });
  await page.goto(`${origin}/projects/demo/jobs/still?tab=logs`);
  await alive(page);
  await expect(page.locator('.log-text')).toHaveText(['one'], { timeout: 20_000 });
  opened.length = 0;
  // Longer than three pings, after which a page reconnects.
  await page.waitForTimeout(20_000);
  expect(opened).toEqual([]);
});

test('the log page of a deleted Job says so', async ({ page, server, origin }) => {
  const kubectl = new Kubectl(server);
  kubectl.create(shellJob('brief', 'sleep 3; echo hello', { ttlSecondsAfterFinished: 1 }));
  await page.goto(`${origin}/projects/demo/jobs/brief`);
  await alive(page);
  await expect(page.getByText('This Job has been deleted.')).toBeVisible({ timeout: 60_000 });
  await expect(page.locator('.job-state')).toContainText('Completed');
  await page.getByRole('link', { name: 'Logs', exact: true }).click();
  await expect(page.getByText('The Pods are gone, and their logs with them')).toBeVisible();
  await page.getByRole('link', { name: 'Resource status' }).click();
  // The last state is without the Pods if they were removed before the Job was, which depends on the cluster.
  const removed = page.getByText('The Pods of this Job have been removed');
  await expect(removed.or(page.getByRole('link', { name: /^Logs of brief-/ }))).toBeVisible();
});

test('the Job page shows why a Job has no Pods', async ({ page, server, origin }) => {
  const kubectl = new Kubectl(server);
  const reasons: [name: string, words: string][] = [['idle', 'Parallelism is 0']];
  kubectl.create(withoutPods('idle'));
  if (process.env.KUBERNETES !== 'oldest') {
    kubectl.create(shellJob('asleep', 'true', { suspend: true }));
    reasons.push(['asleep', 'The Job is suspended.']);
  }
  for (const [name, words] of reasons) {
    await page.goto(`${origin}/projects/demo/jobs/${name}?tab=pods`);
    await expect(page.getByText(words)).toBeVisible();
  }
});

test('a half-open connection is detected, and the page recovers', async ({ page, server, origin, expected }) => {
  test.setTimeout(120_000);
  // Requests that got no response.
  expected.allow(/ERR_|Failed to fetch/);
  const kubectl = new Kubectl(server);
  kubectl.create(shellJob('quiet', 'echo one; sleep 45; echo two'));
  const proxy = await Proxy.start(Number(new URL(origin).port));
  try {
    // Cookies are shared by all ports of a host.
    await page.goto(`http://127.0.0.1:${proxy.port}/projects/demo/jobs/quiet?tab=logs`);
    await alive(page);
    await expect(page.locator('.log-text')).toHaveText(['one'], { timeout: 30_000 });
    proxy.swallow();
    const began = Date.now();
    await expect(page.getByText(/^Live updates paused since/)).toBeVisible({ timeout: 20_000 });
    expect(Date.now() - began).toBeLessThan(20_000);
    proxy.restore();
    await expect(page.getByText(/^Live updates paused since/)).toHaveCount(0, { timeout: 40_000 });
    await expect(page.locator('.log-text')).toHaveText(['one', 'two'], { timeout: 60_000 });
  } finally {
    proxy.stop();
  }
});
