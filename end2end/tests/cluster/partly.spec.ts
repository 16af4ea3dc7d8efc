// Several documents, one of which is refused only on creation: the others are created, and a retry sends only the
// missing ones. Nothing is ever overwritten.
import { expect, signIn, test } from '../../lib/test.ts';
import { open, paste } from '../../lib/wizard.ts';

const quota = `apiVersion: v1
kind: ResourceQuota
metadata: {name: one-job}
spec: {hard: {count/jobs.batch: "1"}}
`;
const job = (name: string) => `apiVersion: batch/v1
kind: Job
metadata: {name: ${name}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: "busybox:1.36", command: ["true"]}]}}}
`;
const settings = `apiVersion: v1
kind: ConfigMap
metadata: {name: in-the-place-of-the-second}
`;

test('objects created before a refusal are kept, and only the rest is retried', async ({ page, server, origin, expected }) => {
  expected.allow(/403/);
  await signIn(page, server);
  await open(page, origin, 'default', '?edit=1');
  await paste(page, quota);
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page.getByText('Created: one-job')).toBeVisible();
  await open(page, origin, 'default', '?edit=1');
  // A dry run does not charge the quota: it accepts each of the two.
  await paste(page, `${job('first')}---\n${job('second')}`);
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page.getByText('Some documents were created, others not')).toBeVisible();
  await expect(page.locator('.answer-title')).toContainText(['created', 'refused']);
  await paste(page, `${job('first')}---\n${settings}`);
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page).toHaveURL(/\/jobs\/first$/);
});

test('two documents with the same name are reported before anything is sent', async ({ page, server, origin }) => {
  await signIn(page, server);
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, `${job('twice')}---\n${job('twice')}`);
  await page.locator('.problems > summary').click();
  await expect(page.locator('.problem', { hasText: 'stands above already' })).toBeVisible();
});
