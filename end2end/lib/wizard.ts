// Labels and actions of the wizard shared by several tests.
import type { Locator, Page } from '@playwright/test';
import { alive, expect } from './test.ts';

export async function open(page: Page, origin: string, project: string, query = ''): Promise<void> {
  await page.goto(`${origin}/projects/${project}/create-job${query}`);
  await alive(page);
}

/** Returns the manifest's text as shown in the preview. */
export async function manifest(page: Page): Promise<string> {
  const lines = await page.evaluate(async () => {
    const found = new Map<number, string>();
    const read = () => {
      for (const line of document.querySelectorAll('.preview-line')) {
        const [number, text] = line.children as unknown as HTMLElement[];
        found.set(Number(number?.innerText), (text?.innerText ?? '').replace(/\n$/, ''));
      }
    };
    read();
    // Of a long text, only the lines around those that are seen are there.
    const pane = document.querySelector('.preview');
    const isWindow = [...document.querySelectorAll('.preview-gap')].some((gap) => gap.clientHeight > 0);
    if (pane && isWindow) {
      const before = pane.scrollTop;
      for (let top = 0; top < pane.scrollHeight; top += pane.clientHeight) {
        pane.scrollTop = top;
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 30)));
        read();
      }
      pane.scrollTop = before;
    }
    return [...found].sort((a, b) => a[0] - b[0]).map(([, text]) => text);
  });
  return `${lines.join('\n')}\n`;
}

/** Turns edit mode on or off, in either language. */
export async function editMode(page: Page, on: boolean): Promise<void> {
  const toggle = page.getByRole('switch', { name: /编辑模式|Edit mode/ });
  await toggle.click();
  await expect(toggle).toHaveAttribute('aria-checked', String(on));
}

/** Replaces the editor's whole text, like a paste. */
export async function paste(page: Page, text: string): Promise<void> {
  const plain = page.getByLabel(/纯文本框|Plain text field/);
  if (!(await plain.isChecked())) await plain.check();
  await page.getByRole('textbox', { name: /清单|Manifest/ }).fill(text);
}

/**
 * Hovers over a word in the editor until its documentation appears. The mouse is moved repeatedly, because a single
 * move before the editor's first layout has no effect.
 */
export async function rest(page: Page, word: Locator, words: string): Promise<void> {
  await expect(async () => {
    await page.mouse.move(0, 0);
    await word.hover();
    await expect(page.locator('.monaco-hover').first()).toContainText(words, { timeout: 3000 });
  }).toPass({ timeout: 20_000 });
}

/** Goes through the six steps in Chinese, up to the last. Edit mode is turned on and off in between. */
export async function fillWizard(page: Page, node: { pick: boolean }): Promise<void> {
  const next = () => page.getByRole('button', { name: '下一步' }).click();
  await page.getByLabel('名称', { exact: true }).fill('job-demo');
  await page.getByLabel('别名', { exact: true }).fill('任务示例');
  await page.getByLabel('描述信息').fill('计算圆周率到小数点后 2000 位');
  await next();
  await page.getByLabel('Back Off Limit').fill('5');
  await page.getByLabel('Completions').fill('4');
  await page.getByLabel('Parallelism').fill('2');
  await page.getByLabel('Active Deadline Seconds').fill('300');
  await next();
  await page.getByRole('radio', { name: /Never/ }).check();
  await page.getByRole('button', { name: '添加容器', exact: true }).click();
  await page.getByLabel('容器名称').fill('pi');
  await page.getByLabel('镜像', { exact: true }).fill('perl:5.28.0');
  await page.getByLabel('CPU 最小使用', { exact: true }).fill('100');
  await page.getByLabel('CPU 最大使用', { exact: true }).fill('1000');
  await page.getByLabel('内存最小使用', { exact: true }).fill('64');
  await page.getByLabel('内存最大使用', { exact: true }).fill('256');
  await page.getByText('高级选项').click();
  for (const [index, word] of ['perl', '-Mbignum=bpi', '-wle', 'print bpi(2000)'].entries()) {
    await page.getByRole('button', { name: '添加命令' }).click();
    await page.getByLabel(`命令 ${index + 1}`, { exact: true }).fill(word);
  }
  await editMode(page, true);
  await expect(page.locator('.editor .view-lines')).toContainText('bpi');
  await editMode(page, false);
  await next();
  await page.getByRole('button', { name: '添加临时存储卷' }).click();
  await page.getByRole('button', { name: '挂载到 pi' }).click();
  await page.getByLabel('挂载路径').fill('/data');
  await next();
  await page.getByRole('button', { name: '添加标签' }).first().click();
  await page.getByLabel('任务标签 1: 键').fill('app');
  await page.getByLabel('任务标签 1: 键').blur();
  await page.getByLabel('任务标签 1: 值').fill('pi');
  await next();
  if (node.pick) await page.getByRole('button', { name: '选择', exact: true }).first().click();
}
