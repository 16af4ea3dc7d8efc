import { alive, expect, signIn, test } from '../../lib/test.ts';

test('without a session, every page redirects to the sign-in page', async ({ page, origin }) => {
  await page.goto(`${origin}/projects/demo/jobs`);
  await expect(page).toHaveURL(/\/sign-in/);
  await expect(page.getByLabel('Sign-in token')).toBeVisible();
});

test('a server function without a session is refused', async ({ request, origin }) => {
  const answer = await request.post(`${origin}/api/jobs`, {
    data: { project: 'demo' },
    headers: { origin, 'sec-fetch-site': 'same-origin' },
  });
  expect(answer.status()).toBe(401);
});

test('a wrong token is reported with instructions', async ({ page, origin }) => {
  await page.goto(`${origin}/sign-in`);
  await page.getByLabel('Sign-in token').fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toContainText('not valid');
});

test('the printed URL signs in once', async ({ page, context, server, expected }) => {
  expected.allow(/response: 5\d\d|status of 5\d\d/);
  const first = await server.address();
  await signIn(page, server);
  await expect(page).not.toHaveURL(/token/);
  await context.clearCookies();
  await page.goto(first);
  await expect(page).toHaveURL(/sign-in/);
});

test('sign-in works without JavaScript, in both languages', async ({ browser, server, origin }) => {
  for (const [locale, label, button] of [['en', 'Sign-in token', 'Sign in'], ['zh-CN', '登录令牌', '登录']]) {
    const context = await browser.newContext({ javaScriptEnabled: false, locale });
    const page = await context.newPage();
    const token = new URL(await server.address()).searchParams.get('token');
    await page.goto(`${origin}/sign-in?back=/projects/demo/jobs`);
    await page.getByLabel(label).fill(token ?? '');
    await page.getByRole('button', { name: button }).click();
    await expect(page).toHaveURL(`${origin}/projects/demo/jobs`);
    await context.close();
  }
});

test('sessions are listed, and ended without JavaScript too', async ({ browser, server, origin }) => {
  const first = await browser.newContext({ javaScriptEnabled: false });
  await (await first.newPage()).goto(await server.address());
  for (const [locale, end, mark] of [['en', 'End', 'This browser'], ['zh-CN', '结束', '当前浏览器']]) {
    const context = await browser.newContext({ javaScriptEnabled: false, locale });
    const other = await context.newPage();
    const token = new URL(await server.address()).searchParams.get('token');
    await other.goto(`${origin}/?token=${token}`);
    await other.goto(`${origin}/sessions`);
    await expect(other.getByText(mark)).toHaveCount(1);
    const mine = await other.getByRole('row').count();
    await other.getByRole('button', { name: new RegExp(`^${end}`) }).first().click();
    await expect(other).toHaveURL(`${origin}/sessions`);
    await expect(other.getByRole('row')).toHaveCount(mine - 1);
    await context.close();
  }
  await first.close();
});

test('language and theme are kept', async ({ page, server, origin, expected }) => {
  expected.allow(/response: 5\d\d|status of 5\d\d|stream/);
  await signIn(page, server);
  await page.goto(`${origin}/projects/demo/create-job`);
  await alive(page);
  await page.getByRole('button', { name: '中文', exact: true }).click();
  await expect(page.getByRole('heading', { name: '创建任务' })).toBeVisible();
  await page.getByRole('button', { name: '深色' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});
