// Ways from page to page that change the path and the query at once: nothing of the page that is left listens on.
import { alive, expect, signIn, test } from '../../lib/test.ts';
import { open, paste } from '../../lib/wizard.ts';

const job = (name: string) => `apiVersion: batch/v1
kind: Job
metadata: {name: ${name}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: "busybox:1.36", command: ["true"]}]}}}
`;

test('from a filtered list to another project, and from a tab to another Job, and back', async ({ page, server, origin }) => {
  await signIn(page, server);
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, `${job('way-one')}---\n${job('way-two')}`);
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page).toHaveURL(/\/jobs\/way-one$/);

  await page.goto(`${origin}/projects/demo/jobs?q=way-`);
  await alive(page);
  const row = page.getByRole('link', { name: 'way-one', exact: true });
  await expect(row).toBeVisible();
  const projects = page.locator('summary', { hasText: 'Project' });
  await projects.click();
  await page.getByRole('link', { name: 'default', exact: true }).click();
  await expect(page).toHaveURL(/\/projects\/default\/jobs$/);
  await expect(page.getByRole('heading', { name: 'Jobs', exact: true })).toBeVisible();
  await expect(row).toHaveCount(0);
  await page.goBack();
  await expect(page).toHaveURL(/\/projects\/demo\/jobs\?q=way-$/);
  await expect(row).toBeVisible();
  await expect(page.getByRole('searchbox', { name: 'Filter' })).toHaveValue('way-');

  await page.goto(`${origin}/projects/demo/jobs/way-one?tab=events`);
  await alive(page);
  const events = page.getByRole('link', { name: 'Events', exact: true });
  await expect(events).toHaveAttribute('aria-current', 'page');
  await page.getByRole('navigation').getByRole('link', { name: 'Jobs' }).first().click();
  await page.getByRole('link', { name: 'way-two', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'way-two' })).toBeVisible();
  await page.goBack();
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'way-one' })).toBeVisible();
  await expect(events).toHaveAttribute('aria-current', 'page');
});
