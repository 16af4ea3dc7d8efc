// Several documents of which one is refused when it is created: the others exist, and another try sends only what is
// missing. Nothing is ever overwritten.
import { expect, signIn, test } from '../../lib/test.ts';
import { open, paste } from '../../lib/wizard.ts';

// The dry run takes both, since neither exists yet.
const twice = `apiVersion: v1
kind: ConfigMap
metadata: {name: twice}
data: {which: first}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: twice}
data: {which: second}
---
apiVersion: batch/v1
kind: Job
metadata: {name: after-twice}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - {name: main, image: "busybox:1.36", command: [sh, -c, 'echo $WHICH'], env: [{name: WHICH, valueFrom: {configMapKeyRef: {name: twice, key: which}}}]}
`;

test('what was created before a refusal stays, and only the rest is sent again', async ({ page, server, origin }) => {
  await signIn(page, server);
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, twice);
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page.getByText('Some documents were created, others not')).toBeVisible();
  await expect(page.locator('.answer-title')).toContainText(['created', 'refused', 'not created']);
  await paste(page, twice.replace(/twice}\ndata: {which: second}/, 'another}\ndata: {which: second}'));
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page).toHaveURL(/\/jobs\/after-twice$/);
  await expect(page.getByText('Completed').first()).toBeVisible({ timeout: 60_000 });
  await page.getByRole('link', { name: 'Logs', exact: true }).click();
  await expect(page.locator('.log-text').first()).toHaveText('first');
});
