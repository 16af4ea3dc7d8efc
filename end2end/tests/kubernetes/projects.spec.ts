// Switching projects without a reload.
import { alive, signIn } from '../../lib/test.ts';
import { apply, clear, finished, job } from './cluster.ts';
import { expect, test } from './people.ts';

test.use({ locale: 'en' });

test('the project picker switches to the Jobs of the other project only, and back', async ({ page, server, origin }) => {
  clear('demo');
  clear('other');
  apply('demo', job('mine'));
  apply('other', job('theirs'));
  finished('other', 'theirs');
  await signIn(page, server);
  await page.goto(`${origin}/projects/demo/jobs`);
  await alive(page);
  await page.getByLabel('Project demo').click();
  await page.locator('.bar details[open] .menu-item').filter({ hasText: /^other$/ }).click();
  await expect(page.getByRole('row', { name: /theirs/ })).toBeVisible();
  await expect(page.getByRole('row', { name: /mine/ })).toHaveCount(0);
  apply('other', job('comes'));
  await expect(page.getByRole('row', { name: /comes/ })).toContainText('Completed', { timeout: 30_000 });
  await page.goBack();
  await expect(page.getByRole('row', { name: /mine/ })).toBeVisible();
  await expect(page.getByRole('row', { name: /theirs/ })).toHaveCount(0);
});
