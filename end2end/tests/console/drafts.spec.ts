// Drafts: kept in this browser as typed; a Secret only if the person says so.
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

test('a broken text comes back after a reload, byte for byte', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, `${text}oops: [`);
  await expect(page.getByText('Draft kept in this browser')).toBeVisible();
  await page.reload();
  await alive(page);
  await expect(page.getByText('Your draft is back')).toBeVisible();
  await editMode(page, false);
  expect(await manifest(page)).toBe(`${text}oops: [\n`);
});

test('a Secret stays out of the draft until the person wants it in', async ({ page, origin }) => {
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

test('a field is found by its words, and gets the focus where it stands', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?example=pi');
  await page.getByRole('searchbox', { name: 'Find a field' }).fill('grace period seconds');
  await page.keyboard.press('Enter');
  await expect(page.getByLabel('Grace period (seconds)')).toBeFocused();
});

test('the changes since an import stand side by side', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?import=1');
  await page.getByLabel('Import').setInputFiles({ name: 'draft.yaml', mimeType: 'text/yaml', buffer: Buffer.from(text) });
  await page.getByLabel('Name', { exact: true }).fill('changed');
  await page.getByRole('button', { name: 'Changes since the import' }).click();
  await expect(page.locator('.editor.original')).toContainText('draft');
  await expect(page.locator('.editor.modified')).toContainText('changed');
});

test('what is typed before the draft has been looked for is not overwritten', async ({ page, origin }) => {
  await page.addInitScript(() => {
    // A slow disk: the database opens late.
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

test('two tabs of a project keep a draft each, and what a closed tab left is found again', async ({ page, context, origin }) => {
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
  // A text that a person brings lies beside the drafts, not over them.
  await open(page, origin, 'demo', '?import=1');
  await page.getByLabel('Import').setInputFiles({ name: 'job.yaml', mimeType: 'text/yaml', buffer: Buffer.from(named('imported')) });
  await kept(page);
  const fourth = await context.newPage();
  await open(fourth, origin, 'demo');
  await restored(fourth, 'first');
});

test('an example that was changed is there after a reload, and anew when it is asked for again', async ({ page, origin }) => {
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
