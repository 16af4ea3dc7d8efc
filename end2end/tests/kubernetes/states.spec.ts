// Failures on a real cluster, and how the console displays them: the status, and the reason with the cluster's
// message.
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { signIn } from '../../lib/test.ts';
import { apply, clear, finished, get, job, quota } from './cluster.ts';
import { expect, test } from './people.ts';

test.use({ locale: 'en' });
test.beforeEach(async ({ page, server }) => {
  clear('demo');
  await signIn(page, server);
});

/** Expects status and reason on the Job page and in the list. */
async function says(page: Page, origin: string, name: string, state: string, ...reasons: RegExp[]): Promise<void> {
  await page.goto(`${origin}/projects/demo/jobs/${name}`);
  const told = page.locator('.job-state');
  await expect(told).toContainText(state, { timeout: 60_000 });
  for (const reason of reasons) await expect(told).toContainText(reason, { timeout: 60_000 });
  await page.goto(`${origin}/projects/demo/jobs`);
  await expect(page.getByRole('row', { name: new RegExp(name) })).toContainText(state);
}

test('a failed Job shows the exit code of its last attempt', async ({ page, origin }) => {
  apply('demo', job('broken', { command: 'echo on the way; exit 3' }));
  await says(page, origin, 'broken', 'Failed', /all retries used/, /exit code 3 in "main"/);
  await page.goto(`${origin}/projects/demo/jobs/broken?tab=logs`);
  await expect(page.locator('.log-text')).toHaveText(['on the way']);
  await page.goto(`${origin}/projects/demo/jobs/broken?tab=events`);
  await expect(page.getByText('BackoffLimitExceeded').first()).toBeVisible();
});

test('a container that exceeds its memory limit', async ({ page, origin }) => {
  const container = { resources: { limits: { memory: '16Mi' } } };
  apply('demo', job('hungry', { command: 'exec tail /dev/zero', container }));
  await says(page, origin, 'hungry', 'Failed', /OOMKilled/);
});

test('a Job that exceeds its active deadline', async ({ page, origin }) => {
  apply('demo', job('slow', { command: 'sleep 600', spec: { activeDeadlineSeconds: 3 } }));
  await says(page, origin, 'slow', 'Failed', /deadline/);
});

test('an image that cannot be pulled is named in the reason', async ({ page, origin }) => {
  apply('demo', job('unpullable', { image: 'registry.invalid/nothing:1' }));
  await says(page, origin, 'unpullable', 'Image error', /registry\.invalid\/nothing:1/);
  await page.goto(`${origin}/projects/demo/jobs/unpullable?tab=events`);
  await expect(page.getByText(/Failed to pull image "registry.invalid\/nothing:1"/).first()).toBeVisible();
});

test('an invalid image name', async ({ page, origin }) => {
  apply('demo', job('misnamed', { image: 'No Such/Image' }));
  await says(page, origin, 'misnamed', 'Image error', /the name of the image is not valid/);
});

test('a container that cannot be created because a Secret is missing', async ({ page, origin }) => {
  const env = [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'missing', key: 'token' } } }];
  apply('demo', job('keyless', { container: { env } }));
  await says(page, origin, 'keyless', 'Container error', /secret "missing" not found/);
});

test('a Job whose Pod cannot be scheduled', async ({ page, origin }) => {
  apply('demo', job('homeless', { pod: { nodeSelector: { disk: 'ssd' } } }));
  await says(page, origin, 'homeless', 'Unschedulable', /no node of 1 fits: 1 × node selector or affinity does not match/);
});

test('a Job whose Pods exceed the quota, and the quota banner', async ({ page, origin }) => {
  apply('demo', quota({ pods: '0' }));
  await expect.poll(() => get('demo', 'resourcequota', 'limit').status?.hard?.pods).toBe('0');
  apply('demo', job('refused'));
  await says(page, origin, 'refused', 'Blocked', /the quota limit is used up/);
  await expect(page.locator('main')).toContainText(/Pods left\s*0/);
});

test('a container that is restarted in its Pod', async ({ page, origin }) => {
  apply('demo', job('restarts', { command: 'echo try; exit 7', spec: { backoffLimit: 6 }, pod: { restartPolicy: 'OnFailure' } }));
  await says(page, origin, 'restarts', 'Running', /exit code 7 in "main"/);
  await page.goto(`${origin}/projects/demo/jobs/restarts?tab=pods`);
  await expect(page.getByText(/restarted \d+ times?/).first()).toBeVisible();
});

test('the open page of a Job that is deleted by its TTL says so', async ({ page, origin }) => {
  apply('demo', job('brief', { command: 'sleep 3', spec: { ttlSecondsAfterFinished: 1 } }));
  await page.goto(`${origin}/projects/demo/jobs/brief`);
  await expect(page.getByText('This Job has been deleted.')).toBeVisible({ timeout: 60_000 });
});

test('a log is followed while it is written, without duplicate lines', async ({ page, origin }) => {
  apply('demo', job('counts', { command: 'for i in $(seq 1 50); do echo line $i; sleep 0.1; done' }));
  await page.goto(`${origin}/projects/demo/jobs/counts?tab=logs`);
  await expect(page.locator('.log-text').first()).toHaveText('line 1', { timeout: 30_000 });
  finished('demo', 'counts');
  const wanted = Array.from({ length: 50 }, (_, index) => `line ${index + 1}`);
  await expect(page.locator('.log-text')).toHaveText(wanted);
  await expect(page.getByText('End of the log')).toBeVisible();
});

test('of a log longer than the page’s limit, the end is shown and the download is complete', async ({ page, origin }) => {
  // The runtime may lose output that is still in transit when a container ends.
  apply('demo', job('long', { command: 'seq 1 20000; sleep 3' }));
  finished('demo', 'long');
  await page.goto(`${origin}/projects/demo/jobs/long?tab=logs`);
  await expect(page.locator('.log-text').last()).toHaveText('20000', { timeout: 60_000 });
  await expect(page.locator('.log-text').first()).toHaveText('15001');
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download' }).click();
  const file = readFileSync(await (await download).path(), 'utf8');
  expect(file).toBe(Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join(''));
});
