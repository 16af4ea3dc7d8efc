// Data that other consoles lose, with a test for each loss. The text is compared byte for byte with the result of
// the same edit made by hand.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, signIn, test } from '../../lib/test.ts';
import { editMode, manifest, open, paste } from '../../lib/wizard.ts';

const text = readFileSync(join(import.meta.dirname, '../../files/losses.yaml'), 'utf8');

test.beforeEach(async ({ page, server, origin, expected }) => {
  expected.allow(/response: 5\d\d|status of 5\d\d|\/stream\//);
  await signIn(page, server);
  await open(page, origin, 'demo', '?edit=1');
  await paste(page, text);
  await editMode(page, false);
});

async function step(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: new RegExp(name) }).click();
}

/** Finds the card of a container or volume. */
const card = (page: Page, name: string) => page.locator('section.card', { has: page.getByText(name, { exact: true }) }).first();

/** Returns the pasted text with one change. */
const changed = (from: string, to: string) => {
  expect(text).toContain(from);
  return text.replace(from, to);
};

test('the first edit in the form preserves comments, order and quotes', async ({ page }) => {
  await page.getByLabel('Name', { exact: true }).first().fill('renamed');
  expect(await manifest(page)).toBe(changed('name: kept #', 'name: renamed #'));
});

test('switching the mode back and forth does not change the text', async ({ page }) => {
  for (let turn = 0; turn < 3; turn += 1) {
    await editMode(page, true);
    await editMode(page, false);
  }
  expect(await manifest(page)).toBe(text);
});

test('a second document of the same kind is preserved', async ({ page }) => {
  await step(page, 'Job settings');
  await page.getByLabel('Completions').fill('3');
  expect(await manifest(page)).toBe(changed('completions: 2   #', 'completions: 3   #'));
});

test('a backoff limit of 0 is a value', async ({ page }) => {
  await step(page, 'Job settings');
  await page.getByLabel('Backoff limit', { exact: true }).fill('0');
  expect(await manifest(page)).toBe(changed('backoffLimit: 6', 'backoffLimit: 0'));
});

test('a number that is cleared and retyped keeps its position and its comment', async ({ page }) => {
  await step(page, 'Job settings');
  const completions = page.getByLabel('Completions');
  await completions.fill('');
  // Clearing it removes its line, but not the comment.
  expect(await manifest(page)).toBe(changed('  completions: 2   # two\n', '  # two\n'));
  await completions.fill('3');
  expect(await manifest(page)).toBe(changed('completions: 2   #', 'completions: 3   #'));
  await page.getByRole('button', { name: 'Undo' }).click();
  expect(await manifest(page)).toBe(text);
});

test('editing the container preserves user 0, pull Secrets and GPUs', async ({ page }) => {
  await step(page, 'Pod template');
  await card(page, 'main').getByLabel('Image', { exact: true }).fill('busybox:1.37');
  expect(await manifest(page)).toBe(changed('image: busybox:1.36\n', 'image: busybox:1.37\n'));
});

test('editing the memory preserves its unit and other resources', async ({ page }) => {
  await step(page, 'Pod template');
  const memory = card(page, 'main').getByLabel('Memory limit', { exact: true });
  await expect(memory).toHaveValue('500');
  await memory.fill('600');
  expect(await manifest(page)).toBe(changed('memory: 500M', 'memory: 600M'));
});

test('half a core is displayed and kept as written', async ({ page }) => {
  await step(page, 'Pod template');
  await expect(card(page, 'main').getByLabel('CPU request', { exact: true })).toHaveValue('0.5');
});

test('editing one port preserves the other ports', async ({ page }) => {
  await step(page, 'Pod template');
  const main = card(page, 'main');
  await main.getByText('Advanced options').click();
  await main.locator('[id$="ports:0.-containerPort"]').fill('8081');
  expect(await manifest(page)).toBe(changed('containerPort: 8080', 'containerPort: 8081'));
});

test('a variable from a Pod field is preserved when another variable changes', async ({ page }) => {
  await step(page, 'Pod template');
  const main = card(page, 'main');
  await main.getByText('Advanced options').click();
  await main.getByLabel('Value 1', { exact: true }).fill('x');
  expect(await manifest(page)).toBe(changed('value: ""', 'value: x'));
});

test('a comma in a command argument does not split it', async ({ page }) => {
  await step(page, 'Pod template');
  const main = card(page, 'main');
  await main.getByText('Advanced options').click();
  await expect(main.getByLabel('Command 3', { exact: true })).toHaveValue('echo a, b');
  await main.getByLabel('Command 3', { exact: true }).fill('echo a, c');
  expect(await manifest(page)).toBe(changed('"echo a, b"', '"echo a, c"'));
});

test('emptyDir volumes keep their medium, size and order, and an empty one is preserved', async ({ page }) => {
  await step(page, 'Volumes');
  await card(page, 'scratch').getByLabel('Volume name').fill('scratch2');
  expect(await manifest(page)).toBe(text.replaceAll('name: scratch', 'name: scratch2'));
});

test('both mounts of one volume are preserved with their sub-paths', async ({ page }) => {
  await step(page, 'Volumes');
  await card(page, 'scratch').getByLabel('Mount path').nth(1).fill('/c');
  expect(await manifest(page)).toBe(changed('mountPath: /b', 'mountPath: /c'));
});

test('renaming a ConfigMap preserves its mode and optional', async ({ page }) => {
  await step(page, 'Volumes');
  await card(page, 'settings').locator('[id$="configMap-name"]').fill('other');
  expect(await manifest(page)).toBe(changed('{name: settings, defaultMode', '{name: other, defaultMode'));
});

test('strings that look like numbers and booleans keep their type', async ({ page }) => {
  await step(page, 'Labels');
  await page.getByLabel('Labels of the Job 1: Value').fill('2');
  expect(await manifest(page)).toBe(changed('number: "1" #', 'number: "2" #'));
});

test('removing a container removes only its own comment', async ({ page }) => {
  await step(page, 'Pod template');
  await page.getByRole('button', { name: 'Remove container side' }).click();
  expect(await manifest(page)).toBe(changed('        # the second\n        - name: side\n          image: "busybox:1.36"\n', ''));
});

test('a misspelled key erases nothing, and is reported as a problem', async ({ page }) => {
  await editMode(page, true);
  const typed = changed('completions: 2', 'completion: 2');
  await paste(page, typed);
  await editMode(page, false);
  await page.getByLabel('Name', { exact: true }).first().fill('renamed');
  expect(await manifest(page)).toBe(typed.replace('name: kept #', 'name: renamed #'));
});

test('text with syntax errors is never overwritten by the form', async ({ page }) => {
  await editMode(page, true);
  const broken = `${text}  - oops: [`;
  await paste(page, broken);
  await editMode(page, false);
  await expect(page.locator('.wizard-step')).toHaveAttribute('inert', '');
  expect(await manifest(page)).toBe(broken.endsWith('\n') ? broken : `${broken}\n`);
});

test('editing the text and returning to the form discards nothing', async ({ page }) => {
  await editMode(page, true);
  const typed = changed('backoffLimit: 6', 'backoffLimit: 7 # by hand');
  await paste(page, typed);
  await editMode(page, false);
  await step(page, 'Job settings');
  await expect(page.getByLabel('Backoff limit', { exact: true })).toHaveValue('7');
  expect(await manifest(page)).toBe(typed);
});

/** Returns a Job whose container runs a script, in a block scalar with this header. */
const scripted = (header: string, script: string) => `# head
apiVersion: batch/v1
kind: Job
metadata: {name: script} # as typed
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: main
          image: "busybox:1.36"   # pinned
          command:
            - sh
            - -c
            # what it does
            - ${header}
${script.split('\n').map((line) => (line ? `              ${line}` : '')).join('\n')}
          args: [a, "b"] # none
`;

/** Forty lines with all difficult cases. */
const script = Array.from({ length: 8 }, (_, number) => [
  `echo ${number} # "x": 'y'`, 'if true; then', '  echo -- \\', `\t--- ${number} é🚀`, number % 3 ? 'fi' : 'fi\n',
]).flat().slice(0, 40).join('\n');

test('a script of forty lines is edited at every position, and all other bytes are preserved', async ({ page }) => {
  test.setTimeout(180_000);
  await editMode(page, true);
  await paste(page, scripted('|-', script));
  await editMode(page, false);
  await step(page, 'Pod template');
  const main = card(page, 'main');
  await main.getByText('Advanced options').click();
  const area = main.getByLabel('Command 3', { exact: true });
  await expect(area).toHaveValue(script);
  const wrong = await area.evaluate(async (element, { before, script }) => {
    const area = element as HTMLTextAreaElement;
    const shown = () => [...document.querySelectorAll('.preview-line > span:last-child')].map((line) => line.textContent).join('\n') + '\n';
    const rest = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    const indent = ' '.repeat(14);
    const start = before.indexOf('- |-\n') + 5;
    const wrong: unknown[] = [];
    area.focus();
    for (let at = 0; at <= script.length; at += 1) {
      // Not within a surrogate pair.
      if (/[\uDC00-\uDFFF]/.test(script[at] ?? '')) continue;
      area.setSelectionRange(at, at);
      document.execCommand('insertText', false, '!');
      await rest();
      const lines = `${script.slice(0, at)}!${script.slice(at)}`.split('\n').map((line) => (line ? indent + line : ''));
      const wanted = before.slice(0, start) + lines.join('\n') + before.slice(before.indexOf('\n          args'));
      if (shown() !== wanted) wrong.push([at, shown()]);
      area.setSelectionRange(at, at + 1);
      document.execCommand('delete');
      await rest();
      if (shown() !== before) wrong.push([at, 'back', shown()]);
      if (area.selectionStart !== at) wrong.push([at, 'cursor', area.selectionStart]);
    }
    return wrong.slice(0, 3);
  }, { before: scripted('|-', script), script });
  expect(wrong).toEqual([]);
});

test('a string with a line break becomes a block scalar, and Enter breaks only multi-line strings', async ({ page }) => {
  await step(page, 'Pod template');
  const main = card(page, 'main');
  await main.getByText('Advanced options').click();
  const command = main.getByLabel('Command 3', { exact: true });
  await command.focus();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.keyboard.insertText('echo "c"\tä\u00a0🚀');
  expect(await manifest(page)).toBe(changed('"echo a, b"', '"echo a, b\\necho \\"c\\"\\tä\u00a0🚀"'));
  const image = main.getByLabel('Image', { exact: true });
  await image.focus();
  await page.keyboard.press('Enter');
  await expect(image).toHaveValue('busybox:1.36');
  await page.getByRole('button', { name: 'Undo' }).click();
  expect(await manifest(page)).toBe(text);
});

test('annotations, data and variables accept pasted lines unchanged', async ({ page }) => {
  await editMode(page, true);
  await paste(page, `${scripted('|-', 'x')}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  key: value # c\n`);
  await editMode(page, false);
  await page.getByLabel('Description').fill('one\n\ntwo');
  await step(page, 'Volumes');
  await page.getByLabel('Data 1: Value').fill('[a]\n\tb = 1\n');
  await step(page, 'Labels');
  await page.getByRole('group', { name: 'Annotations of its Pods' }).getByRole('button').click();
  await page.getByLabel('Annotations of its Pods 1: Value').fill(' first\nsecond');
  const now = await manifest(page);
  expect(now).toContain('kubesphere.io/description: "one\\n\\ntwo"');
  expect(now).toContain('data:\n  key: | # c\n    [a]\n    \tb = 1\n');
  expect(now).toContain('        key: |2-\n           first\n          second\n');
});

test('a value keeps its carriage returns when it is edited elsewhere', async ({ page }) => {
  await editMode(page, true);
  await paste(page, scripted('"one\\r\\ntwo\\rthree\\nfour"', ''));
  await editMode(page, false);
  await step(page, 'Pod template');
  const main = card(page, 'main');
  await main.getByText('Advanced options').click();
  const area = main.getByLabel('Command 3', { exact: true });
  await expect(area).toHaveValue('one\ntwo\nthree\nfour');
  await area.focus();
  await page.keyboard.press('Control+End');
  await page.keyboard.type('!');
  expect(await manifest(page)).toContain('- "one\\r\\ntwo\\rthree\\nfour!"');
});

test('lines of a pasted command are not joined with spaces', async ({ page }) => {
  await step(page, 'Pod template');
  const main = card(page, 'main');
  await main.getByText('Advanced options').click();
  await main.getByRole('button', { name: 'Paste a command line' }).click();
  const line = main.getByRole('textbox', { name: 'Paste a command line' });
  await line.fill('echo a\necho b');
  await main.getByRole('button', { name: 'Split into rows' }).click();
  await expect(main.getByText('A line break outside of quotes ends a command')).toBeVisible();
  expect(await manifest(page)).toBe(text);
  await line.fill("tool \\\n  --text 'a\nb'");
  await main.getByRole('button', { name: 'Split into rows' }).click();
  await expect(main.getByLabel('Command 2', { exact: true })).toHaveValue('--text');
  await expect(main.getByLabel('Command 3', { exact: true })).toHaveValue('a\nb');
});

test('JSON that is cut and pasted elsewhere keeps its comments', async ({ page }) => {
  await editMode(page, true);
  await page.getByLabel('Plain text field').check();
  await page.getByRole('radio', { name: 'JSON' }).or(page.getByRole('button', { name: 'JSON', exact: true })).first().click();
  const area = page.getByRole('textbox', { name: 'Manifest' });
  const json = await area.inputValue();
  const cut = json.replace('    "completions": 2,\n', '');
  expect(cut).not.toBe(json);
  await area.fill(cut);
  await area.fill(cut.replace('"backoffLimit": 6,', '"backoffLimit": 6,\n    "completions": 2,'));
  await area.fill(json.replace('"containerPort": 9090', '"containerPort": 9091'));
  await page.getByRole('radio', { name: 'YAML' }).or(page.getByRole('button', { name: 'YAML', exact: true })).first().click();
  await editMode(page, false);
  expect(await manifest(page)).toBe(changed('9090', '9091'));
});
