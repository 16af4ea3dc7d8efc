// Bundles the editor: Monaco with only what a manifest needs, its worker, its styles and its font.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as esbuild from 'esbuild';

const here = import.meta.dirname;

/** Monaco makes <style> elements; under our content security policy each needs the page's nonce. */
const nonce = {
  name: 'style-nonce',
  setup(build) {
    build.onLoad({ filter: /[\\/]vs[\\/]base[\\/]browser[\\/]domStylesheets\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const mark = "const style = document.createElement('style');";
      if (!source.includes(mark)) throw new Error(`${path} has changed: the nonce has no place`);
      return { contents: source.replace(mark, `${mark}\n    style.nonce = globalThis.JOBWRIGHT_NONCE ?? '';`), loader: 'js' };
    });
  },
};

const common = {
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['chrome111', 'firefox121', 'safari16.4'],
  logLevel: 'warning',
  legalComments: 'none',
};

/** Writes editor.js, editor.css, editor.worker.js and the font into a folder. */
export async function build(outdir) {
  await rm(outdir, { recursive: true, force: true });
  await esbuild.build({
    ...common,
    entryPoints: { editor: join(here, 'editor.js') },
    outdir,
    plugins: [nonce],
    loader: { '.ttf': 'file' },
    assetNames: '[name]',
  });
  await esbuild.build({
    ...common,
    entryPoints: { 'editor.worker': join(here, 'worker.js') },
    outdir,
  });
}
