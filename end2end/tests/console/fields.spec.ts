// What is typed is what is meant: modes, spellings, numbers, command lines, names and their references; and what a
// text can be made of.
import type { Page } from '@playwright/test';
import { expect, signIn, test } from '../../lib/test.ts';
import { editMode, manifest, open, paste } from '../../lib/wizard.ts';

const text = `apiVersion: batch/v1
kind: Job
metadata:
  name: fields
spec:
  completions: 2
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: main # the one
          image: busybox:1.36
          env:
            - {name: VERSION, value: 1.10} # as written
            - {name: MASK, value: 0x1F}
            - {name: SWITCH, value: on}
            - {name: CPU, valueFrom: {resourceFieldRef: {containerName: main, resource: limits.cpu}}}
          resources: {limits: {memory: 500M}}
          volumeMounts:
            - {name: data, mountPath: /a}
            - {name: data2, mountPath: /b}
      volumes:
        - name: data
          secret: {secretName: s, defaultMode: 0400, items: [{key: k, path: p}]}
        - {name: data2, emptyDir: {}}
`;

test.beforeEach(async ({ page, server, expected }) => {
  expected.allow(/response: 5\d\d|status of 5\d\d|\/stream\//);
  await signIn(page, server);
});

/** Opens the form of a text at a step. */
async function form(page: Page, origin: string, typed: string, step: string): Promise<void> {
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, typed);
  await editMode(page, false);
  await page.getByRole('button', { name: new RegExp(step) }).click();
}

const changed = (from: string, to: string) => {
  expect(text).toContain(from);
  return text.replaceAll(from, to);
};

test('a file mode is shown and taken in octal, and a decimal one is fixed', async ({ page, origin }) => {
  await form(page, origin, text, 'Volumes');
  const mode = page.getByLabel('File mode', { exact: true });
  await expect(mode).toHaveValue('0400');
  await mode.selectText();
  await page.keyboard.type('0640');
  await expect(mode).toHaveValue('0640');
  expect(await manifest(page)).toBe(changed('0400', '0640'));
  await page.getByLabel('File mode (octal) 1').fill('440');
  expect(await manifest(page)).toBe(changed('0400', '0640').replace('path: p}', 'path: p, mode: 0440}'));
  await editMode(page, true);
  await paste(page, changed('0400', '666'));
  await editMode(page, false);
  await expect(mode).toHaveValue('01232');
  await page.locator('.field', { has: mode }).getByRole('button', { name: 'Fix it' }).click();
  expect(await manifest(page)).toBe(changed('0400', '0666'));
});

test('the first field of a step follows the text', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, text);
  await expect(page.locator('#f-metadata-name')).toHaveValue('fields');
  await open(page, origin, 'demo', '?edit=1&step=settings');
  await paste(page, text.replace('completions: 2', 'backoffLimit: 3'));
  await expect(page.locator('#f-spec-backoffLimit')).toHaveValue('3');
});

test('a scalar where a text is meant is shown and kept as it is written', async ({ page, origin }) => {
  await form(page, origin, text, 'Pod template');
  await page.getByText('Advanced options').click();
  const value = (n: number) => page.getByLabel(`Value ${n}`, { exact: true });
  await expect(value(1)).toHaveValue('1.10');
  await expect(value(2)).toHaveValue('0x1F');
  await expect(value(3)).toHaveValue('on');
  await value(1).press('End');
  await page.keyboard.type('1');
  expect(await manifest(page)).toBe(changed('1.10', '"1.101"'));
});

test('numbers are trimmed, full-width digits read, and an exponent explained with its fix', async ({ page, origin }) => {
  await form(page, origin, text, 'Job settings');
  const completions = page.getByLabel('Completions');
  await completions.fill(' 7 ');
  expect(await manifest(page)).toBe(changed('completions: 2', 'completions: 7'));
  await completions.fill('１２');
  expect(await manifest(page)).toBe(changed('completions: 2', 'completions: 12'));
  await completions.fill('1e3');
  await page.locator('.field', { has: completions }).getByRole('button', { name: 'set completions to 1000' }).click();
  expect(await manifest(page)).toBe(changed('completions: 2', 'completions: 1000'));
});

test('an amount that is cleared and retyped keeps its unit', async ({ page, origin }) => {
  await form(page, origin, text, 'Pod template');
  const memory = page.getByLabel('Memory limit', { exact: true });
  await memory.fill('');
  await memory.pressSequentially('600');
  expect(await manifest(page)).toBe(changed('500M', '600M'));
});

test('a command line that needs a shell is offered one, and an array is read', async ({ page, origin }) => {
  await form(page, origin, text, 'Pod template');
  await page.getByText('Advanced options').click();
  const line = page.getByRole('textbox', { name: 'Paste a command line' });
  const split = page.getByRole('button', { name: 'Split into rows' });
  const word = (n: number) => page.getByLabel(`Command ${n}`, { exact: true });
  const script = 'cd /tmp && echo "$HOME" | cat > x\ncat <<EOF\na\nEOF';
  await page.getByRole('button', { name: 'Paste a command line' }).click();
  await line.fill(script);
  await split.click();
  await expect(page.getByText('Only a shell does this: cd && $HOME | > <<')).toBeVisible();
  await page.getByRole('button', { name: 'Run it with sh -c' }).click();
  await expect(word(3)).toHaveValue(script);
  expect(await manifest(page)).toContain('            - sh\n            - -c\n            - |-\n              cd /tmp && echo "$HOME" | cat > x\n');
  await page.getByRole('button', { name: 'Paste a command line' }).click();
  await line.fill('CMD ["sh", "-c", "a && b"]');
  await split.click();
  await expect(word(3)).toHaveValue('a && b');
  await page.getByRole('button', { name: 'Paste a command line' }).click();
  await line.fill('find . -name *.txt');
  await split.click();
  await page.getByRole('button', { name: 'Keep the plain words' }).click();
  await expect(word(4)).toHaveValue('*.txt');
});

test('a renamed container or volume takes its references along, as one step', async ({ page, origin }) => {
  await form(page, origin, text, 'Volumes');
  const name = page.locator('section.card', { hasText: 'emptyDir' }).getByLabel('Volume name');
  // On the way through the name of the other volume.
  await name.press('End');
  await name.press('Backspace');
  await name.pressSequentially('3');
  expect(await manifest(page)).toBe(changed('data2', 'data3'));
  await page.getByRole('button', { name: 'Undo' }).click();
  expect(await manifest(page)).toBe(text);
  await page.getByRole('button', { name: /Pod template/ }).click();
  await page.getByLabel('Container name').fill('app');
  expect(await manifest(page)).toBe(changed('main', 'app'));
});

test('a volume is removed with its mounts, as one step', async ({ page, origin }) => {
  await form(page, origin, text, 'Volumes');
  await page.getByRole('button', { name: 'Remove data2' }).click();
  const without = text.replace('            - {name: data2, mountPath: /b}\n', '').replace('        - {name: data2, emptyDir: {}}\n', '');
  expect(await manifest(page)).toBe(without);
  await page.getByRole('button', { name: 'Undo' }).click();
  expect(await manifest(page)).toBe(text);
});

test('a list is unfolded, a CronJob becomes a Job, and what the cluster wrote is removed', async ({ page, origin }) => {
  await open(page, origin, 'demo', '?edit=1');
  const job = '  - apiVersion: batch/v1\n    kind: Job # kept\n    metadata: {name: a}\n';
  await paste(page, `apiVersion: v1\nkind: List\nitems:\n${job}${job.replace('a}', 'b}')}`);
  await page.getByRole('button', { name: 'Fix it: unfold the list' }).first().click();
  await expect(page.getByText('Unfolded: 2 documents')).toBeVisible();
  const area = page.getByRole('textbox', { name: 'Manifest' });
  const unfolded = job.replace(/^ {2}- | {4}/gm, '');
  await expect(area).toHaveValue(`${unfolded}---\n${unfolded.replace('a}', 'b}')}`);
  const spec = text.slice(text.indexOf('spec:')).replace(/^(?=.)/gm, '    ');
  await paste(page, `apiVersion: batch/v1\nkind: CronJob\nmetadata:\n  name: fields\nspec:\n  schedule: "0 3 * * *"\n  jobTemplate:\n${spec}`);
  await page.getByRole('button', { name: 'Make a Job of it' }).first().click();
  await expect(page.getByText('A Job was made of the CronJob fields')).toContainText('Left out: spec.schedule');
  await expect(area).toHaveValue(text);
  await paste(page, text.replace('metadata:\n', 'metadata:\n  uid: u1\n  resourceVersion: "7"\n') + 'status: {succeeded: 1}\n');
  await editMode(page, false);
  await page.locator('.problems > summary').click();
  await page.locator('.problem-row').getByRole('button', { name: 'Remove what the cluster wrote' }).first().click();
  await expect(page.getByText('Removed what the cluster wrote: metadata.uid')).toBeVisible();
  expect(await manifest(page)).toBe(text);
});

test('problems name their document and are fixed in the list; labels show theirs', async ({ page, origin }) => {
  const wrong = `${changed('  name: fields\n', '  name: fields\n  namespace: other\n  labels: {a: 1.10}\n')}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, uid: u}\n`;
  await form(page, origin, wrong, 'Labels');
  await page.locator('fieldset', { hasText: 'Labels of the Job' }).getByRole('button', { name: 'Fix it: set a to 1.10' }).click();
  await page.locator('.problems > summary').click();
  const rows = page.locator('.problem-row');
  await expect(rows.filter({ hasText: 'ConfigMap c: metadata.uid' })).toHaveCount(1);
  await rows.filter({ hasText: 'Job fields: metadata.namespace' }).getByRole('button', { name: 'set namespace to demo' }).click();
  expect(await manifest(page)).toBe(wrong.replace('namespace: other', 'namespace: demo').replace('a: 1.10', 'a: "1.10"'));
});

test('an empty form blames nobody until it is left or created', async ({ page, origin }) => {
  await open(page, origin, 'demo');
  await expect(page.locator('.step-wrong')).toHaveCount(0);
  await expect(page.locator('.problems > summary .count-mild')).toHaveText('1');
  await page.getByRole('button', { name: /Pod template/ }).click();
  await expect(page.locator('.step-wrong')).toHaveCount(0);
  await page.getByRole('button', { name: 'Next' }).click();
  await expect(page.locator('.step-wrong')).toHaveCount(1);
});

test('the search is driven by arrows, Enter and Escape', async ({ page, origin }) => {
  await form(page, origin, text, 'Basic information');
  const search = page.getByRole('combobox', { name: 'Find a field' });
  await search.fill('probe');
  await expect(page.getByRole('option', { selected: true })).toContainText('livenessProbe');
  await search.press('ArrowDown');
  await expect(page.getByRole('option', { selected: true })).toContainText('readinessProbe');
  await search.press('Escape');
  await expect(page.getByRole('option')).toHaveCount(0);
  await search.fill('probe');
  await search.press('ArrowUp');
  await search.press('ArrowDown');
  await search.press('ArrowDown');
  await search.press('Enter');
  await expect(page.locator('[id="f-spec-template-spec-containers:0.-readinessProbe"]')).toBeFocused();
});
