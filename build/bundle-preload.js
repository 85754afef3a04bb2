// The last step of the build: puts src/worker/preload.ts, with all that it imports, into dist/primary/processes/preload-source.js.
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const { outputFiles } = await build({
  absWorkingDir: ROOT,
  entryPoints: ['src/worker/preload.ts'],
  bundle: true,
  minify: true,
  // A script that runs at once, not a module that is loaded: its imports are calls of `require`.
  format: 'cjs',
  platform: 'node',
  target: 'node20.19',
  write: false,
});
const [bundle] = outputFiles;
if (bundle === undefined) throw new Error('esbuild wrote nothing');
const source = `(require=>{${bundle.text.trim()}})(process.getBuiltinModule)`;
fs.writeFileSync(
  `${ROOT}dist/primary/processes/preload-source.js`,
  `// Made by build/bundle-preload.js from src/worker/preload.ts.\nexport const PRELOAD_SOURCE = ${JSON.stringify(source)};\n`,
);
// It would map to the file that this one stands in for.
fs.rmSync(`${ROOT}dist/primary/processes/preload-source.js.map`);
