// A user with read-only access to the project demo.
import { alive, signIn } from '../../lib/test.ts';
import { open, paste } from '../../lib/wizard.ts';
import { apply, clear, finished, get, job } from './cluster.ts';
import { expect, test } from './people.ts';

test.use({ locale: 'en', person: 'viewer' });

let before: unknown;
const state = () => get('demo', 'jobs').items.map((item: any) => [item.metadata.name, item.metadata.resourceVersion]);

test.beforeAll(() => {
  clear('demo');
  apply('demo', job('done'), job('runs', { command: 'sleep 3600' }));
  finished('demo', 'done');
});
test.beforeEach(async ({ page, server, expected }) => {
  expected.allow(/status of (403|5\d\d)|response: (403|5\d\d)/);
  await signIn(page, server);
  before = state();
});
// The cluster is unchanged by all attempts.
test.afterEach(() => expect(state()).toEqual(before));

test('the list, a Job and its log are readable', async ({ page, origin }) => {
  await page.goto(`${origin}/projects/demo/jobs`);
  await alive(page);
  await expect(page.getByRole('row', { name: /done/ })).toContainText('Completed');
  await page.getByRole('link', { name: 'done', exact: true }).click();
  await page.getByRole('link', { name: 'Logs', exact: true }).click();
  await expect(page.locator('.log-text')).toHaveText(['hello from done']);
});

test('a viewer can compose a Job, but not create it', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, JSON.stringify(job('wanted')));
  await expect(page.locator('#missing-rights')).toContainText('create Jobs');
  await expect(page.getByRole('button', { name: 'Create', exact: true })).toBeDisabled();
});

test('what a viewer may not do is disabled, and the page says why', async ({ page, origin }) => {
  for (const address of ['/projects/demo/jobs', '/projects/demo/jobs/done']) {
    await page.goto(origin + address);
    await alive(page);
    await expect(page.locator('#missing-rights')).toContainText('create Jobs, change Jobs, delete Jobs in the project demo');
    if (address.endsWith('jobs')) await page.getByLabel('Select done').check();
    await expect(page.getByRole('button', { name: 'Delete', exact: true }).first()).toBeDisabled();
  }
});

test('a running Job can be neither rerun nor suspended nor edited', async ({ page, origin }) => {
  await page.goto(`${origin}/projects/demo/jobs/runs`);
  await alive(page);
  for (const action of ['Rerun', 'Suspend', 'Edit information', 'Delete']) {
    await expect(page.getByRole('button', { name: action, exact: true })).toBeDisabled();
  }
});

test('Secrets are not listed, and their names can be typed in the form', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?example=pi&step=volumes');
  await page.getByRole('button', { name: 'Add Secret' }).click();
  await expect(page.locator('main')).not.toContainText('default-token');
});
