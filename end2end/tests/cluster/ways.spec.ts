// Navigation that changes path and query at once: listeners of the previous page are removed.
import type { Page } from '@playwright/test';
import { alive, expect, signIn, test } from '../../lib/test.ts';
import { open, paste } from '../../lib/wizard.ts';

const job = (name: string) => `apiVersion: batch/v1
kind: Job
metadata: {name: ${name}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: "busybox:1.36", command: ["true"]}]}}}
`;

test('from a filtered list to another project, and from a tab to another Job, and back', async ({ page, server, origin }) => {
  await signIn(page, server);
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, `${job('way-one')}---\n${job('way-two')}`);
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page).toHaveURL(/\/jobs\/way-one$/);

  await page.goto(`${origin}/projects/demo/jobs?q=way-`);
  await alive(page);
  const row = page.getByRole('link', { name: 'way-one', exact: true });
  await expect(row).toBeVisible();
  const projects = page.locator('summary', { hasText: 'Project' });
  await projects.click();
  await page.getByRole('link', { name: 'default', exact: true }).click();
  await expect(page).toHaveURL(/\/projects\/default\/jobs$/);
  await expect(page.getByRole('heading', { name: 'Jobs', exact: true })).toBeVisible();
  await expect(row).toHaveCount(0);
  await page.goBack();
  await expect(page).toHaveURL(/\/projects\/demo\/jobs\?q=way-$/);
  await expect(row).toBeVisible();
  await expect(page.getByRole('searchbox', { name: 'Filter' })).toHaveValue('way-');

  await page.goto(`${origin}/projects/demo/jobs/way-one?tab=events`);
  await alive(page);
  const events = page.getByRole('link', { name: 'Events', exact: true });
  await expect(events).toHaveAttribute('aria-current', 'page');
  await page.getByRole('navigation').getByRole('link', { name: 'Jobs' }).first().click();
  await page.getByRole('link', { name: 'way-two', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'way-two' })).toBeVisible();
  await page.goBack();
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'way-one' })).toBeVisible();
  await expect(events).toHaveAttribute('aria-current', 'page');
});

test('all rows of a list with several pages can be reached', async ({ page, server, origin }) => {
  await signIn(page, server);
  await open(page, origin, 'demo', '?edit=1');
  // These Jobs do not start Pods.
  const names = Array.from({ length: 53 }, (_, index) => `paged-${String(index).padStart(2, '0')}`);
  await paste(page, names.map((name) => job(name).replace('spec: {', 'spec: {parallelism: 0, ')).join('---\n'));
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page).toHaveURL(/\/jobs\/paged-00$/, { timeout: 60_000 });
  await page.goto(`${origin}/projects/demo/jobs?q=paged-`);
  await alive(page);
  const pager = page.locator('.pager');
  await expect(pager).toContainText('1–25 of 53');
  await expect(pager.getByRole('link', { name: 'Previous page' })).toBeDisabled();
  const shown = () => page.getByRole('link', { name: /^paged-/ }).allInnerTexts();
  const first = await shown();
  await pager.getByRole('link', { name: 'Next page' }).click();
  await expect(pager).toContainText('26–50 of 53');
  await expect(page).toHaveURL(/[?&]page=2/);
  const second = await shown();
  await pager.getByRole('link', { name: 'Next page' }).click();
  await expect(pager).toContainText('51–53 of 53');
  await expect(pager.getByRole('link', { name: 'Next page' })).toBeDisabled();
  const third = await shown();
  expect([...first, ...second, ...third].sort()).toEqual(names);
  // The address has the page.
  await page.reload();
  await alive(page);
  await expect(pager).toContainText('51–53 of 53');
  await page.goBack();
  await expect(pager).toContainText('26–50 of 53');
  await pager.getByRole('link', { name: '50', exact: true }).click();
  await expect(pager).toContainText('1–50 of 53');
  await pager.getByRole('link', { name: 'Next page' }).click();
  await expect(pager).toContainText('51–53 of 53');
  for (const left of [50, 0]) {
    await page.getByLabel('Select all').check();
    await page.getByRole('button', { name: 'Delete' }).first().click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expect(page.getByRole('link', { name: /^paged-/ })).toHaveCount(left, { timeout: 30_000 });
  }
});

/** Sets the visibility of a page's tab, since all tabs of a headless browser are visible. */
async function show(page: Page, visible: boolean): Promise<void> {
  await page.evaluate((visible) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => !visible });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
  }, visible);
}

test('more tabs than the browser has connections all load, and update when they become visible', async ({ page, server, origin }) => {
  await signIn(page, server);
  const tabs = [page];
  for (let count = 1; count < 9; count += 1) {
    await show(tabs[count - 1], false);
    tabs.push(await page.context().newPage());
    await tabs[count].goto(`${origin}/projects/demo/jobs`);
    await alive(tabs[count]);
  }
  await tabs[0].goto(`${origin}/projects/demo/jobs?q=from-`);
  await alive(tabs[0]);
  await show(tabs[0], false);
  await tabs[8].goto(`${origin}/projects/demo/create-job?edit=1`);
  await alive(tabs[8]);
  await paste(tabs[8], job('from-another-tab'));
  await tabs[8].getByRole('button', { name: 'Create', exact: true }).click();
  await expect(tabs[8]).toHaveURL(/\/jobs\/from-another-tab$/);
  await show(tabs[0], true);
  await expect(tabs[0].getByRole('link', { name: 'from-another-tab' })).toBeVisible();
});

test('a missing project is not reported as empty', async ({ page, server, origin }) => {
  await signIn(page, server);
  await page.goto(`${origin}/projects/no-such/jobs`);
  const words = page.getByText('This cluster has no project “no-such”');
  await expect(words).toBeVisible();
  await alive(page);
  await page.getByLabel('Project no-such').click();
  await page.getByRole('link', { name: 'demo', exact: true }).click();
  await expect(page).toHaveURL(/\/projects\/demo\/jobs/);
  await expect(words).toHaveCount(0);
});
