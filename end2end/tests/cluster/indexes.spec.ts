// The grid of an Indexed Job's completion indexes, with links to their Pods.
import { alive, expect, signIn, test } from '../../lib/test.ts';
import { editMode, open, paste } from '../../lib/wizard.ts';

const indexed = `apiVersion: batch/v1
kind: Job
metadata:
  name: shards
spec:
  completionMode: Indexed
  completions: 4
  parallelism: 4
  backoffLimitPerIndex: 0
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: main
          image: busybox:1.36
          command: ["sh", "-c", "echo shard $JOB_COMPLETION_INDEX; test $JOB_COMPLETION_INDEX != 2"]
`;

test.skip(process.env.KUBERNETES === 'oldest', 'Kubernetes 1.20 has no Indexed Jobs');
test.beforeEach(async ({ page, server }) => signIn(page, server));

test('the grid shows the state of each index and links to its Pods and their log', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, indexed);
  await editMode(page, false);
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page).toHaveURL(/\/jobs\/shards$/);
  await page.getByRole('link', { name: 'Resource status' }).click();
  const grid = page.getByRole('region', { name: 'Indexes' });
  await expect(grid.getByRole('link', { name: 'Index 2: failed' })).toBeVisible({ timeout: 60_000 });
  for (const index of [0, 1, 3]) await expect(grid.getByRole('link', { name: `Index ${index}: completed` })).toBeVisible();
  await expect(grid).toContainText('3 completed');
  await expect(grid).toContainText('1 failed');
  const pods = page.locator('.pod');
  await expect(pods).toHaveCount(4);
  await grid.getByRole('link', { name: 'Index 2: failed' }).click();
  await expect(page).toHaveURL(/\?tab=pods&index=2$/);
  await expect(pods).toHaveCount(1);
  await expect(pods).toContainText('exit code 1');
  // The server renders the same selection.
  await page.reload();
  await alive(page);
  await expect(pods).toHaveCount(1);
  await pods.getByRole('link', { name: /Logs of shards-2/ }).click();
  await expect(page.locator('.log-text').first()).toHaveText('shard 2');
  await page.goBack();
  await page.getByRole('link', { name: 'Show all Pods' }).click();
  await expect(pods).toHaveCount(4);
});
