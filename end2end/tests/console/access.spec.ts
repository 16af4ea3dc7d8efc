import AxeBuilder from '@axe-core/playwright';
import { expect, signIn, test } from '../../lib/test.ts';
import { open } from '../../lib/wizard.ts';

test.beforeEach(async ({ page, server, expected }) => {
  expected.allow(/response: 5\d\d|status of 5\d\d|\/stream\//);
  await signIn(page, server);
});

for (const colorScheme of ['light', 'dark'] as const) {
  for (const locale of ['en', 'zh-CN']) {
    test(`axe finds no serious violations on any step: ${locale}, ${colorScheme}`, async ({ browser, origin, page }) => {
      test.slow();
      const state = await page.context().storageState();
      const context = await browser.newContext({ colorScheme, locale, storageState: state, viewport: { width: 1440, height: 900 } });
      const view = await context.newPage();
      for (const step of ['basic', 'settings', 'pods', 'volumes', 'labels', 'nodes']) {
        await open(view, origin, 'demo', `?example=pi&step=${step}`);
        // Collapsed sections are checked too.
        for (;;) {
          const folded = view.locator('.wizard-step details:not([open]) > summary:visible').first();
          if ((await folded.count()) === 0) break;
          await folded.click();
        }
        const found = await new AxeBuilder({ page: view }).analyze();
        const serious = found.violations.filter((violation) => ['serious', 'critical'].includes(violation.impact ?? ''));
        expect(serious.map((v) => `${v.id}: ${v.nodes.map((node) => node.target).join(' ')}`), step).toEqual([]);
      }
      await context.close();
    });
  }
}
