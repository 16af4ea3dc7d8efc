import { alive, expect, signIn, test } from '../../lib/test.ts';
import { open, fillWizard } from '../../lib/wizard.ts';

test.use({ locale: 'zh-CN' });

test('the π Job is created, watched, and its output read', async ({ page, server, origin }) => {
  await signIn(page, server);
  await page.goto(`${origin}/projects/demo/jobs`);
  await alive(page);
  await page.getByRole('link', { name: '创建', exact: true }).click();
  await expect(page.getByRole('heading', { name: '创建任务' })).toBeVisible();
  await open(page, origin, 'demo');
  await fillWizard(page, { pick: true });
  await page.getByRole('button', { name: '创建', exact: true }).click();
  await expect(page).toHaveURL(/\/projects\/demo\/jobs\/job-demo$/);
  await expect(page.getByText('已完成').first()).toBeVisible({ timeout: 150_000 });
  await expect(page.getByText('成功 4/4')).toBeVisible();
  await page.getByRole('link', { name: '日志', exact: true }).click();
  const line = page.locator('.log-text').first();
  await expect(line).toHaveText(/^3\.14159265358979/);
  expect((await line.innerText()).trim().length).toBe(2001);
  await page.getByRole('button', { name: '删除' }).click();
  await page.getByRole('dialog').getByRole('button', { name: '删除' }).click();
  await expect(page).toHaveURL(/\/projects\/demo\/jobs$/);
  await expect(page.getByRole('link', { name: /job-demo/ })).toHaveCount(0);
});
