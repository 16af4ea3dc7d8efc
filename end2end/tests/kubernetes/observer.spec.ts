// A person who may see Jobs and Pods of the project demo, but no logs and no events, and whose kubeconfig names no
// project: what is missing must not take away what is there.
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

test('the first page says what they may not, and an address that they know works', async ({ page, origin }) => {
  await page.goto(origin);
  await expect(page).toHaveURL(/\/projects\/default\/jobs$/);
  await expect(page.getByText('You are not allowed to do this.').first()).toBeVisible();
  await page.goto(`${origin}/projects/demo/jobs`);
  await alive(page);
  await expect(page.getByRole('row', { name: /done/ })).toContainText('Completed');
});

test('a list that may not be read is not called empty, or only late', async ({ page, origin }) => {
  await page.goto(`${origin}/projects/default/jobs`);
  await alive(page);
  await page.waitForLoadState('networkidle');
  await expect(page.getByText('You are not allowed to do this.').first()).toBeVisible();
  await expect(page.getByRole('heading', { name: 'No Jobs in default yet' })).toHaveCount(0);
  await expect(page.getByText(/^Live updates paused since/)).toHaveCount(0);
});

test('a new Job of another person appears by itself, with its Pods', async ({ page, origin }) => {
  await page.goto(`${origin}/projects/demo/jobs`);
  await alive(page);
  apply('demo', job('new'));
  await expect(page.getByRole('row', { name: /new/ })).toContainText('Completed', { timeout: 30_000 });
  await page.goto(`${origin}/projects/demo/jobs/new?tab=pods`);
  await expect(page.locator('.pod')).toHaveCount(1);
});

test('a log that may not be read is not called empty', async ({ page, origin }) => {
  await page.goto(`${origin}/projects/demo/jobs/done?tab=logs`);
  await alive(page);
  await expect(page.getByText('You are not allowed to do this.').first()).toBeVisible();
});

test('events that may not be read are not called absent', async ({ page, origin }) => {
  await page.goto(`${origin}/projects/demo/jobs/done?tab=events`);
  await alive(page);
  await expect(page.getByText('No events')).toHaveCount(0);
});
