// Postprocesses the files that the browser loads, for scripts/build.sh and for Trunk's hook:
//
//   site.mjs bundle PROFILE FOLDER   optimizes the WebAssembly and the script of one bundle (in release)
//   site.mjs assets PROFILE SITE     builds styles, editor and public/ for both bundles
//
// Writes a brotli and a gzip copy of every file, so that the server never compresses.
import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const root = join(import.meta.dirname, '..');
const frontend = join(root, 'frontend');
/** The oldest supported browsers. */
const targets = ['chrome111', 'firefox121', 'safari16.4'];
const require = createRequire(join(frontend, 'package.json'));
const esbuild = require('esbuild');
const [task, profile, folder] = process.env.TRUNK_STAGING_DIR
  ? ['trunk', process.env.TRUNK_PROFILE === 'debug' ? 'quick' : 'release', process.env.TRUNK_STAGING_DIR]
  : process.argv.slice(2);
const release = profile === 'release';

if (task === 'trunk') {
  await rm(join(folder, 'index.html'), { force: true });
  await bundle(folder);
  await assets(join(process.env.TRUNK_DIST_DIR ?? folder, '..'), folder);
} else if (task === 'bundle') {
  await bundle(folder);
} else if (task === 'assets') {
  await assets(folder, join(folder, 'pkg'));
} else {
  throw new Error('usage: site.mjs bundle|assets PROFILE FOLDER');
}

async function bundle(folder) {
  if (release) {
    shrink(join(folder, 'frontend_bg.wasm'));
    await minify(join(folder, 'frontend.js'));
  }
  await compress(folder);
}

/** Builds everything except WebAssembly; the styles are next to the first bundle. */
async function assets(site, styles_folder) {
  await styles(styles_folder);
  await compress(styles_folder);
  await cp(join(root, 'public'), site, { recursive: true });
  const { build } = await import(join(frontend, 'editor/build.mjs'));
  await build(join(site, 'editor'));
  await compress(join(site, 'editor'));
  await compressFiles(site, (await readdir(join(root, 'public'))).map((name) => join(site, name)));
}

function shrink(file) {
  const bin = join(frontend, 'node_modules/.bin/wasm-opt');
  const features = ['bulk-memory', 'bulk-memory-opt', 'mutable-globals', 'nontrapping-float-to-int', 'reference-types', 'sign-ext', 'multivalue', 'call-indirect-overlong'];
  // Repeated until the size no longer decreases: the second round still saves 0.4 %. Without inlining: functions that
  // were generated for many types stay alike, which brotli makes 8 % smaller although the file is 3 % larger.
  const inlining = ['one-caller', 'always', 'flexible'].map((which) => `--${which}-inline-max-function-size=0`);
  execFileSync(bin, ['-Oz', '--converge', ...inlining, ...features.map((name) => `--enable-${name}`), file, '-o', file], { stdio: 'inherit' });
}

/** Minifies the output of wasm-bindgen. */
async function minify(file) {
  const { code } = await esbuild.transform(await readFile(file, 'utf8'), { minify: true, format: 'esm', target: targets });
  await writeFile(file, code);
}

async function styles(folder) {
  await esbuild.build({
    entryPoints: [join(root, 'style/main.css')],
    bundle: true,
    minify: true,
    target: targets,
    outfile: join(folder, 'jobwright.css'),
    logLevel: 'warning',
  });
}

async function compress(folder) {
  const entries = await readdir(folder, { recursive: true });
  await compressFiles(folder, entries.map((name) => join(folder, name)));
}

async function compressFiles(folder, files) {
  for (const file of files) {
    if (!/\.(js|css|wasm|svg|txt|ttf|json)$/.test(file)) continue;
    const stamp = (await stat(file)).mtimeMs;
    const done = await stat(`${file}.br`).then((found) => found.mtimeMs >= stamp, () => false);
    if (done) continue;
    const content = await readFile(file);
    const quality = release ? 11 : 4;
    await mkdir(join(folder), { recursive: true });
    await writeFile(`${file}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: content.length } }));
    await writeFile(`${file}.gz`, gzipSync(content, { level: 9 }));
    if (process.env.VERBOSE) console.log(relative(root, file), content.length);
  }
}
