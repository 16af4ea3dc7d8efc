import { alive, expect, openPrinted, test } from '../../lib/test.ts';
import { editMode, manifest, open } from '../../lib/wizard.ts';

test('pages, forms and redirects stay below the path', async ({ page, server, origin }) => {
  await page.goto(`${origin}/projects/demo/jobs`);
  await expect(page).toHaveURL(`${origin}/sign-in?back=${new URL(origin).pathname}/projects/demo/jobs`);
  await openPrinted(page, server);
  await expect(page).toHaveURL(`${origin}/projects/demo/jobs`);
  await alive(page);
  await page.getByRole('button', { name: '中文', exact: true }).click();
  await expect(page).toHaveURL(`${origin}/projects/demo/jobs`);
  await expect(page.locator('html')).toHaveAttribute('lang', /^zh/);
  await alive(page);
  await page.getByRole('link', { name: '创建', exact: true }).click();
  await expect(page).toHaveURL(`${origin}/projects/demo/create-job`);
  await alive(page);
  await page.getByRole('link', { name: 'Jobwright' }).click();
  await expect(page).toHaveURL(`${origin}/projects/demo/jobs`);
  await alive(page);
  await page.getByRole('button', { name: '退出登录' }).click();
  await expect(page).toHaveURL(`${origin}/sign-in`);
  const cookies = await page.context().cookies();
  expect(cookies.length).toBeGreaterThan(0);
  expect(cookies.every(({ path }) => path === new URL(origin).pathname)).toBe(true);
});

test('the editor, its worker and the diff load from below the path', async ({ page, server, origin }) => {
  const requested: string[] = [];
  page.on('request', (request) => requested.push(request.url()));
  await openPrinted(page, server);
  await open(page, origin, 'demo', '?example=pi');
  await editMode(page, true);
  await expect(page.locator('.editor .view-lines')).toContainText('bpi');
  await expect.poll(() => requested.filter((url) => url.endsWith('/editor/editor.worker.js')).length).toBeGreaterThan(0);
  await editMode(page, false);
  expect(await manifest(page)).toContain('kind: Job');
  expect(requested.filter((url) => url.startsWith('http') && !url.startsWith(`${origin}/`) && url !== origin)).toEqual([]);
});

test('sessions are listed and ended below the path', async ({ page, browser, server, origin }) => {
  await openPrinted(page, server);
  const other = await (await browser.newContext()).newPage();
  await openPrinted(other, server);
  await expect(other).toHaveURL(/\/projects\/demo\/jobs$/);
  await page.goto(`${origin}/projects/demo/jobs`);
  await alive(page);
  await page.locator('.bar-user').click();
  await expect(page).toHaveURL(`${origin}/sessions`);
  // The header, this one, the other one, and those of other tests.
  expect(await page.getByRole('row').count()).toBeGreaterThanOrEqual(3);
  await page.getByRole('button', { name: /^End \d+ other sessions?$/ }).click();
  await expect(page).toHaveURL(`${origin}/sessions`);
  await expect(page.getByRole('row')).toHaveCount(2);
  await other.goto(`${origin}/projects/demo/jobs`);
  await expect(other).toHaveURL(new RegExp(`^${origin}/sign-in\\?ended=1`));
  await other.context().close();
});
