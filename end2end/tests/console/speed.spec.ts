// The time until a key is seen in the manifest, in large Jobs. The times are printed; the bounds are for a slow machine
// that does other work too, and only tell a cost that grows with the size of the Job.
import type { Page } from '@playwright/test';
import { expect, signIn, test } from '../../lib/test.ts';
import { editMode, open, paste } from '../../lib/wizard.ts';

const container = (n: number) => `        - name: c${n}\n          image: busybox:1.36\n          command: [sh, -c, echo ${n}]\n          resources: {limits: {memory: 64Mi}}\n`;
const job = (containers: number, variables = 0) => {
  const env = Array.from({ length: variables }, (_, n) => `            - {name: V${n}, value: v${n}}\n`).join('');
  const list = Array.from({ length: containers }, (_, n) => container(n)).join('');
  return `apiVersion: batch/v1\nkind: Job\nmetadata: {name: large}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n${list}${env && `          env:\n${env}`}`;
};

/** Types into the element and returns the median time until the preview shows each key, in milliseconds. */
async function median(page: Page, id: string): Promise<number> {
  return page.evaluate(async (id) => {
    const input = document.getElementById(id) as HTMLInputElement;
    const times: number[] = [];
    for (let key = 0; key < 12; key += 1) {
      input.focus();
      input.setSelectionRange(input.value.length, input.value.length);
      const begin = performance.now();
      document.execCommand('insertText', false, 'x');
      const wanted = input.value;
      await new Promise<void>((resolve) => {
        const look = () => (document.querySelector('.preview')?.textContent?.includes(wanted) ? resolve() : requestAnimationFrame(look));
        requestAnimationFrame(look);
      });
      times.push(performance.now() - begin);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return times.sort((a, b) => a - b)[6] ?? 0;
  }, id);
}

test.beforeEach(async ({ page, server, expected }) => {
  expected.allow(/response: 5\d\d|status of 5\d\d|\/stream\//);
  await signIn(page, server);
});

for (const [name, text, id, bound] of [
  ['1 container', job(1), 'f-spec-template-spec-containers:0.-image', 300],
  ['200 containers', job(200), 'f-spec-template-spec-containers:0.-image', 300],
  ['1,000 variables', job(1, 1000), 'f-spec-template-spec-containers:0.-env:0.-value', 300],
] as const) {
  test(`a key is seen soon with ${name}`, async ({ page, origin }) => {
    test.setTimeout(240_000);
    await open(page, origin, 'demo', '?edit=1');
    await paste(page, text);
    await editMode(page, false);
    const begin = Date.now();
    await page.getByRole('button', { name: /Pod template/ }).click();
    const card = page.locator('.wizard-step .container').first();
    await expect(card).toBeVisible({ timeout: 120_000 });
    console.log(`${name}: the step is shown after ${Date.now() - begin} ms`);
    // In a long list, cards are closed.
    const toggle = card.locator('.container-toggle');
    if (await toggle.isVisible()) await toggle.click();
    if (id.includes('-env')) await card.getByText('Advanced options').click();
    await expect(page.locator(`[id="${id}"]`)).toBeVisible();
    const time = await median(page, id);
    console.log(`${name}: a key is seen after ${Math.round(time)} ms (median)`);
    expect(time).toBeLessThan(bound);
  });
}
