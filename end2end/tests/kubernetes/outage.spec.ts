// Components of the cluster crash while pages are open: the pages say so, and recover without a reload.
import { alive, signIn } from '../../lib/test.ts';
import { apply, clear, finished, job, kubectl } from './cluster.ts';
import { kill, known, restore } from './parts.ts';
import { expect, test } from './people.ts';

test.use({ locale: 'en' });
test.beforeEach(async ({ page, server, expected }) => {
  test.skip(!known(), 'this cluster cannot be broken from here');
  expected.allow(/status of 5\d\d|response: 5\d\d/);
  clear('demo');
  await signIn(page, server);
});
test.afterEach(() => restore());

test('the Job list shows since when live updates are paused, and then catches up', async ({ page, origin }) => {
  apply('demo', job('stays'), job('goes'));
  finished('demo', 'goes');
  await page.goto(`${origin}/projects/demo/jobs`);
  await alive(page);
  await expect(page.getByRole('row', { name: /goes/ })).toContainText('Completed');
  kill('kube-apiserver');
  await expect(page.getByText(/^Live updates paused since/)).toBeVisible({ timeout: 20_000 });
  await expect(page.getByRole('row', { name: /stays/ })).toBeVisible();
  restore();
  kubectl(['-n', 'demo', 'delete', 'job', 'goes']);
  apply('demo', job('comes'));
  await expect(page.getByRole('row', { name: /comes/ })).toContainText('Completed', { timeout: 30_000 });
  await expect(page.getByRole('row', { name: /goes/ })).toHaveCount(0);
  await expect(page.getByText(/^Live updates paused since/)).toHaveCount(0);
});

for (const part of ['kube-apiserver', 'etcd', 'kubelet', 'containerd'] as const) {
  test(`a followed log neither loses nor duplicates lines when ${part} crashes`, async ({ page, origin }) => {
    apply('demo', job('counts', { command: 'for i in $(seq 1 100); do echo line $i; sleep 0.1; done' }));
    await page.goto(`${origin}/projects/demo/jobs/counts?tab=logs`);
    await expect(page.locator('.log-text').nth(20)).toBeVisible({ timeout: 30_000 });
    kill(part);
    await page.waitForTimeout(1500);
    restore();
    finished('demo', 'counts');
    const wanted = Array.from({ length: 100 }, (_, index) => `line ${index + 1}`);
    // A kubelet without its runtime writes messages to the log, which are not lines of the container.
    await expect(page.locator('.log-text').filter({ hasText: /^line/ })).toHaveText(wanted, { timeout: 30_000 });
    await expect(page.locator('.job-state')).toContainText('Completed', { timeout: 30_000 });
  });
}

test('an unavailable log is not reported as empty, and appears once it is available', async ({ page, origin }) => {
  apply('demo', job('quiet'));
  finished('demo', 'quiet');
  kill('kubelet');
  await page.goto(`${origin}/projects/demo/jobs/quiet?tab=logs`);
  await alive(page);
  await page.waitForTimeout(3000);
  await expect(page.getByText('No output')).toHaveCount(0);
  restore();
  await expect(page.locator('.log-text')).toHaveText(['hello from quiet'], { timeout: 30_000 });
});

test('a page says that the cluster is unreachable while the API server is down', async ({ page, origin }) => {
  kill('kube-apiserver');
  await page.goto(`${origin}/projects/demo/jobs`);
  // Or the last state of a list that is in memory.
  await expect(page.getByText(/The cluster cannot be reached\.|Live updates paused since/).first()).toBeVisible({ timeout: 15_000 });
  restore();
  apply('demo', job('comes'));
  await expect(page.getByRole('row', { name: /comes/ })).toBeVisible({ timeout: 30_000 });
});
