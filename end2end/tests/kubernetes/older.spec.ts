// A cluster that is older than the console and silently drops unknown fields (Kubernetes 1.20 has no `suspend`, no
// Indexed Jobs, no `fieldValidation`, and CronJobs only as a beta). The console must not report success.
import { alive, signIn } from '../../lib/test.ts';
import { editMode, open, paste } from '../../lib/wizard.ts';
import { apply, clear, get, job, kubectl, minor, quota } from './cluster.ts';
import { expect, test } from './people.ts';

test.use({ locale: 'en' });
test.beforeEach(async ({ page, server }) => {
  clear('demo');
  await signIn(page, server);
});

test('a misspelled field is reported before the Job is created', async ({ page, origin }) => {
  const misspelt = job('misspelt');
  misspelt.spec.backofLimit = 3;
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, JSON.stringify(misspelt));
  await editMode(page, false);
  await expect(page.locator('.problems')).toContainText(/backofLimit/);
});

test('suspending is not reported as done if the cluster does not have the field', async ({ page, origin, expected }) => {
  test.skip(minor() >= 21, 'this cluster can suspend Jobs');
  expected.allow(/status of [45]\d\d|response: [45]\d\d/);
  apply('demo', job('runs', { command: 'sleep 3600' }));
  await page.goto(`${origin}/projects/demo/jobs/runs`);
  await alive(page);
  const suspend = page.getByRole('button', { name: 'Suspend' });
  if (await suspend.isVisible()) {
    await suspend.click();
    await expect(page.locator('.toast').first()).toBeVisible();
    await expect(page.getByText('Suspended: runs')).toHaveCount(0);
  }
});

test('a field newer than the cluster is reported before the Job is created', async ({ page, origin }) => {
  test.skip(minor() >= 21, 'this cluster has Indexed Jobs');
  const indexed = job('indexed', { spec: { completionMode: 'Indexed', completions: 2 } });
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, JSON.stringify(indexed));
  await editMode(page, false);
  await expect(page.locator('.problems')).toContainText(/completionMode/);
});

test('a kind that the cluster does not serve is reported as such', async ({ page, origin, expected }) => {
  test.skip(minor() >= 21, 'this cluster has CronJobs in batch/v1');
  expected.allow(/status of [45]\d\d|response: [45]\d\d/);
  const { metadata, spec } = job('nightly');
  const nightly = { apiVersion: 'batch/v1', kind: 'CronJob', metadata, spec: { schedule: '0 3 * * *', jobTemplate: { spec } } };
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, JSON.stringify(nightly));
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page.getByText('The cluster\'s batch/v1 has no kind “CronJob”').first()).toBeVisible();
});

test('after a partial creation, Create sends only the rest', async ({ page, origin, expected }) => {
  expected.allow(/status of [45]\d\d|response: [45]\d\d/);
  // A dry run does not charge the quota: it accepts both, the creation only one.
  apply('demo', quota({ 'count/jobs.batch': '1' }));
  await expect.poll(() => get('demo', 'resourcequota', 'limit').status?.used?.['count/jobs.batch']).toBe('0');
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, `${JSON.stringify(job('one'))}\n---\n${JSON.stringify(job('two'))}\n`);
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page.getByText(/exceeded quota: limit/).first()).toBeVisible();
  expect(get('demo', 'jobs').items.map((item: any) => item.metadata.name)).toEqual(['one']);
  kubectl(['-n', 'demo', 'delete', 'resourcequota', 'limit']);
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect.poll(() => get('demo', 'jobs').items.length).toBe(2);
});
