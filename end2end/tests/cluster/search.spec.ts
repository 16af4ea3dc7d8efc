// Fields of the cluster's schema, and the search for a field.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, signIn, test } from '../../lib/test.ts';
import { open } from '../../lib/wizard.ts';

test.beforeEach(async ({ page, server }) => signIn(page, server));

test('metadata offers what a user may set, and nothing else', async ({ page, origin }) => {
  await open(page, origin, 'demo');
  await page.getByLabel('Name', { exact: true }).fill('fields');
  const offered = async () => {
    await page.getByText('All other fields').first().click();
    return page.locator('.add-field').first().locator('option').allTextContents();
  };
  expect((await offered()).slice(1).sort()).toEqual(['finalizers', 'generateName', 'ownerReferences']);
  await page.getByRole('button', { name: /Labels/ }).click();
  expect((await offered()).slice(1)).toEqual(['finalizers']);
  await page.getByRole('button', { name: /Job settings/ }).click();
  expect((await offered()).filter((name) => name.startsWith('template'))).toEqual([]);
});

/** Returns the element id of a path (`fields::id_in`). */
const idOf = (path: string) => `f-${path.replaceAll('.', '-').replaceAll('[', ':').replaceAll(']', '.')}`;

test('every word that a user would look for leads to its field and into it', async ({ page, origin }) => {
  test.skip(process.env.KUBERNETES === 'oldest', 'Kubernetes 1.20 lacks some of these fields, such as suspend');
  test.setTimeout(180_000);
  const table = readFileSync(join(import.meta.dirname, '../../files/field-words.tsv'), 'utf8');
  const words = table.split('\n').filter((line) => line && !line.startsWith('#')).map((line) => line.split('\t') as [string, string]);
  expect(words).toHaveLength(60);
  await open(page, origin, 'demo');
  await page.getByLabel('Name', { exact: true }).fill('words');
  const search = page.getByRole('combobox', { name: 'Find a field' });
  let first = 0;
  for (const [word, short] of words) {
    const path = short.replace('CONTAINER.', 'POD.containers[0].').replace('POD.', 'spec.template.spec.');
    await search.fill(word);
    // The fields of the cluster's schema arrive with the first search.
    await expect(page.getByRole('option', { name: path }).first(), word).toBeVisible();
    const isFirst = (await page.getByRole('option').first().locator('code').textContent()) === path;
    if (!isFirst) await page.getByRole('option', { name: path }).first().click();
    else await search.press('Enter');
    first += Number(isFirst);
    await expect(async () => {
      const focused = await page.evaluate((id) => document.activeElement?.closest(`[id="${id}"]`) !== null, idOf(path));
      expect(focused, `${word}: ${path}`).toBe(true);
    }).toPass({ timeout: 3000 });
  }
  expect(first).toBeGreaterThanOrEqual(55);
});
