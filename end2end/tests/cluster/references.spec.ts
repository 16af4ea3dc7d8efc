// What the text refers to, compared with the project; and answers of the cluster that end with the text they are about.
import { expect, signIn, test } from '../../lib/test.ts';
import { editMode, manifest, open, paste } from '../../lib/wizard.ts';

const job = (name: string, pod = '') => `apiVersion: batch/v1
kind: Job
metadata: {name: ${name}}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - {name: main, image: "busybox:1.36", command: ["true"], resources: {limits: {memory: 64Mi}}, envFrom: [{configMapRef: {name: setings}}]}
${pod}`;
const config = '---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {key: value}\n';

test.beforeEach(async ({ page, server }) => signIn(page, server));

test('objects that neither the text nor the project has are warned about, with the nearest name as the fix', async ({ page, origin }) => {
  const text = job('referring', '      serviceAccountName: nobody\n') + config;
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, text);
  await editMode(page, false);
  await page.locator('.problems > summary').click();
  const rows = page.locator('.problem-row');
  await expect(rows.filter({ hasText: 'Neither this text nor the project has the ServiceAccount “nobody”' })).toHaveCount(1);
  await rows.filter({ hasText: 'ConfigMap “setings”' }).getByRole('button', { name: 'set name to settings' }).click();
  await expect(rows.filter({ hasText: 'setings' })).toHaveCount(0);
  expect(await manifest(page)).toBe(text.replace('setings', 'settings'));
});

test('a new name of a ConfigMap in the text is followed by the Job that uses it', async ({ page, origin }) => {
  const text = job('following').replace('setings', 'settings') + config;
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, text);
  await editMode(page, false);
  await page.getByRole('button', { name: /Volumes/ }).click();
  await page.locator('section.card', { hasText: 'ConfigMap' }).getByLabel('Name', { exact: true }).fill('options');
  expect(await manifest(page)).toBe(text.replaceAll('settings', 'options'));
  await page.getByRole('button', { name: 'Undo' }).click();
  expect(await manifest(page)).toBe(text);
});

test('the answer to a refused text goes away with that text', async ({ page, origin, expected }) => {
  expected.allow(/409/);
  const text = job('refused-twice').replace(/, envFrom.*\]/, '');
  for (const _ of [1, 2]) {
    await open(page, origin, 'demo', '?edit=1');
    await paste(page, text);
    await editMode(page, false);
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await expect(page.getByText(/Created: refused-twice|Not created/).first()).toBeVisible();
  }
  await page.getByLabel('Name', { exact: true }).first().fill('another-name');
  await expect(page.getByText('Not created')).toHaveCount(0);
  await expect(page.getByText('An object of this name exists already')).toHaveCount(0);
});
