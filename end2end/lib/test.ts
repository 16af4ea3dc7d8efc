// The test function of this suite: a running console, and a page on which every console error, content security
// policy report and failed request fails the test unless it is expected.
import { test as base, expect } from '@playwright/test';
import { freePort, ReverseProxy } from './reverse_proxy.ts';
import { Server } from './server.ts';

type Expected = { allow(pattern: RegExp): void };

export const test = base.extend<{ expected: Expected; origin: string }, { server: Server }>({
  server: [
    async ({}, use, info) => {
      const kubeconfig = process.env.E2E_KUBECONFIG;
      const real = kubeconfig ? { kubeconfig } : ('playground' as const);
      if (info.project.name === 'sub-path') {
        const proxy = await ReverseProxy.start('/tools/jobs');
        proxy.upstream = await freePort();
        const server = await Server.start(real, '--listen', `127.0.0.1:${proxy.upstream}`, '--public-url', proxy.url);
        await use(server);
        await server.stop();
        proxy.stop();
        return;
      }
      const server = await Server.start(info.project.name === 'cluster' ? real : 'down');
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  // With the path of the console, if it has one.
  origin: async ({ server }, use) => {
    const { origin, pathname } = new URL(await server.address());
    await use(origin + pathname.replace(/\/$/, ''));
  },
  expected: async ({}, use) => {
    const patterns: RegExp[] = [];
    await use(Object.assign({ allow: (pattern: RegExp) => void patterns.push(pattern) }, { patterns }));
  },
  page: async ({ page, expected }, use) => {
    const patterns = (expected as unknown as { patterns: RegExp[] }).patterns;
    const wrong: string[] = [];
    const note = (text: string) => {
      if (!patterns.some((pattern) => pattern.test(text))) wrong.push(text);
    };
    page.on('console', (message) => {
      if (message.type() === 'error') note(`console: ${message.text()} (${message.location().url})`);
    });
    page.on('pageerror', (error) => note(`page: ${error.message}`));
    page.on('requestfailed', (request) => {
      // Leaving a page aborts its streams and reads, which is not a failure.
      if (request.failure()?.errorText !== 'net::ERR_ABORTED') note(`request: ${request.url()} ${request.failure()?.errorText}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) note(`response: ${response.status()} ${response.url()}`);
    });
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    await use(page);
    expect(wrong, 'console errors, reports and failed requests').toEqual([]);
  },
});

/** Signs the browser in with the most recent URL, without a page of its own. */
export async function signIn(page: import('@playwright/test').Page, server: Server): Promise<void> {
  const used = await server.address();
  // Without a page: most tests open another one next.
  await page.request.get(used, { maxRedirects: 0 });
  // The console prints the next URL once this one has been used.
  await expect.poll(() => server.address()).not.toBe(used);
}

/** Opens the console by the URL that it printed, as a user does. */
export async function openPrinted(page: import('@playwright/test').Page, server: Server): Promise<void> {
  await page.goto(await server.address());
}

/** Waits until the page is hydrated. */
export async function alive(page: import('@playwright/test').Page): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('data-alive', 'true', { timeout: 20_000 });
}

export { expect };
