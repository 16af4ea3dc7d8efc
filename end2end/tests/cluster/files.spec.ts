import { alive, expect, signIn, test } from '../../lib/test.ts';
import { editMode, manifest, open, paste } from '../../lib/wizard.ts';

const job = (name: string) => `# From a file.
apiVersion: batch/v1
kind: Job
metadata:
  name: ${name}
spec:
  backoffLimit: 0 # no retry
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: main
          image: busybox:1.36
          command: ["sh", "-c", "echo hello from ${name}"]
`;

test.beforeEach(async ({ page, server }) => signIn(page, server));

test('an imported file is created unchanged', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?import=1');
  await page.getByLabel('Import').setInputFiles({ name: 'job.yaml', mimeType: 'text/yaml', buffer: Buffer.from(job('imported')) });
  await expect(page.getByText('Imported: job.yaml')).toBeVisible();
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page).toHaveURL(/\/jobs\/imported$/);
  await expect(page.getByText('Completed').first()).toBeVisible({ timeout: 60_000 });
  await page.getByRole('link', { name: 'Logs', exact: true }).click();
  await expect(page.locator('.log-text').first()).toHaveText('hello from imported');
});

test('an existing name is reported at its field, and nothing is overwritten', async ({ page, origin, expected }) => {
  expected.allow(/409|status of 4\d\d/);
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, job('taken'));
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page).toHaveURL(/\/jobs\/taken$/);
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, job('taken'));
  await editMode(page, false);
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page.getByText('An object of this name exists already').first()).toBeVisible();
  expect(await manifest(page)).toBe(job('taken'));
});

test('comments survive two edits in the form, and the Job is rerun under a new name', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, job('first'));
  await editMode(page, false);
  await page.getByLabel('Name', { exact: true }).fill('second');
  await page.getByRole('button', { name: /Job settings/ }).click();
  await page.getByLabel('Backoff limit', { exact: true }).fill('2');
  const text = job('first').replace('name: first', 'name: second').replace('backoffLimit: 0', 'backoffLimit: 2');
  expect(await manifest(page)).toBe(text);
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page).toHaveURL(/\/jobs\/second$/);
  await expect(page.getByText('1 of 1 succeeded')).toBeVisible({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Rerun' }).click();
  await expect(page).toHaveURL(/\/jobs\/second-2$/);
  await expect(page.getByRole('row', { name: /second-2/ })).toBeVisible();
});

test('the list updates live, filters, and works without JavaScript', async ({ page, browser, origin }) => {
  await page.goto(`${origin}/projects/demo/jobs`);
  await alive(page);
  const other = await page.context().newPage();
  await open(other, origin, 'demo', '?edit=1');
  await paste(other, job('appears'));
  await other.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page.getByRole('link', { name: 'appears' })).toBeVisible();
  await page.getByRole('searchbox', { name: 'Filter' }).fill('appea');
  await expect(page.getByRole('row')).toHaveCount(2);
  await expect(page).toHaveURL(/q=appea/);
  const context = await browser.newContext({ javaScriptEnabled: false, storageState: await page.context().storageState() });
  const plain = await context.newPage();
  await plain.goto(`${origin}/projects/demo/jobs`);
  await plain.getByRole('link', { name: 'appears' }).click();
  await expect(plain.getByRole('heading', { name: 'appears' })).toBeVisible();
  await context.close();
});

test('a failed Job shows the reason', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, job('broken').replace('echo hello from broken', 'exit 3'));
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page.locator('.job-state')).toContainText('Failed', { timeout: 60_000 });
  await expect(page.locator('.job-state')).toContainText('3 in');
  await page.getByRole('link', { name: 'Events', exact: true }).click();
  await expect(page.getByText('BackoffLimitExceeded').first()).toBeVisible();
});

test('several Jobs are deleted together', async ({ page, origin }) => {
  await page.goto(`${origin}/projects/demo/jobs`);
  await alive(page);
  await page.getByLabel('Select all').check();
  await page.getByRole('button', { name: 'Delete' }).first().click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('heading', { name: 'No Jobs in demo yet' })).toBeVisible({ timeout: 20_000 });
});

