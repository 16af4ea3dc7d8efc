// Users who sign in as themselves: with a token of the cluster, and at an OpenID Connect provider.
import { createServer } from 'node:net';
import type { Page } from '@playwright/test';
import { IdentityProvider } from '../../lib/provider.ts';
import { Server } from '../../lib/server.ts';
import { alive, expect, test as base } from '../../lib/test.ts';
import { apply, clear, finished, get, job, kubectl, minor } from './cluster.ts';
import { kubeconfig } from './people.ts';

const test = base.extend<object, { server: Server }>({
  server: [
    async ({}, use) => {
      const server = await Server.start({ kubeconfig: kubeconfig('admin') }, '--sign-in', 'bearer-token');
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
});
test.use({ locale: 'en' });

const account = (name: string) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });
const binding = (name: string, kind: 'Role' | 'ClusterRole', role: string, subject: object) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: role },
  subjects: [subject],
});
const group = (name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name });
const serviceAccount = (name: string) => ({ kind: 'ServiceAccount', name, namespace: 'demo' });

/** A token of a service account of the project demo. */
async function token(name: string): Promise<string> {
  if (minor() >= 24) return kubectl(['-n', 'demo', 'create', 'token', name]).trim();
  // Older clusters store a token in a Secret, some time after the account was made.
  const secret = () => get('demo', 'serviceaccount', name).secrets?.[0]?.name;
  await expect.poll(secret, { timeout: 20_000 }).toBeTruthy();
  return Buffer.from(get('demo', 'secret', secret()).data.token, 'base64').toString();
}

test.beforeAll(() => {
  clear('demo');
  clear('other');
  apply('demo', account('writer'), account('reader'));
  apply('demo', binding('writer', 'Role', 'jobs', serviceAccount('writer')), binding('reader', 'ClusterRole', 'view', serviceAccount('reader')));
  apply('demo', binding('team-demo', 'Role', 'jobs', group('team:demo')));
  apply('other', binding('team-other', 'ClusterRole', 'view', group('team:other')));
  apply('demo', job('done'));
  finished('demo', 'done');
});
test.afterAll(() => {
  kubectl(['-n', 'demo', 'delete', 'rolebinding/writer', 'rolebinding/reader', 'rolebinding/team-demo', 'serviceaccount/writer', 'serviceaccount/reader', '--ignore-not-found']);
  kubectl(['-n', 'other', 'delete', 'rolebinding/team-other', '--ignore-not-found']);
});

async function signInWith(page: Page, origin: string, bearer: string): Promise<void> {
  await page.goto(`${origin}/projects/demo/jobs`);
  await expect(page).toHaveURL(/sign-in/);
  await page.getByLabel('Bearer token').fill(bearer);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

test('a token of the cluster signs its user in, who creates a Job', async ({ page, origin }) => {
  await signInWith(page, origin, 'not-a-token');
  await expect(page.getByText('The cluster does not accept this token')).toBeVisible();
  await page.getByLabel('Bearer token').fill(await token('writer'));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL(/projects\/demo\/jobs/);
  await alive(page);
  await expect(page.getByRole('row', { name: /done/ })).toContainText('Completed');
  await expect(page.locator('#missing-rights')).toHaveCount(0);
  await page.goto(`${origin}/projects/demo/create-job?example=pi`);
  await alive(page);
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page).toHaveURL(/projects\/demo\/jobs\//);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/sign-in$/);
  await page.goto(`${origin}/projects/demo/jobs`);
  await expect(page).toHaveURL(/sign-in/);
});

test('what a reader may not do is told and not offered', async ({ page, origin, expected }) => {
  await signInWith(page, origin, await token('reader'));
  await alive(page);
  await expect(page.locator('#missing-rights')).toContainText('does not allow you to create Jobs, change Jobs, delete Jobs in the project demo');
  await page.getByLabel('Select done').check();
  await expect(page.locator('.bulk').getByRole('button', { name: 'Delete', exact: true })).toBeDisabled();
  await page.getByRole('link', { name: 'done', exact: true }).click();
  for (const action of ['Rerun', 'Edit information', 'Delete']) {
    await expect(page.getByRole('button', { name: action, exact: true })).toBeDisabled();
  }
  await page.getByRole('link', { name: 'Logs', exact: true }).click();
  await expect(page.locator('.log-text')).toContainText('hello from done');
  expected.allow(/status of 403|response: 403/);
  await page.goto(`${origin}/projects/other/jobs`);
  await expect(page.getByText(/cannot list resource "jobs"/).first()).toBeVisible();
});

test('rights that are taken away close an open page, which says why', async ({ page, origin, expected }) => {
  await signInWith(page, origin, await token('reader'));
  await alive(page);
  await expect(page.getByRole('row', { name: /done/ })).toBeVisible();
  expected.allow(/status of 403|response: 403/);
  kubectl(['-n', 'demo', 'delete', 'rolebinding/reader']);
  await expect(page.getByText(/cannot list resource "jobs"/).first()).toBeVisible({ timeout: 45_000 });
  await expect(page.getByRole('row', { name: /done/ })).toHaveCount(0);
  apply('demo', binding('reader', 'ClusterRole', 'view', serviceAccount('reader')));
});

test('a deleted account is signed out', async ({ page, origin, expected }) => {
  apply('demo', account('leaver'), binding('leaver', 'ClusterRole', 'view', serviceAccount('leaver')));
  await signInWith(page, origin, await token('leaver'));
  await alive(page);
  await expect(page.getByRole('row', { name: /done/ })).toBeVisible();
  expected.allow(/status of 401|response: 401/);
  kubectl(['-n', 'demo', 'delete', 'serviceaccount/leaver', 'rolebinding/leaver']);
  await expect(page).toHaveURL(/sign-in\?ended=1/, { timeout: 60_000 });
});

/** A free port: the provider has to know the console's address before it starts. */
async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as { port: number };
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

base('users of a provider see their own projects, in one console at once', async ({ browser }) => {
  base.setTimeout(180_000);
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const teams: Record<string, string> = { anna: 'demo', otto: 'other' };
  const provider = await IdentityProvider.start(origin, (user) => [teams[user] ?? 'none'], 20);
  const server = await Server.start(
    { kubeconfig: kubeconfig('admin') },
    ...['--listen', `127.0.0.1:${port}`, '--sign-in', 'open-id-connect', '--oidc-issuer', provider.issuer, '--oidc-client-id', 'jobwright'],
    ...['--oidc-use', 'impersonation', '--oidc-username-prefix', 'oidc:', '--oidc-groups-claim', 'groups', '--oidc-groups-prefix', 'team:'],
  );
  apply('other', job('elsewhere'));
  finished('other', 'elsewhere');
  const open = async (user: string) => {
    const context = await browser.newContext({ locale: 'en' });
    const page = await context.newPage();
    await page.goto(`${origin}/projects/${teams[user]}/jobs`);
    await page.getByRole('button', { name: 'Continue to sign-in' }).click();
    await page.getByPlaceholder('Enter any login').fill(user);
    await page.getByPlaceholder('and password').fill('any');
    await page.getByRole('button', { name: 'Sign-in' }).click();
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(page).toHaveURL(new RegExp(`/projects/${teams[user]}/jobs`));
    await alive(page);
    return page;
  };
  try {
    const [anna, otto] = [await open('anna'), await open('otto')];
    await expect(anna.getByRole('row', { name: /done/ })).toBeVisible();
    await expect(otto.getByRole('row', { name: /elsewhere/ })).toBeVisible();
    await expect(anna.locator('.bar-user')).toHaveText('oidc:anna');
    await expect(otto.locator('#missing-rights')).toContainText('create Jobs');
    await anna.goto(`${origin}/projects/other/jobs`);
    await expect(anna.getByText(/User "oidc:anna" cannot list resource "jobs"/).first()).toBeVisible();
    await anna.goto(`${origin}/projects/demo/jobs`);
    await alive(anna);
    // Longer than the first ID token: the page stays live.
    await anna.waitForTimeout(25_000);
    apply('demo', job('later'));
    await expect(anna.getByRole('row', { name: /later/ })).toBeVisible();
    await anna.getByRole('button', { name: 'Sign out' }).click();
    await anna.getByRole('button', { name: 'Yes, sign me out' }).click();
    await expect(anna).toHaveURL(new RegExp(`${origin}/sign-in`));
    await expect(otto.getByRole('row', { name: /elsewhere/ })).toBeVisible();
  } finally {
    await server.stop();
    await provider.stop();
  }
});
