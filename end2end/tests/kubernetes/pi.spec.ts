// The example of the documentation on a real kubelet.
import { readFileSync } from 'node:fs';
import { alive, signIn } from '../../lib/test.ts';
import { open, fillWizard } from '../../lib/wizard.ts';
import { clear, get } from './cluster.ts';
import { expect, test } from './people.ts';

test.use({ locale: 'zh-CN' });
test.beforeAll(() => clear('demo'));

test('the π Job is created step by step, completes 4 of 4, and each Pod prints 2000 digits', async ({ page, server, origin }) => {
  await signIn(page, server);
  await open(page, origin, 'demo');
  await fillWizard(page, { pick: true });
  await page.getByRole('button', { name: '创建', exact: true }).click();
  await expect(page).toHaveURL(/\/projects\/demo\/jobs\/job-demo$/);
  await expect(page.locator('.job-state')).toContainText('已完成', { timeout: 120_000 });
  await expect(page.locator('.job-state')).toContainText('成功 4/4');

  const made = get('demo', 'job', 'job-demo');
  expect(made.status.succeeded).toBe(4);
  expect(made.metadata.annotations['kubesphere.io/alias-name']).toBe('任务示例');
  expect(made.spec).toMatchObject({ backoffLimit: 5, completions: 4, parallelism: 2, activeDeadlineSeconds: 300 });
  expect(made.spec.template.spec.containers[0]).toMatchObject({
    name: 'pi',
    image: 'perl:5.28.0',
    command: ['perl', '-Mbignum=bpi', '-wle', 'print bpi(2000)'],
    resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '1', memory: '256Mi' } },
    volumeMounts: [{ mountPath: '/data' }],
  });

  await page.getByRole('link', { name: '资源状态', exact: true }).click();
  await expect(page.locator('.pod')).toHaveCount(4);
  await expect(page.locator('.pod').first()).toContainText('localhost');
  await expect(page.locator('.pod').first()).toContainText(/10\.24[45]\.0\.\d+/);

  await page.getByRole('link', { name: '日志', exact: true }).click();
  const lines = page.locator('.log-text');
  await expect(lines).toHaveCount(4);
  const digits = (await lines.allInnerTexts()).map((line) => line.trim());
  expect(new Set(digits).size).toBe(1);
  expect(digits[0]).toMatch(/^3\.14159265358979/);
  expect(digits[0]).toHaveLength(2001);

  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: '下载' }).click();
  const file = readFileSync(await (await download).path(), 'utf8');
  expect(file.match(/^==> job-demo-\w+\/pi <==$/gm)).toHaveLength(4);
  expect(file.split('\n').filter((line) => line === digits[0])).toHaveLength(4);
});

test('a rerun is a separate Job, and the first one keeps its Pods and its log', async ({ page, server, origin }) => {
  await signIn(page, server);
  await page.goto(`${origin}/projects/demo/jobs/job-demo`);
  await alive(page);
  await page.getByRole('button', { name: '重新运行' }).click();
  await expect(page).toHaveURL(/\/jobs\/job-demo-2$/);
  await expect(page.locator('.job-state')).toContainText('成功 4/4', { timeout: 120_000 });
  await expect(page.getByRole('row', { name: /job-demo/ })).toHaveCount(2);
  expect(get('demo', 'pods', '-l', 'job-name=job-demo').items).toHaveLength(4);
});
