// The Job list: order, pages, all projects, saved views, with and without JavaScript.
import type { Page } from '@playwright/test';
import type { Server } from '../../lib/server.ts';
import { alive, expect, signIn, test } from '../../lib/test.ts';
import { open, paste } from '../../lib/wizard.ts';

/** These Jobs do not start Pods. */
const job = (name: string, image = 'busybox:1.36', labels = '{}') => `apiVersion: batch/v1
kind: Job
metadata: {name: ${name}, labels: ${labels}}
spec: {parallelism: 0, template: {spec: {restartPolicy: Never, containers: [{name: main, image: "${image}", command: ["true"]}]}}}
`;

async function create(page: Page, origin: string, project: string, documents: string[]): Promise<void> {
  await open(page, origin, project, '?edit=1');
  await paste(page, documents.join('---\n'));
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page).toHaveURL(/\/jobs\/[^/]+$/, { timeout: 60_000 });
}

const names = (page: Page) => page.locator('.job-name').allInnerTexts();

async function start(page: Page, server: Server, origin: string, word: string): Promise<void> {
  await signIn(page, server);
  await create(page, origin, 'demo', [job(`${word}-9`, 'perl:5'), job(`${word}-10`), job(`${word}-1`, 'python:3', '{team: red}')]);
}

test('every heading sorts, a second click reverses, and the order is in the address', async ({ page, server, origin }) => {
  await start(page, server, origin, 'sorted');
  await page.goto(`${origin}/projects/demo/jobs?q=sorted-`);
  await alive(page);
  const heading = (name: string) => page.getByRole('columnheader', { name, exact: true });
  await heading('Name').getByRole('link').click();
  await expect.poll(() => names(page)).toEqual(['sorted-1', 'sorted-9', 'sorted-10']);
  await expect(heading('Name')).toHaveAttribute('aria-sort', 'ascending');
  await heading('Name').getByRole('link').click();
  await expect.poll(() => names(page)).toEqual(['sorted-10', 'sorted-9', 'sorted-1']);
  await expect(page).toHaveURL(/sort=-name/);
  await heading('Image').getByRole('link').click();
  await expect.poll(() => names(page)).toEqual(['sorted-10', 'sorted-9', 'sorted-1']);
  for (const name of ['Status', 'Done', 'Duration', 'Updated']) {
    await heading(name).getByRole('link').click();
    await expect(heading(name)).toHaveAttribute('aria-sort', /ascending|descending/);
    await expect(page.locator('.job-name')).toHaveCount(3);
  }
  await page.goBack();
  await expect(heading('Duration')).toHaveAttribute('aria-sort', /ascending|descending/);
});

test('without JavaScript the list is sorted, filtered and paged by links', async ({ page, browser, server, origin }) => {
  await start(page, server, origin, 'plain');
  await create(page, origin, 'demo', Array.from({ length: 30 }, (_, index) => job(`plain-more-${index}`)));
  const context = await browser.newContext({ javaScriptEnabled: false, storageState: await page.context().storageState() });
  const plain = await context.newPage();
  await plain.goto(`${origin}/projects/demo/jobs?sort=name`);
  await plain.getByRole('searchbox', { name: 'Filter' }).fill('plain-');
  await plain.getByRole('searchbox', { name: 'Filter' }).press('Enter');
  await expect(plain).toHaveURL(/q=plain-/);
  expect((await names(plain)).slice(0, 3)).toEqual(['plain-1', 'plain-9', 'plain-10']);
  await plain.getByRole('link', { name: 'Next page' }).click();
  await expect(plain.locator('.pager')).toContainText('26–33 of 33');
  await plain.getByRole('columnheader', { name: 'Image' }).getByRole('link').click();
  await expect(plain.locator('.pager')).toContainText('1–25 of 33');
  await plain.getByRole('link', { name: /^Stuck/ }).click();
  await expect(plain).toHaveURL(/status=stuck/);
  await context.close();
});

test('labels, images and ages filter', async ({ page, server, origin }) => {
  await start(page, server, origin, 'found');
  await page.goto(`${origin}/projects/demo/jobs?sort=name`);
  await alive(page);
  const box = page.getByRole('searchbox', { name: 'Filter' });
  for (const [text, expected] of [
    ['found- label:team=red', ['found-1']],
    ['found- image:PERL', ['found-9']],
    ['found- age:<1d', ['found-1', 'found-9', 'found-10']],
  ] as const) {
    await box.fill(text);
    await expect.poll(() => names(page), text).toEqual(expected);
  }
  await box.fill('found- age:>1d');
  await expect(page.getByRole('heading', { name: 'No Job matches the filter' })).toBeVisible();
  await page.getByRole('link', { name: 'Clear the filter' }).click();
  await expect(page.locator('.job-name').first()).toBeVisible();
});

test('Jobs of all projects are in one list', async ({ page, server, origin }) => {
  await start(page, server, origin, 'everywhere');
  await create(page, origin, 'default', [job('everywhere-else')]);
  await page.goto(`${origin}/projects/demo/jobs`);
  await alive(page);
  await page.locator('summary', { hasText: 'Project' }).click();
  await page.getByRole('link', { name: 'All projects' }).click();
  await expect(page).toHaveURL(/\/jobs$/);
  await page.getByRole('searchbox', { name: 'Filter' }).fill('everywhere-');
  await expect(page.locator('.job-name')).toHaveCount(4);
  const row = page.getByRole('row', { name: /everywhere-else/ });
  await expect(row.locator('.cell-project')).toHaveText('default');
  await page.getByRole('columnheader', { name: 'Project' }).getByRole('link').click();
  await expect.poll(() => names(page)).toEqual(['everywhere-else', 'everywhere-1', 'everywhere-9', 'everywhere-10']);
  // Jobs of several projects are deleted together; the names say where each is.
  await page.getByLabel('Select all').check();
  await page.getByRole('button', { name: 'Delete' }).first().click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('default/everywhere-else');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('heading', { name: 'No Job matches the filter' })).toBeVisible({ timeout: 30_000 });
});

test('rows stay under the pointer, and a changed order is offered', async ({ page, server, origin }) => {
  await start(page, server, origin, 'steady');
  await page.goto(`${origin}/projects/demo/jobs?q=steady-&sort=name`);
  await alive(page);
  await page.getByRole('row', { name: /steady-9/ }).hover();
  const other = await page.context().newPage();
  await create(other, origin, 'demo', [job('steady-2')]);
  await expect(page.getByText('1 change to the order')).toBeVisible();
  expect(await names(page)).toEqual(['steady-1', 'steady-9', 'steady-10']);
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await expect.poll(() => names(page)).toEqual(['steady-1', 'steady-2', 'steady-9', 'steady-10']);
  // Nothing holds them without a pointer.
  await page.mouse.move(0, 0);
  await create(other, origin, 'demo', [job('steady-3')]);
  await expect.poll(() => names(page)).toEqual(['steady-1', 'steady-2', 'steady-3', 'steady-9', 'steady-10']);
});

test('a selection spans pages and leaves out what the filter hides', async ({ page, server, origin }) => {
  await start(page, server, origin, 'chosen');
  await create(page, origin, 'demo', Array.from({ length: 30 }, (_, index) => job(`chosen-more-${index}`)));
  await page.goto(`${origin}/projects/demo/jobs?q=chosen-more&sort=name`);
  await alive(page);
  await page.getByLabel('Select all').check();
  await expect(page.locator('.bulk')).toContainText('25 selected');
  await page.getByRole('button', { name: 'Select all 30 that match' }).click();
  await expect(page.locator('.bulk')).toContainText('30 selected');
  await expect(page.locator('.bulk')).toContainText('of these 5 on other pages');
  await page.getByRole('searchbox', { name: 'Filter' }).fill('chosen-more-1');
  await expect(page.locator('.bulk')).toContainText('11 selected');
  await expect(page.locator('.bulk')).toContainText('19 more hidden by the filter');
  await page.locator('.bulk').getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('heading', { name: 'No Job matches the filter' })).toBeVisible({ timeout: 30_000 });
  await page.getByRole('searchbox', { name: 'Filter' }).fill('chosen-');
  await expect(page.locator('.job-name')).toHaveCount(22);
});

test('a view is saved under a name, opened and deleted', async ({ page, server, origin }) => {
  await start(page, server, origin, 'viewed');
  await page.goto(`${origin}/projects/demo/jobs?q=viewed-1&sort=-name`);
  await alive(page);
  const menu = page.locator('summary', { hasText: 'Views' });
  await menu.click();
  await page.getByLabel('Name for this view').fill('Ones');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.goto(`${origin}/projects/demo/jobs`);
  await alive(page);
  await menu.click();
  await page.getByRole('link', { name: 'Ones' }).click();
  await expect.poll(() => names(page)).toEqual(['viewed-10', 'viewed-1']);
  await menu.click();
  await page.getByRole('button', { name: 'Delete the view Ones' }).click();
  await expect(page.getByRole('link', { name: 'Ones' })).toHaveCount(0);
});

test('columns are in the address, and the way back from a Job keeps the list', async ({ page, server, origin }) => {
  await start(page, server, origin, 'column');
  await page.goto(`${origin}/projects/demo/jobs?q=column-&sort=name`);
  await alive(page);
  await page.locator('summary', { hasText: 'Columns' }).click();
  await page.getByRole('checkbox', { name: 'Owner' }).check();
  await expect(page).toHaveURL(/columns=done,duration,image,owner,updated/);
  await expect(page.getByRole('columnheader', { name: 'Owner' })).toBeVisible();
  await page.getByRole('link', { name: 'column-9' }).click();
  await expect(page.getByRole('heading', { name: 'column-9' })).toBeVisible();
  await page.getByRole('navigation').getByRole('link', { name: 'Jobs' }).first().click();
  await expect(page).toHaveURL(/q=column-&sort=name&columns=done,duration,image,owner,updated/);
  await expect.poll(() => names(page)).toEqual(['column-1', 'column-9', 'column-10']);
});
