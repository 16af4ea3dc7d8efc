// Input before hydration: on a slow connection, the HTML arrives seconds before the WebAssembly. Input in between
// is replayed afterwards.
import type { Page } from '@playwright/test';
import { Kubectl, shellJob } from '../../lib/kubectl.ts';
import { Server } from '../../lib/server.ts';
import { alive, expect, signIn, test } from '../../lib/test.ts';
import { editMode, manifest, open, paste } from '../../lib/wizard.ts';

test.beforeEach(async ({ page, server, expected }) => {
  expected.allow(/response: 5\d\d|status of 5\d\d|\/stream\//);
  await signIn(page, server);
});

/** Throttles the connection to 1 Mbit/s and 300 ms latency, without cache. */
async function slow(page: Page): Promise<void> {
  const line = await page.context().newCDPSession(page);
  await line.send('Network.enable');
  await line.send('Network.setCacheDisabled', { cacheDisabled: true });
  await line.send('Network.emulateNetworkConditions', { offline: false, latency: 300, downloadThroughput: 125_000, uploadThroughput: 125_000 });
}

/** Opens a page and returns when its HTML is loaded, but not its code. */
async function early(page: Page, address: string): Promise<void> {
  await slow(page);
  await page.goto(address, { waitUntil: 'commit' });
  await page.locator('.wizard-foot, .search').first().waitFor();
  await expect(page.locator('html')).not.toHaveAttribute('data-alive', /./);
}

const late = { timeout: 60_000 };

test.describe('on a slow connection', () => {
  test.setTimeout(180_000);

  test('a name is typed and Next is clicked', async ({ page, origin }) => {
    await early(page, `${origin}/projects/demo/create-job`);
    await page.getByLabel('Name', { exact: true }).click();
    await page.keyboard.type('typed-early');
    await page.keyboard.press('ArrowLeft');
    await page.getByRole('button', { name: 'Next' }).click();
    await expect(page.locator('html')).not.toHaveAttribute('data-alive', /./);
    await alive(page);
    await expect(page.getByLabel('Completions')).toBeVisible(late);
    expect(await manifest(page)).toContain('name: typed-early\n');
    await expect(page).toHaveURL(/step=settings/);
  });

  test('focus, selection and input are preserved during hydration', async ({ page, origin }) => {
    await early(page, `${origin}/projects/demo/create-job`);
    const name = page.getByLabel('Name', { exact: true });
    await name.click();
    let typed = '';
    const root = page.locator('html');
    for (let number = 0; number < 400 && (await root.getAttribute('data-alive')) === null; number += 1) {
      await page.keyboard.type(String(number % 10));
      typed += String(number % 10);
      await page.waitForTimeout(20);
    }
    for (let number = 0; number < 10; number += 1) {
      await page.keyboard.type('x');
      typed += 'x';
    }
    await expect(name).toBeFocused();
    await expect(name).toHaveValue(typed);
    await expect.poll(() => manifest(page)).toMatch(new RegExp(`name: "?${typed}"?\n`));
  });

  test('several fields, a select and a checkbox are filled in', async ({ page, origin }) => {
    await early(page, `${origin}/projects/demo/create-job?step=settings&example=pi`);
    await expect(page.getByLabel('Completions')).toHaveValue('4');
    await page.getByLabel('Completions').fill('9');
    await page.getByLabel('Backoff limit', { exact: true }).fill('2');
    await page.getByText('More settings').click();
    await page.getByLabel('Completion mode').selectOption('Indexed');
    await page.getByLabel('Start suspended').check();
    await expect(page.locator('html')).not.toHaveAttribute('data-alive', /./);
    await alive(page);
    await expect.poll(() => manifest(page), late).toContain('suspend: true');
    const text = await manifest(page);
    for (const line of ['completions: 9', 'backoffLimit: 2', 'completionMode: Indexed', '# π to 2000 digits', 'parallelism: 2']) {
      expect(text).toContain(line);
    }
    await expect(page.getByLabel('Start suspended')).toBeChecked();
  });

  test('the last of several selections counts', async ({ page, origin }) => {
    await early(page, `${origin}/projects/demo/create-job?step=pods&example=pi`);
    for (const name of [/OnFailure/, /Never/, /OnFailure/]) await page.getByRole('radio', { name }).check();
    await expect(page.locator('html')).not.toHaveAttribute('data-alive', /./);
    await alive(page);
    await expect.poll(() => manifest(page), late).toContain('restartPolicy: OnFailure');
    await expect(page.getByRole('radio', { name: /OnFailure/ })).toBeChecked();
  });

  test('clicking Next again because nothing happens goes one step', async ({ page, origin }) => {
    await early(page, `${origin}/projects/demo/create-job`);
    const next = page.getByRole('button', { name: 'Next' });
    await next.dblclick();
    await page.getByLabel('Name', { exact: true }).fill('typed-between');
    await next.click();
    await expect(page.locator('html')).not.toHaveAttribute('data-alive', /./);
    await alive(page);
    await expect(page).toHaveURL(/step=settings/, late);
    await expect(page.getByLabel('Completions')).toBeVisible();
    expect(await manifest(page)).toContain('name: typed-between\n');
  });

  test('the last of several clicked steps is shown, after the input is applied', async ({ page, origin }) => {
    await early(page, `${origin}/projects/demo/create-job?example=pi`);
    await page.getByRole('button', { name: /Volumes/ }).click();
    await page.getByRole('button', { name: /Job settings/ }).click();
    await page.getByLabel('Name', { exact: true }).fill('typed-last');
    await expect(page.locator('html')).not.toHaveAttribute('data-alive', /./);
    await alive(page);
    await expect(page).toHaveURL(/step=settings/, late);
    await expect.poll(() => manifest(page)).toContain('name: typed-last\n');
  });

  test('each click on Add adds, and removals affect the items that were visible', async ({ page, origin }) => {
    await early(page, `${origin}/projects/demo/create-job?step=pods&example=pi`);
    await page.getByText('Advanced').first().click();
    const add = page.getByRole('button', { name: 'Add command' });
    for (let number = 0; number < 3; number += 1) await add.click();
    for (const word of [1, 2]) await page.getByRole('button', { name: `Remove Command ${word}` }).click();
    await expect(page.locator('html')).not.toHaveAttribute('data-alive', /./);
    await alive(page);
    await expect.poll(() => manifest(page), late).toContain('command: ["-wle", "print bpi(2000)", "", "", ""]');
  });

  test('edit mode is switched on', async ({ page, origin }) => {
    await early(page, `${origin}/projects/demo/create-job?example=pi`);
    await page.getByRole('switch', { name: 'Edit mode' }).click();
    await alive(page);
    await expect(page.getByRole('switch', { name: 'Edit mode' })).toHaveAttribute('aria-checked', 'true', late);
  });

  test('the requested example is rendered by the server', async ({ page, origin }) => {
    await early(page, `${origin}/projects/demo/create-job?example=pi`);
    const before = await manifest(page);
    expect(before).toContain('# π to 2000 digits');
    await expect(page.getByLabel('Name', { exact: true })).toHaveValue('pi');
    await alive(page);
    expect(await manifest(page)).toBe(before);
  });

  test('input for a draft that is restored changes that draft', async ({ page, origin }) => {
    const text = 'apiVersion: batch/v1\nkind: Job\nmetadata: {name: draft, labels: {kept: x}} # as typed\n';
    await open(page, origin, 'demo', '?edit=1');
    await paste(page, text);
    await editMode(page, false);
    await expect(page.getByText('Draft kept in this browser')).toBeVisible();
    await early(page, `${origin}/projects/demo/create-job`);
    await page.getByLabel('Name', { exact: true }).click();
    await page.keyboard.type('typed');
    await expect(page.locator('html')).not.toHaveAttribute('data-alive', /./);
    await alive(page);
    await expect.poll(() => manifest(page), late).toBe(text.replace('draft', 'typed'));
    await page.getByRole('button', { name: 'Undo' }).click();
    expect(await manifest(page)).toBe(text);
  });

  test('the language is changed after typing', async ({ page, origin }) => {
    await early(page, `${origin}/projects/demo/create-job?example=pi`);
    await page.getByLabel('Name', { exact: true }).fill('typed-early');
    await page.locator('button[name=lang]').click();
    await expect(page.getByLabel('名称', { exact: true })).toHaveValue('typed-early', late);
    await alive(page);
    expect(await manifest(page)).toContain('name: typed-early\n');
  });

  test('a copy of a Job is rendered by the server, and accepts input', async ({ page }) => {
    const server = await Server.start('playground');
    try {
      const kubectl = new Kubectl(server);
      kubectl.create(shellJob('copied', 'true', { suspend: true, completions: 3 }));
      await signIn(page, server);
      const origin = new URL(await server.address()).origin;
      await early(page, `${origin}/projects/demo/create-job?from=copied`);
      const name = page.getByLabel('Name', { exact: true });
      await expect(name).toHaveValue('copied-copy');
      const before = await manifest(page);
      expect(before).toContain('completions: 3');
      await name.fill('typed-early');
      await expect(page.locator('html')).not.toHaveAttribute('data-alive', /./);
      await alive(page);
      await expect.poll(() => manifest(page)).toBe(before.replace('copied-copy', 'typed-early'));
      await page.getByRole('button', { name: 'Undo' }).click();
      expect(await manifest(page)).toBe(before);
    } finally {
      await page.close();
      await server.stop();
    }
  });

  test('the list of Jobs is searched', async ({ page }) => {
    // The list requires a cluster.
    const server = await Server.start('playground');
    try {
      const kubectl = new Kubectl(server);
      kubectl.create(shellJob('searched', 'true', { suspend: true }));
      await signIn(page, server);
      await slow(page);
      await page.goto(`${new URL(await server.address()).origin}/projects/demo/jobs`, { waitUntil: 'commit' });
      const search = page.getByRole('searchbox').first();
      await search.fill('early');
      await expect(page.locator('html')).not.toHaveAttribute('data-alive', /./);
      await alive(page);
      await expect(search).toHaveValue('early');
      await expect(page).toHaveURL(/early/, late);
    } finally {
      await page.close();
      await server.stop();
    }
  });
});

test('a page whose code cannot be loaded says so, and the input remains visible', async ({ page, origin, expected }) => {
  expected.allow(/wasm|Failed to fetch/);
  await page.route('**/*.wasm', (route) => route.abort());
  await page.goto(`${origin}/projects/demo/create-job?example=pi`);
  await page.getByLabel('Name', { exact: true }).fill('typed');
  await expect(page.getByRole('alert').filter({ hasText: 'could not be loaded completely' })).toBeVisible();
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('typed');
  page.on('dialog', (dialog) => void dialog.accept());
});

test('leaving before the input is saved asks for confirmation, and the user stays', async ({ page, origin }) => {
  // The code neither loads nor fails.
  await page.route('**/*.wasm', () => undefined);
  await page.goto(`${origin}/projects/demo/create-job?example=pi`, { waitUntil: 'commit' });
  const name = page.getByLabel('Name', { exact: true });
  const ask = async () => {
    const asked = page.waitForEvent('dialog', { timeout: 5000 }).then(
      async (dialog) => {
        const kind = dialog.type();
        await dialog.dismiss();
        return kind;
      },
      () => 'nobody asks',
    );
    await page.close({ runBeforeUnload: true });
    return asked;
  };
  await name.click();
  await name.pressSequentially('typed');
  expect(await ask()).toBe('beforeunload');
  expect(page.isClosed()).toBe(false);
  await expect(name).toHaveValue(/typed/);
});

test('leaving a page without input does not ask for confirmation', async ({ page, origin }) => {
  await page.route('**/*.wasm', () => undefined);
  await page.goto(`${origin}/projects/demo/create-job?example=pi`, { waitUntil: 'commit' });
  await page.getByLabel('Name', { exact: true }).click();
  let asked = false;
  page.on('dialog', (dialog) => {
    asked = true;
    void dialog.dismiss();
  });
  const closed = page.waitForEvent('close', { timeout: 5000 });
  await page.close({ runBeforeUnload: true });
  await closed;
  expect(asked).toBe(false);
});
