// Jobs with many containers, variables and lines: lists are shown in pages, and whatever leads to a row turns to its page.
import { expect, signIn, test } from '../../lib/test.ts';
import { editMode, manifest, open, paste } from '../../lib/wizard.ts';
import type { Page } from '@playwright/test';

const head = 'apiVersion: batch/v1\nkind: Job\nmetadata: {name: long}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n';
const variables = (count: number, name = (n: number) => `V${n}`) =>
  `${head}        - name: main\n          image: busybox\n          env:\n${Array.from({ length: count }, (_, n) => `            - {name: ${name(n)}, value: v${n}}\n`).join('')}`;
const containers = (count: number, image = (n: number) => `busybox:1.${n}`) =>
  `${head}${Array.from({ length: count }, (_, n) => `        - {name: c${n}, image: "${image(n)}"}\n`).join('')}`;

async function step(page: Page, origin: string, text: string): Promise<void> {
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, text);
  await editMode(page, false);
  await page.getByRole('button', { name: /Pod template/ }).click();
}

/** The row with the focus, by the id of its field. */
const focused = (page: Page) => page.evaluate(() => document.activeElement?.id ?? '');

test.beforeEach(async ({ page, server, expected }) => {
  expected.allow(/response: 5\d\d|status of 5\d\d|\/stream\//);
  await signIn(page, server);
});

test('a long list is shown in pages, and an added row is shown and has the focus', async ({ page, origin }) => {
  await step(page, origin, variables(120));
  await page.getByText('Advanced options').click();
  const env = page.locator('[id="f-spec-template-spec-containers:0.-env"]');
  const rows = env.locator('.row-variable');
  await expect(rows).toHaveCount(50);
  const pages = env.getByRole('navigation').first();
  await expect(pages).toContainText('1–50 of 120');
  await expect(pages.getByRole('button', { name: 'Previous page' })).toBeDisabled();
  await pages.getByRole('button', { name: 'Next page' }).click();
  await expect(pages).toContainText('51–100 of 120');
  await expect(env.getByLabel('Variable 51', { exact: true })).toHaveValue('V50');

  await env.getByRole('button', { name: 'Add variable' }).click();
  await expect(pages).toContainText('101–121 of 121');
  await expect.poll(() => focused(page)).toBe('f-spec-template-spec-containers:0.-env:120.-name');
  await page.keyboard.type('LAST');
  await expect.poll(() => manifest(page)).toContain('name: LAST');

  // The row goes away with its button; the focus stays in the list.
  await env.getByRole('button', { name: 'Remove Variable 121' }).click();
  await expect(pages).toContainText('101–120 of 120');
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Remove Variable 120');
});

test('a problem leads to its row on another page', async ({ page, origin }) => {
  await step(page, origin, variables(120, (n) => (n === 99 ? '"A=B"' : `V${n}`)));
  await page.locator('.problems > summary').click();
  await page.locator('.problem-row button.problem').first().click();
  await expect.poll(() => focused(page)).toBe('f-spec-template-spec-containers:0.-env:99.-name');
});

test('cards of many containers are closed, show their errors, and open for an added container', async ({ page, origin }) => {
  await step(page, origin, containers(60, (n) => (n === 3 ? '' : `busybox:1.${n}`)));
  const cards = page.locator('.wizard-step .container');
  await expect(cards).toHaveCount(50);
  const toggle = cards.nth(3).getByRole('button', { name: /c3/ }).first();
  await expect(toggle).toHaveAttribute('aria-expanded', 'false');
  await expect(toggle.locator('.count')).toHaveText('1');
  await expect(cards.nth(4).locator('.count')).toHaveCount(0);
  await expect(cards.nth(4)).toContainText('busybox:1.4');
  await expect(cards.nth(3).locator('input')).toHaveCount(0);
  await toggle.click();
  await expect(toggle).toHaveAttribute('aria-expanded', 'true');
  await cards.nth(3).getByLabel('Image', { exact: true }).fill('alpine');
  await expect(toggle.locator('.count')).toHaveCount(0);

  await page.getByRole('button', { name: 'Add container' }).click();
  await expect.poll(() => focused(page)).toBe('f-spec-template-spec-containers:60.-name');
});

test('the preview of a long text has every line where it is scrolled to', async ({ page, origin }) => {
  const text = variables(600);
  await step(page, origin, text);
  const preview = page.locator('.preview');
  expect(await preview.locator('.preview-line').count()).toBeLessThan(300);
  await preview.evaluate((pane) => (pane.scrollTop = pane.scrollHeight));
  await expect(preview.getByText('value: v599}')).toBeVisible();
  await expect(preview.locator('.preview-line').last()).toContainText('611');
  expect(await manifest(page)).toBe(text);
  // An edit at the top scrolls there and highlights it.
  await page.getByText('Advanced options').click();
  await page.getByLabel('Value 1', { exact: true }).fill('changed');
  await expect(preview.locator('.lit')).toContainText('changed');
  await expect(preview.locator('.lit')).toBeInViewport();
});
