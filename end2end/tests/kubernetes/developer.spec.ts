// A user who may use Jobs of the project demo, and nothing else in the cluster.
import { alive, signIn } from '../../lib/test.ts';
import { editMode, open, paste } from '../../lib/wizard.ts';
import { apply, clear, finished, get, job } from './cluster.ts';
import { expect, test } from './people.ts';

const refusal = 'You are not allowed to do this. Ask an administrator of the cluster for the right.';
/** Contained in all objects of the project `other`. */
const marker = 'not-for-developers';

test.use({ locale: 'en', person: 'developer' });

test.beforeAll(() => {
  clear('demo');
  clear('other');
  apply('other', job(`${marker}-job`, { command: `echo ${marker}`, annotations: { 'kubesphere.io/alias-name': marker } }));
  apply('other', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `${marker}-map` }, data: { [marker]: marker } });
  finished('other', `${marker}-job`);
});
test.beforeEach(async ({ page, server }) => signIn(page, server));

test('the start page is the permitted project, and the project picker has no other project', async ({ page, origin }) => {
  await page.goto(origin);
  await expect(page).toHaveURL(/\/projects\/demo\/jobs$/);
  await alive(page);
  await page.getByLabel('Project demo').click();
  await expect(page.locator('.bar details[open] .menu-item')).toHaveText(['All projects', 'demo']);
});

test('a Job is created, followed to its end, its log read, rerun, and both are deleted', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, JSON.stringify(job('mine')));
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page).toHaveURL(/\/jobs\/mine$/);
  await expect(page.locator('.job-state')).toContainText('Completed', { timeout: 60_000 });
  await page.getByRole('link', { name: 'Logs', exact: true }).click();
  await expect(page.locator('.log-text')).toHaveText(['hello from mine']);
  await page.getByRole('button', { name: 'Rerun' }).click();
  await expect(page).toHaveURL(/\/jobs\/mine-2$/);
  await expect(page.locator('.job-state')).toContainText('Completed', { timeout: 60_000 });
  await page.goto(`${origin}/projects/demo/jobs`);
  await alive(page);
  await page.getByLabel('Select all').check();
  await page.getByRole('button', { name: 'Delete' }).first().click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('heading', { name: 'No Jobs in demo yet' })).toBeVisible({ timeout: 20_000 });
  expect(get('demo', 'jobs').items).toEqual([]);
});

test('names that cannot be listed are typed, others are offered', async ({ page, origin }) => {
  apply('demo', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { mode: 'fast' } });
  await open(page, origin, 'demo', '?example=pi&step=nodes');
  await expect(page.getByText('You may not list nodes; enter labels by hand.')).toBeVisible();
  await open(page, origin, 'demo', '?example=pi&step=volumes');
  await page.getByRole('button', { name: 'Add ConfigMap' }).click();
  await expect(page.locator('datalist option[value="settings"], option:text-is("settings")')).toHaveCount(1);
  await expect(page.locator(`[value*="${marker}"]`)).toHaveCount(0);
});

for (const project of ['other', 'kube-system', 'no-such-project']) {
  const addresses = {
    'its Jobs': `/projects/${project}/jobs`,
    'a Job': `/projects/${project}/jobs/${marker}-job`,
    'the log of a Job': `/projects/${project}/jobs/${marker}-job?tab=logs`,
    'the wizard with a Job of it': `/projects/${project}/create-job?from=${marker}-job`,
  };
  for (const [what, address] of Object.entries(addresses)) {
    test(`a guessed URL of ${project} is refused with a message: ${what}`, async ({ page, origin, expected }) => {
      expected.allow(/status of (403|404|5\d\d)|response: (403|404|5\d\d)/);
      await page.goto(origin + address);
      await alive(page);
      await expect(page.getByText(refusal).first()).toBeVisible();
      await page.waitForLoadState('networkidle');
      const shown = (await page.content()).replaceAll(`${marker}-job`, '');
      expect(shown).not.toContain(marker);
    });
  }
}

test('after navigating back to a forbidden project, no Job of the permitted one is shown', async ({ page, origin, expected }) => {
  expected.allow(/status of (403|5\d\d)|response: (403|5\d\d)/);
  clear('demo');
  apply('demo', job('mine'));
  await page.goto(`${origin}/projects/other/jobs`);
  await alive(page);
  await page.getByLabel('Project other').click();
  await page.locator('.bar .menu-item', { hasText: 'demo' }).click();
  await expect(page.getByRole('row', { name: /mine/ })).toBeVisible();
  await page.goBack();
  await expect(page).toHaveURL(/\/projects\/other\/jobs$/);
  await expect(page.getByText(refusal).first()).toBeVisible();
  await expect(page.getByRole('row', { name: /mine/ })).toHaveCount(0);
});

test('creating in another project is refused with a message, whatever the manifest says', async ({ page, origin, expected }) => {
  expected.allow(/status of (403|5\d\d)|response: (403|5\d\d)/);
  for (const [project, namespace] of [['other', undefined], ['demo', 'other']] as const) {
    const made = job('intruder');
    made.metadata.namespace = namespace;
    await open(page, origin, project, '?edit=1');
    await paste(page, JSON.stringify(made));
    await editMode(page, false);
    const create = page.getByRole('button', { name: 'Create', exact: true });
    if (project === 'other') {
      await expect(page.locator('#missing-rights')).toContainText('create Jobs');
      await expect(create).toBeDisabled();
    } else {
      await create.click();
      await expect(page.getByText(/namespace/).first()).toBeVisible();
      await expect(page).toHaveURL(/create-job/);
    }
  }
  const names = ['demo', 'other'].flatMap((project) => get(project, 'jobs').items.map((item: any) => item.metadata.name));
  expect(names).toContain(`${marker}-job`);
  expect(names).not.toContain('intruder');
});
