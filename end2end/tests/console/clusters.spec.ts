// Several clusters in one console: each tab stays with its own cluster, and users can leave an unusable one.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { type Connection, Playground } from '../../lib/playground.ts';
import { Server } from '../../lib/server.ts';
import { alive, test as base, expect, openPrinted, signIn } from '../../lib/test.ts';
import { editMode, paste } from '../../lib/wizard.ts';

const cluster = (name: string, { server, authority }: Connection) => `- {name: "${name}", cluster: {server: "${server}", certificate-authority-data: ${authority}}}\n`;
const context = (name: string, of: string, user: string) => `- {name: "${name}", context: {cluster: "${of}", user: "${user}", namespace: demo}}\n`;

/** Two playgrounds, a third context whose plugin is not installed, and a fourth whose cluster is missing. */
const kubeconfig = (one: Connection, two: Connection) => `apiVersion: v1
kind: Config
current-context: staging
clusters:
${cluster('staging', one)}${cluster('admin@prod:6443', two)}users:
- {name: staging, user: {token: ${one.token}}}
- {name: prod, user: {token: ${two.token}}}
- {name: cloud, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-login, interactiveMode: Never}}}
contexts:
${context('staging', 'staging', 'staging')}${context('admin@prod:6443', 'admin@prod:6443', 'prod')}${context('cloud', 'staging', 'cloud')}${context('gone', 'gone', 'staging')}`;

const test = base.extend<object, { server: Server }>({
  server: [
    async ({}, use) => {
      const folder = mkdtempSync(join(tmpdir(), 'jobwright-kubeconfig-'));
      const file = join(folder, 'config');
      const [one, two] = await Promise.all([Playground.start(), Playground.start()]);
      writeFileSync(file, kubeconfig(one.connection, two.connection));
      const server = await Server.start({ kubeconfig: file });
      await use(server);
      await server.stop();
      await Promise.all([one.stop(), two.stop()]);
      rmSync(folder, { recursive: true });
    },
    { scope: 'worker' },
  ],
});

const prod = '/clusters/admin~40prod~3a6443';
const job = (name: string) => `apiVersion: batch/v1
kind: Job
metadata: {name: ${name}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: "busybox:1.36", command: ["true"]}]}}}
`;

/** Opens the cluster menu. */
async function clusters(page: Page): Promise<void> {
  await page.locator('summary', { hasText: 'Cluster' }).click();
}

async function create(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name: 'Create', exact: true }).click();
  await alive(page);
  await editMode(page, true);
  await paste(page, job(name));
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`/jobs/${name}$`));
}

test('two tabs show two clusters, and each acts on its own cluster', async ({ page, server, origin }) => {
  await openPrinted(page, server);
  await expect(page).toHaveURL(`${origin}/clusters/staging/projects/demo/jobs`);
  await alive(page);
  const other = await page.context().newPage();
  const broken: string[] = [];
  other.on('pageerror', (error) => broken.push(error.message));
  await other.goto(`${origin}/clusters/staging`);
  await alive(other);
  await clusters(other);
  await other.getByRole('link', { name: /admin@prod:6443/ }).click();
  await expect(other).toHaveURL(`${origin}${prod}/projects/demo/jobs`);
  await expect(other.locator('summary', { hasText: 'Cluster' })).toContainText('admin@prod:6443');
  await alive(other);

  await create(page, 'in-staging');
  await create(other, 'in-prod');
  expect(new URL(page.url()).pathname).toBe('/clusters/staging/projects/demo/jobs/in-staging');
  expect(new URL(other.url()).pathname).toBe(`${prod}/projects/demo/jobs/in-prod`);
  await expect(other.getByText('Completed').first()).toBeVisible();

  // The list to which the first tab navigates back without a page load, and one rendered by the server.
  await page.getByRole('navigation').getByRole('link', { name: 'Jobs' }).first().click();
  await expect(page.getByRole('link', { name: 'in-staging' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'in-prod' })).toHaveCount(0);
  await other.goto(`${origin}${prod}/projects/demo/jobs`);
  await alive(other);
  await expect(other.getByRole('link', { name: 'in-prod' })).toBeVisible();
  await expect(other.getByRole('link', { name: 'in-staging' })).toHaveCount(0);

  // Filtering, the project picker and a reload keep the cluster.
  await other.getByRole('searchbox').fill('in-');
  await expect(other).toHaveURL(new RegExp(`${prod}/projects/demo/jobs\\?q=in-`));
  await other.reload();
  await alive(other);
  await expect(other.getByRole('link', { name: 'in-prod' })).toBeVisible();
  await other.locator('summary', { hasText: 'Project' }).click();
  await other.getByRole('link', { name: 'default', exact: true }).click();
  await expect(other).toHaveURL(`${origin}${prod}/projects/default/jobs`);
  expect(broken).toEqual([]);
});

test('a draft belongs to its cluster', async ({ page, server, origin }) => {
  await signIn(page, server);
  await page.goto(`${origin}${prod}/projects/demo/create-job?edit=1`);
  await alive(page);
  await paste(page, `${job('draft-of-prod')}# as typed\n`);
  await expect(page.getByText('Draft kept in this browser')).toBeVisible();
  await page.goto(`${origin}/clusters/staging/projects/demo/create-job?edit=1`);
  await alive(page);
  await expect(page.getByText('Your draft is back')).toHaveCount(0);
  await page.goto(`${origin}${prod}/projects/demo/create-job?edit=1`);
  await alive(page);
  await expect(page.getByText('Your draft is back')).toBeVisible();
});

test('a context without credentials names the plugin it needs, and links to the others', async ({ page, server, origin, expected }) => {
  expected.allow(/response: 502|status of 502|\/stream\//);
  await signIn(page, server);
  await page.goto(`${origin}/clusters/cloud`);
  await alive(page);
  await expect(page.getByText('The console has no valid credentials for this cluster').first()).toBeVisible();
  await expect(page.getByText(/the plugin cannot be started/).first()).toBeVisible();
  await clusters(page);
  await expect(page.getByRole('link', { name: /^cloud/ })).toContainText("Runs no-such-login on the console's machine for credentials");
  await expect(page.locator('[aria-disabled]', { hasText: 'gone' })).toContainText('the kubeconfig has no address for this cluster');
  await page.getByRole('link', { name: /^staging/ }).click();
  await expect(page).toHaveURL(`${origin}/clusters/staging/projects/demo/jobs`);
});
