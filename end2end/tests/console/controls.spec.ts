// Sets every control of the wizard once, step by step, and compares the manifest with files/controls.yaml byte for
// byte. The controls are discovered, so a new one cannot be forgotten.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, signIn, test } from '../../lib/test.ts';
import { manifest, open } from '../../lib/wizard.ts';

const file = join(import.meta.dirname, '../../files/controls.yaml');
const begin = `apiVersion: batch/v1
kind: Job
metadata:
  name: controls
spec:
  template:
    spec:
      restartPolicy: OnFailure
      containers: []
`;

// Traces are disabled: snapshots of the whole document before and after hundreds of actions would dominate the run
// time.
test.use({ trace: 'off' });

test.beforeEach(async ({ page, server, expected }) => {
  expected.allow(/response: 5\d\d|status of 5\d\d|\/stream\//);
  await signIn(page, server);
});

/** Marks the step's next control that has not been set; returns its description, or null after the last. */
async function next(page: Page, seen: string[]): Promise<{ key: string; kind: string; numeric: boolean } | null> {
  return page.evaluate((done) => {
    document.querySelector('[data-next]')?.removeAttribute('data-next');
    for (const fold of document.querySelectorAll('.wizard-step details:not([open])')) fold.setAttribute('open', '');
    const visible = (element: Element) => (element as HTMLElement).offsetParent !== null;
    const controls = document.querySelectorAll(
      '.wizard-step :is(input:not(.find-input), select, textarea, .row-buttons .button, .group > .button, .node .button):not([disabled])',
    );
    for (const control of controls) {
      if (!visible(control) || control.matches('.button-icon, .button-quiet')) continue;
      const near = control.closest('[id]')?.id ?? '';
      const label = control.getAttribute('aria-label') ?? control.textContent?.trim().slice(0, 40) ?? '';
      const value = control instanceof HTMLInputElement && control.type === 'radio' ? control.value : '';
      const key = control.id || `${near}|${control.parentElement?.id}|${control.tagName}|${label}|${value}`;
      if (done.includes(key)) continue;
      control.setAttribute('data-next', '');
      const kind = control instanceof HTMLInputElement ? control.type : control.tagName.toLowerCase();
      return { key, kind, numeric: /numeric|decimal/.test(control.getAttribute('inputmode') ?? '') };
    }
    return null;
  }, seen);
}

/**
 * Fills a visible, enabled text field, or selects the last option, with the events of user input but without waiting
 * for a frame before and after each of hundreds.
 */
function write(element: Element, text: string): void {
  const field = element as HTMLInputElement | HTMLSelectElement;
  field.focus();
  const wanted = field instanceof HTMLSelectElement ? (field.options[field.options.length - 1]?.value ?? '') : text;
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), 'value')?.set?.call(field, wanted);
  field.dispatchEvent(new Event('input', { bubbles: true }));
  field.dispatchEvent(new Event('change', { bubbles: true }));
  field.blur();
}

test('every control is set once, and the manifest contains all values', async ({ page, origin }) => {
  // About 250 controls in sequence: a limit against hangs, not a performance requirement.
  test.setTimeout(600_000);
  await open(page, origin, 'demo', '?edit=1');
  await page.getByLabel('Plain text field').check();
  await page.getByRole('textbox', { name: 'Manifest' }).fill(begin);
  await page.getByRole('switch', { name: 'Edit mode' }).click();
  let count = 0;
  for (const step of ['Basic information', 'Job settings', 'Pod template', 'Volumes', 'Labels', 'Node selector']) {
    await page.getByRole('button', { name: new RegExp(step) }).click();
    const seen: string[] = [];
    for (let control = await next(page, seen); control; control = await next(page, seen)) {
      seen.push(control.key);
      count += 1;
      const at = page.locator('[data-next]');
      if (control.kind === 'button') await at.click();
      else if (control.kind === 'checkbox' || control.kind === 'radio') await at.check();
      else await at.evaluate(write, control.numeric ? String(count) : `v${count}`);
    }
  }
  const text = await manifest(page);
  if (process.env.UPDATE) writeFileSync(file, text);
  expect(count).toBeGreaterThan(200);
  expect(text).toBe(readFileSync(file, 'utf8'));
});
