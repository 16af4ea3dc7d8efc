// Drafts are saved in the browser as typed; Secrets only with the user's consent.
import type { Page } from '@playwright/test';
import { alive, expect, signIn, test } from '../../lib/test.ts';
import { editMode, manifest, open, paste } from '../../lib/wizard.ts';

const text = `apiVersion: batch/v1
kind: Job
metadata: {name: draft} # as typed
spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: "a:1"}]}}}
`;
const secret = `${text}---
apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {password: hunter2}
`;

test.beforeEach(async ({ page, server, expected }) => {
  expected.allow(/response: 5\d\d|status of 5\d\d|\/stream\//);
  await signIn(page, server);
});

test('text with syntax errors is restored after a reload, byte for byte', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, `${text}oops: [`);
  await expect(page.getByText('Draft kept in this browser')).toBeVisible();
  await page.reload();
  await alive(page);
  await expect(page.getByText('Your draft is back')).toBeVisible();
  await editMode(page, false);
  expect(await manifest(page)).toBe(`${text}oops: [\n`);
});

test('a Secret is not saved in the draft without consent', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, text);
  await expect(page.getByText('Draft kept in this browser')).toBeVisible();
  await paste(page, secret);
  await expect(page.getByText('Not kept as a draft, since it holds a Secret.')).toBeVisible();
  await page.reload();
  await alive(page);
  await expect(page.getByText('Your draft is back')).toHaveCount(0);
  await paste(page, secret);
  await page.getByRole('button', { name: 'Keep it in this browser all the same' }).click();
  await expect(page.getByText('Draft kept in this browser')).toBeVisible();
  await page.reload();
  await alive(page);
  await editMode(page, false);
  expect(await manifest(page)).toBe(secret);
});

test('a field is found by search, and receives the focus', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?example=pi');
  await page.getByRole('combobox', { name: 'Find a field' }).fill('grace period seconds');
  await page.keyboard.press('Enter');
  await expect(page.getByLabel('Grace period (seconds)')).toBeFocused();
});

test('the changes since an import are shown side by side', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?import=1');
  await page.getByLabel('Import').setInputFiles({ name: 'draft.yaml', mimeType: 'text/yaml', buffer: Buffer.from(text) });
  await page.getByLabel('Name', { exact: true }).fill('changed');
  await page.getByRole('button', { name: 'Changes since the import' }).click();
  await expect(page.locator('.editor.original')).toContainText('draft');
  await expect(page.locator('.editor.modified')).toContainText('changed');
});

test('input typed before the draft is loaded is not overwritten', async ({ page, origin }) => {
  await page.addInitScript(() => {
    // A slow disk: opening the database is delayed.
    const open = IDBFactory.prototype.open;
    const slow = Promise.withResolvers<void>();
    setTimeout(() => slow.resolve(), 1500);
    IDBFactory.prototype.open = function (...all) {
      const request = open.apply(this, all);
      const { get, set } = Object.getOwnPropertyDescriptor(IDBRequest.prototype, 'onsuccess')!;
      Object.defineProperty(request, 'onsuccess', {
        get: () => get!.call(request),
        set: (then) => set!.call(request, (event: Event) => void slow.promise.then(() => then.call(request, event))),
      });
      return request;
    };
  });
  await open(page, origin, 'demo');
  await page.getByLabel('Name', { exact: true }).fill('typed-early');
  await page.waitForTimeout(2500);
  expect(await manifest(page)).toContain('name: typed-early');
});

// Web Locks are missing where the console is reached by plain http.
for (const locks of ['with Web Locks', 'without Web Locks']) test(`two tabs of a project have separate drafts, and the draft of a closed tab is restored, ${locks}`, async ({ page, context, origin }) => {
  if (locks === 'without Web Locks') {
    await context.addInitScript(() => Object.defineProperty(Navigator.prototype, 'locks', { value: undefined }));
  }
  const named = (name: string) => text.replace('name: draft', `name: ${name}`);
  const kept = (tab: typeof page) => expect(tab.getByText('Draft kept in this browser')).toBeVisible();
  const restored = async (tab: typeof page, name: string) => {
    await expect(tab.getByText('Your draft is back')).toBeVisible();
    expect(await manifest(tab)).toBe(named(name));
  };
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, named('first'));
  await kept(page);
  const second = await context.newPage();
  await open(second, origin, 'demo', '?edit=1');
  await expect(second.getByText('Your draft is back')).toHaveCount(0);
  await paste(second, named('second'));
  await kept(second);
  for (const [tab, name] of [[page, 'first'], [second, 'second']] as const) {
    await tab.reload();
    await alive(tab);
    await editMode(tab, false);
    await restored(tab, name);
  }
  await second.close();
  const third = await context.newPage();
  await open(third, origin, 'demo');
  await restored(third, 'second');
  await third.close();
  // An imported text is saved in addition to the drafts, not over them.
  await open(page, origin, 'demo', '?import=1');
  await page.getByLabel('Import').setInputFiles({ name: 'job.yaml', mimeType: 'text/yaml', buffer: Buffer.from(named('imported')) });
  await kept(page);
  const fourth = await context.newPage();
  await open(fourth, origin, 'demo');
  await restored(fourth, 'first');
});

test('an edited example is restored after a reload, and fresh when it is requested again', async ({ page, origin }) => {
  const name = page.getByLabel('Name', { exact: true });
  await open(page, origin, 'demo', '?example=pi');
  await expect(name).toHaveValue('pi');
  await name.fill('changed');
  await expect(page.getByText('Draft kept in this browser')).toBeVisible();
  await page.reload();
  await alive(page);
  await expect(page.getByText('Your draft is back')).toBeVisible();
  await expect(name).toHaveValue('changed');
  await page.goto(`${origin}/projects/demo/jobs`);
  await open(page, origin, 'demo', '?example=pi');
  await expect(name).toHaveValue('pi');
});

test.describe('edits are restored whatever the wizard was started with', () => {
  const begins = ['', '?example=pi', '?example=queue', '?example=indexed', '?example=policy', '?import=1', '?from=copied'];
  const name = (page: Page) => page.getByLabel('Name', { exact: true });
  const languages = (page: Page) => page.locator('button[name=lang]');

  for (const query of begins) {
    test(`started with ${query || 'nothing'}`, async ({ page, context, origin }) => {
      test.setTimeout(120_000);
      await page.route('**/api/manifest*', (route) => route.fulfill({ json: text.replace('name: draft', 'name: copied') }));
      await open(page, origin, 'demo', query);
      if (query === '?import=1') {
        await page.getByLabel('Import').setInputFiles({ name: 'job.yaml', mimeType: 'text/yaml', buffer: Buffer.from(text) });
        await editMode(page, false);
      }
      if (query === '?from=copied') await expect(name(page)).toHaveValue('copied-copy');
      await name(page).fill('mine');
      // Immediately: the input is saved before the page is unloaded.
      await languages(page).click();
      await alive(page);
      await expect(page.getByLabel('名称', { exact: true })).toHaveValue('mine');
      await page.getByRole('button', { name: /任务设置/ }).click();
      await page.getByLabel('Completions').fill('7');
      await languages(page).click();
      await alive(page);
      await expect(page.getByLabel('Completions')).toHaveValue('7');
      // Undo works across the change of the language.
      await page.getByRole('button', { name: 'Undo' }).click();
      await expect(page.getByLabel('Completions')).not.toHaveValue('7');
      await page.getByRole('button', { name: 'Redo' }).click();
      await page.locator('button[name=theme]:visible').click();
      await alive(page);
      await expect(page.getByLabel('Completions')).toHaveValue('7');
      const written = await manifest(page);
      await expect(page.getByText('Draft kept in this browser')).toBeVisible();
      await page.reload();
      await alive(page);
      expect(await manifest(page)).toBe(written);
      // Another project, another page, and back.
      await open(page, origin, 'other');
      await name(page).fill('other');
      await expect(page.getByText('Draft kept in this browser')).toBeVisible();
      await page.goto(`${origin}/projects/demo/jobs`);
      await page.goBack();
      await alive(page);
      await expect(name(page)).toHaveValue('other');
      await page.goBack();
      if (!page.url().includes('/demo/')) await page.goBack();
      await alive(page);
      expect(await manifest(page)).toBe(written);
      // The tab is closed; the next one restores its draft.
      await page.close();
      const next = await context.newPage();
      await open(next, origin, 'demo');
      await expect(next.getByText('Your draft is back')).toBeVisible();
      expect(await manifest(next)).toBe(written);
    });
  }

  test('an unchanged example is still the example after a step and a change of the language', async ({ page, origin }) => {
    await open(page, origin, 'demo', '?example=pi');
    await page.getByRole('button', { name: 'Next' }).click();
    await expect(page.getByLabel('Completions')).toHaveValue('4');
    await languages(page).click();
    await alive(page);
    await expect(page.getByLabel('Completions')).toHaveValue('4');
    await page.reload();
    await alive(page);
    await expect(page.getByLabel('Completions')).toHaveValue('4');
  });
});

test.describe('a failing store', () => {
  /** Makes the draft database fail as `window.failing` says. */
  const failing = (page: Page, how: string) => page.addInitScript((how) => {
    Object.assign(window, { failing: sessionStorage.getItem('failing') ?? how });
    const now = () => (window as unknown as { failing: string }).failing;
    const open = IDBFactory.prototype.open;
    IDBFactory.prototype.open = function (...all) {
      if (now() === 'open') throw new DOMException('no database for you', 'UnknownError');
      if (now() === 'silent') return new EventTarget() as IDBOpenDBRequest;
      return open.apply(this, all);
    };
    const get = IDBObjectStore.prototype.get;
    IDBObjectStore.prototype.get = function (...all) {
      if (now() === 'get') throw new DOMException('the disk is gone', 'DataError');
      return get.apply(this, all);
    };
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (...all) {
      if (now() === 'put') throw new DOMException('the disk is full', 'QuotaExceededError');
      return put.apply(this, all);
    };
    const remove = IDBObjectStore.prototype.delete;
    IDBObjectStore.prototype.delete = function (...all) {
      if (now() === 'delete') throw new DOMException('the disk is stuck', 'UnknownError');
      return remove.apply(this, all);
    };
  }, how);
  const set = (page: Page, how: string) => page.evaluate((how) => {
    sessionStorage.setItem('failing', how);
    Object.assign(window, { failing: how });
  }, how);

  for (const how of ['open', 'get', 'silent']) {
    test(`unreadable drafts (${how}) are reported, and never overwritten`, async ({ page, origin }) => {
      page.on('dialog', (dialog) => void dialog.accept());
      await failing(page, 'none');
      await open(page, origin, 'demo', '?edit=1');
      await paste(page, text);
      await expect(page.getByText('Draft kept in this browser')).toBeVisible();
      await set(page, how);
      await page.reload();
      await alive(page);
      await expect(page.getByText('The drafts in this browser cannot be read')).toBeVisible();
      await page.getByLabel('Plain text field').check();
      await page.getByRole('textbox', { name: 'Manifest' }).fill(text.replace('name: draft', 'name: over'));
      await set(page, 'none');
      await page.getByRole('button', { name: 'Try again' }).click();
      await expect(page.getByText('Draft kept in this browser')).toBeVisible();
      const next = await page.context().newPage();
      await open(next, origin, 'demo');
      await expect(next.getByLabel('Name', { exact: true })).toHaveValue('draft');
    });
  }

  test('a failed write is reported with its reason, and retried', async ({ page, origin }) => {
    await failing(page, 'put');
    await open(page, origin, 'demo', '?edit=1');
    await paste(page, text);
    await expect(page.getByText(/Not kept as a draft: .*the disk is full/)).toBeVisible();
    await set(page, 'none');
    await expect(page.getByText('Draft kept in this browser')).toBeVisible({ timeout: 15_000 });
    await page.reload();
    await alive(page);
    await editMode(page, false);
    expect(await manifest(page)).toBe(text);
  });

  test('a draft that cannot be deleted is reported while the text contains a Secret', async ({ page, origin }) => {
    page.on('dialog', (dialog) => void dialog.accept());
    await failing(page, 'delete');
    await open(page, origin, 'demo', '?edit=1');
    await paste(page, text);
    await expect(page.getByText('Draft kept in this browser')).toBeVisible();
    await paste(page, secret);
    await expect(page.getByText(/could not be removed from this browser: .*the disk is stuck/)).toBeVisible();
    await set(page, 'none');
    await expect(page.getByText('Not kept as a draft, since it holds a Secret.')).toBeVisible({ timeout: 15_000 });
  });
});

test('a new draft never overwrites another, however many there are', async ({ page, origin }) => {
  await open(page, origin, 'demo');
  const count = 40;
  await page.evaluate(async (count) => {
    const opened = indexedDB.open('jobwright', 1);
    await new Promise((resolve) => (opened.onsuccess = resolve));
    const store = opened.result.transaction('drafts', 'readwrite').objectStore('drafts');
    for (let number = 0; number < count; number += 1) store.put(`kind: Job # ${number}\n`, number === 0 ? 'demo' : `demo ${number}`);
    await new Promise((resolve) => (store.transaction.oncomplete = resolve));
    opened.result.close();
  }, count);
  const tabs = [await page.context().newPage(), await page.context().newPage()];
  for (const [index, tab] of tabs.entries()) {
    await open(tab, origin, 'demo', '?example=pi');
    await tab.getByLabel('Name', { exact: true }).fill(`tab-${index}`);
    await expect(tab.getByText('Draft kept in this browser')).toBeVisible();
  }
  const drafts = await page.evaluate(async () => {
    const opened = indexedDB.open('jobwright', 1);
    await new Promise((resolve) => (opened.onsuccess = resolve));
    const all = opened.result.transaction('drafts').objectStore('drafts').getAll();
    await new Promise((resolve) => (all.onsuccess = resolve));
    return all.result as string[];
  });
  expect(drafts).toHaveLength(count + 2);
  for (let number = 0; number < count; number += 1) expect(drafts).toContain(`kind: Job # ${number}\n`);
  for (const [index, tab] of tabs.entries()) {
    await tab.reload();
    await alive(tab);
    await expect(tab.getByLabel('Name', { exact: true })).toHaveValue(`tab-${index}`);
  }
});
