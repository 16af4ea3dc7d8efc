// Features of the wizard that need a cluster: schema, dry run, additional documents, review.
import { expect, signIn, test } from '../../lib/test.ts';
import { editMode, manifest, open, paste, rest } from '../../lib/wizard.ts';

const job = (name: string, more = '') => `apiVersion: batch/v1
kind: Job
metadata:
  name: ${name}
spec:
  backoffLimit: 0
${more}  template:
    spec:
      restartPolicy: Never
      containers:
        - name: main
          image: busybox:1.36
          command: ["sh", "-c", "cat /etc/settings/key"]
`;

test.beforeEach(async ({ page, server }) => signIn(page, server));

test('a ConfigMap is added in the form, mounted, and created before the Job that uses it', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, job('with-config'));
  await editMode(page, false);
  await page.getByRole('button', { name: /Volumes/ }).click();
  await page.locator('summary', { hasText: 'Created together' }).click();
  await page.getByRole('button', { name: 'New ConfigMap' }).click();
  await page.getByLabel('Data 1: Value').fill('hello from a new ConfigMap');
  await page.getByRole('button', { name: 'Add ConfigMap', exact: true }).click();
  await page.locator('[id$="volumes:0.-configMap-name"]').fill('with-config-config');
  await page.getByRole('button', { name: 'Mount in main' }).click();
  await page.getByLabel('Mount path').fill('/etc/settings');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page).toHaveURL(/\/jobs\/with-config$/);
  await expect(page.getByText('Created: with-config, with-config-config')).toBeVisible();
  await expect(page.getByText('Completed').first()).toBeVisible({ timeout: 60_000 });
  await page.getByRole('link', { name: 'Logs', exact: true }).click();
  await expect(page.locator('.log-text').first()).toHaveText('hello from a new ConfigMap');
});

test('a misspelled field is reported with the closest match, and fixed with a click', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, job('misspelt', '  completionss: 2\n'));
  await editMode(page, false);
  await page.locator('.problems > summary').click();
  const problem = page.locator('.problem', { hasText: 'completionss' });
  await expect(problem).toBeVisible();
  await editMode(page, true);
  await page.getByLabel('Plain text field').uncheck();
  await page.locator('.editor .view-lines').getByText('completionss').click();
  await page.keyboard.press('Control+.');
  await page.getByText('Fix it: rename to completions').first().click();
  await editMode(page, false);
  expect(await manifest(page)).toBe(job('misspelt', '  completions: 2\n'));
});

test('the editor completes fields and explains them from the cluster’s schema', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, job('completed'));
  await page.getByLabel('Plain text field').uncheck();
  const line = page.locator('.editor .view-lines').getByText('backoffLimit');
  await rest(page, line, 'number of retries before marking this job failed');
  await line.click();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.keyboard.type('paral');
  await expect(page.locator('.suggest-widget')).toContainText('parallelism');
  await page.keyboard.press('Tab');
  await page.keyboard.type('3');
  await editMode(page, false);
  expect(await manifest(page)).toBe(job('completed').replace('  backoffLimit: 0\n', '  backoffLimit: 0\n  parallelism: 3\n'));
  await page.getByRole('button', { name: /Job settings/ }).click();
  await expect(page.getByLabel('Parallelism')).toHaveValue('3');
});

test('documentation and completion requested before the schema is loaded appear once it is', async ({ page, origin }) => {
  let arrive = () => {};
  const late = new Promise<void>((resolve) => (arrive = resolve));
  await page.route('**/cluster/schema', async (route) => {
    await late;
    await route.continue();
  });
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, job('early'));
  await page.getByLabel('Plain text field').uncheck();
  const line = page.locator('.editor .view-lines').getByText('backoffLimit');
  await rest(page, line, 'Loading');
  arrive();
  await expect(page.locator('.monaco-hover').first()).toContainText('number of retries before marking this job failed');
  await line.click();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.keyboard.type('compl');
  await expect(page.locator('.suggest-widget')).toContainText('completions');
});

test('undo in the editor reverts an edit of the form', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, job('undone'));
  await page.getByLabel('Plain text field').uncheck();
  await page.getByRole('button', { name: /Job settings/ }).click();
  await page.getByLabel('Completions').fill('4');
  await expect(page.locator('.editor .view-lines')).toContainText('completions');
  await page.locator('.editor .view-lines').click();
  await page.keyboard.press('Control+z');
  await expect(page.getByLabel('Completions')).toHaveValue('');
  await editMode(page, false);
  expect(await manifest(page)).toBe(job('undone'));
});

test('edit mode and a step leave the review', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, job('reviewed'));
  await editMode(page, false);
  const review = page.getByRole('button', { name: 'Review', exact: true });
  await review.click();
  const close = page.getByRole('button', { name: 'Back to editing' });
  await expect(close).toBeVisible();
  await editMode(page, true);
  await expect(review).toBeVisible();
  await expect(page.locator('.editor')).toBeVisible();
  await review.click();
  await page.getByRole('button', { name: 'Next', exact: true }).click();
  await expect(page.getByLabel('Parallelism')).toBeVisible();
});

test('a field without a control is added with the generated form', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, job('generated'));
  await editMode(page, false);
  await page.getByRole('button', { name: /Pod template/ }).click();
  await page.locator('summary', { hasText: 'All other fields' }).last().click();
  await page.getByLabel('Add a field…').last().selectOption('setHostnameAsFQDN');
  await expect(page.getByText('the pod\'s hostname will be configured as the pod\'s FQDN').first()).toBeVisible();
  expect(await manifest(page)).toContain('      setHostnameAsFQDN: true\n');
});

test('the dry run reports an existing name while the user types', async ({ page, origin, expected }) => {
  expected.allow(/409/);
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, job('taken-early'));
  await editMode(page, false);
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page).toHaveURL(/\/jobs\/taken-early$/);
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, job('taken-early'));
  await editMode(page, false);
  await expect(page.getByText('The cluster refuses this: see the problems')).toBeVisible();
  await expect(page.locator('.field-problem', { hasText: 'already exists' })).toBeVisible();
  await page.getByLabel('Name', { exact: true }).fill('free');
  await expect(page.getByText('The cluster accepts this')).toBeVisible();
});
