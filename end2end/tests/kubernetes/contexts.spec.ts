// Contexts of two users in one console: each tab uses the credentials of its own context (client certificates
// here).
import { alive, signIn } from '../../lib/test.ts';
import { Server } from '../../lib/server.ts';
import { apply, clear, finished, get, job } from './cluster.ts';
import { expect, kubeconfig, test as base } from './people.ts';

const test = base.extend<object, { server: Server }>({
  server: [
    async ({}, use) => {
      const server = await Server.start({ kubeconfig: [kubeconfig('admin'), kubeconfig('viewer')].join(':') });
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
});

test('an administrator and a viewer in two tabs', async ({ page, server, origin, expected }) => {
  expected.allow(/status of 403|response: 403/);
  clear('demo');
  apply('demo', job('kept'));
  finished('demo', 'kept');
  await signIn(page, server);
  await page.goto(`${origin}/clusters/admin~40local/projects/demo/jobs`);
  await alive(page);
  const other = await page.context().newPage();
  await other.goto(page.url());
  await alive(other);
  await other.locator('summary', { hasText: 'Cluster' }).click();
  await other.getByRole('link', { name: /viewer@local/ }).click();
  await expect(other).toHaveURL(`${origin}/clusters/viewer~40local/projects/demo/jobs`);
  await alive(other);

  const projects = page.locator('summary', { hasText: 'Project' });
  await projects.click();
  await expect(page.getByRole('link', { name: 'other', exact: true })).toBeVisible();
  await projects.click();
  await other.locator('summary', { hasText: 'Project' }).click();
  await expect(other.getByRole('link', { name: 'other', exact: true })).toHaveCount(0);

  for (const [tab, outcome] of [[other, 'kept'], [page, 'gone']] as const) {
    await tab.goto(`${new URL(tab.url()).href}/kept`);
    await alive(tab);
    const button = tab.getByRole('button', { name: 'Delete' });
    if (outcome === 'kept') {
      // What the viewer may not do is disabled, with the reason; that the API refuses it is asserted by access.spec.
      await expect(button).toBeDisabled();
      await expect(button).toHaveAccessibleDescription(/does not allow you to .*delete Jobs/);
    } else {
      await button.click();
      await tab.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await expect(tab).toHaveURL(/\/jobs$/);
    }
    const names = get('demo', 'jobs').items.filter((item: any) => !item.metadata.deletionTimestamp).map((item: any) => item.metadata.name);
    expect(names).toEqual(outcome === 'kept' ? ['kept'] : []);
  }
});
