// Errors are reported in the user's language, with instructions, and no input is lost.
import { expect, signIn, test } from '../../lib/test.ts';
import { editMode, manifest, open, paste } from '../../lib/wizard.ts';

const job = (name: string, memory = '64Mi') => `# by hand
apiVersion: batch/v1
kind: Job
metadata: {name: ${name}}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - {name: main, image: "busybox:1.36", command: ["true"], resources: {limits: {memory: ${memory}}}}
`;
const secret = '---\napiVersion: v1\nkind: Secret\nmetadata: {name: after-the-session}\nstringData: {password: hunter2}\n';

const languages = [
  { locale: 'en', create: 'Create', name: 'Name', taken: 'An object of this name exists already', quantity: 'is not a quantity', broken: 'cannot be read at line', ended: 'Your session has ended', back: 'Your draft is back', stay: 'Stay here' },
  { locale: 'zh-CN', create: '创建', name: '名称', taken: '同名', quantity: '不是', broken: '无法解析', ended: '会话已结束', back: '已恢复您上次的草稿', stay: '请不要离开本页' },
];

for (const words of languages) {
  test.describe(words.locale, () => {
    test.use({ locale: words.locale });
    test.beforeEach(async ({ page, server }) => signIn(page, server));

    test('a syntax error, an invalid quantity, and an existing name', async ({ page, origin, expected }) => {
      expected.allow(/409/);
      const text = job(`taken-${words.locale.toLowerCase()}`);
      await open(page, origin, 'demo', '?edit=1');
      await paste(page, `${text}x: [`);
      await expect(page.getByRole('alert').filter({ hasText: words.broken })).toBeVisible();
      await paste(page, job('quantity', '1x'));
      await editMode(page, false);
      await page.locator('.problems > summary').click();
      await expect(page.locator('.problem', { hasText: '1x' })).toContainText(words.quantity);
      await editMode(page, true);
      await paste(page, text);
      await page.getByRole('button', { name: words.create, exact: true }).click();
      await expect(page).toHaveURL(/\/jobs\/taken-/);
      await open(page, origin, 'demo', '?edit=1');
      await paste(page, text);
      await editMode(page, false);
      await page.getByRole('button', { name: words.create, exact: true }).click();
      await expect(page.getByText(words.taken).first()).toBeVisible();
      expect(await manifest(page)).toBe(text);
    });

    test('a session that expires while the user types', async ({ page, context, server, origin, expected }) => {
      expected.allow(/401/);
      const text = job(`session-${words.locale.toLowerCase()}`);
      await open(page, origin, 'demo', '?edit=1');
      await paste(page, text);
      await context.clearCookies();
      await page.getByRole('button', { name: words.create, exact: true }).click();
      await expect(page).toHaveURL(/\/sign-in/);
      await expect(page.getByText(words.ended)).toBeVisible();
      await signIn(page, server);
      await open(page, origin, 'demo');
      await expect(page.getByText(words.back)).toBeVisible();
      expect(await manifest(page)).toBe(text);
    });

    test('a session that expires while the text contains a Secret, which drafts do not save', async ({ page, context, server, origin, expected }) => {
      expected.allow(/401/);
      const text = job(`secret-${words.locale.toLowerCase()}`) + secret.replace('after-the-session', `after-${words.locale.toLowerCase()}`);
      await open(page, origin, 'demo', '?edit=1');
      await paste(page, text);
      await context.clearCookies();
      await page.getByRole('button', { name: words.create, exact: true }).click();
      await expect(page.getByText(words.stay)).toBeVisible();
      const other = await context.newPage();
      await signIn(other, server);
      await other.close();
      await page.getByRole('button', { name: words.create, exact: true }).click();
      await expect(page).toHaveURL(/\/jobs\/secret-/);
    });
  });
}
