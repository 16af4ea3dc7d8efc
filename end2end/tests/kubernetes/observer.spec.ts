// A user who may read Jobs and Pods of the project demo, but neither logs nor events, and whose kubeconfig has no
// default namespace: missing permissions must not affect the permitted parts of a page.
import { alive, signIn } from '../../lib/test.ts';
import { apply, clear, finished, job } from './cluster.ts';
import { expect, test } from './people.ts';

test.use({ locale: 'en', person: 'observer' });

test.beforeAll(() => {
  clear('demo');
  apply('demo', job('done'));
  finished('demo', 'done');
});
test.beforeEach(async ({ page, server, expected }) => {
  expected.allow(/status of (403|5\d\d)|response: (403|5\d\d)/);
  await signIn(page, server);
});

test('the start page names the missing permission, and the URL of a project works', async ({ page, origin }) => {
  await page.goto(origin);
  await expect(page).toHaveURL(/\/projects\/default\/jobs$/);
  await expect(page.getByText('You are not allowed to do this.').first()).toBeVisible();
  await page.goto(`${origin}/projects/demo/jobs`);
  await alive(page);
  await expect(page.getByRole('row', { name: /done/ })).toContainText('Completed');
});

test('a forbidden list is not reported as empty or delayed', async ({ page, origin }) => {
  await page.goto(`${origin}/projects/default/jobs`);
  await alive(page);
  await page.waitForLoadState('networkidle');
  await expect(page.getByText('You are not allowed to do this.').first()).toBeVisible();
  await expect(page.getByRole('heading', { name: 'No Jobs in default yet' })).toHaveCount(0);
  await expect(page.getByText(/^Live updates paused since/)).toHaveCount(0);
});

test('a new Job of another user appears with its Pods', async ({ page, origin }) => {
  await page.goto(`${origin}/projects/demo/jobs`);
  await alive(page);
  apply('demo', job('new'));
  await expect(page.getByRole('row', { name: /new/ })).toContainText('Completed', { timeout: 30_000 });
  await page.goto(`${origin}/projects/demo/jobs/new?tab=pods`);
  await expect(page.locator('.pod')).toHaveCount(1);
});

test('a forbidden log is not reported as empty', async ({ page, origin }) => {
  await page.goto(`${origin}/projects/demo/jobs/done?tab=logs`);
  await alive(page);
  await expect(page.getByText('You are not allowed to do this.').first()).toBeVisible();
});

test('forbidden events are not reported as absent', async ({ page, origin }) => {
  await page.goto(`${origin}/projects/demo/jobs/done?tab=events`);
  await alive(page);
  await expect(page.getByText('No events')).toHaveCount(0);
});
