// Bundles a service into one file, as users do it with esbuild.
import { build } from 'esbuild';
import type { BuildOptions } from 'esbuild';

export type Format = 'esm' | 'cjs';

/** CommonJS modules in an ESM bundle need `require` to load Node's own modules. */
const BANNER = `const require = process.getBuiltinModule('module').createRequire('/');`;

/**
 * Writes the bundle to `outfile`.
 * @param resolveDir where its packages are installed
 */
export async function bundle(
  source: string,
  resolveDir: string,
  outfile: string,
  format: Format,
  options: BuildOptions = {},
): Promise<void> {
  await build({
    stdin: { contents: source, resolveDir },
    outfile,
    bundle: true,
    platform: 'node',
    format,
    ...(format === 'esm' && options.packages !== 'external' ? { banner: { js: BANNER } } : {}),
    logLevel: 'error',
    ...options,
  });
}

/** A service without top-level await, which the CommonJS format cannot have. GET / names the release. */
export function bundledSource(release: string): string {
  return `
import process from 'node:process';
import { clustered, startClustered } from 'fastify-clustered';
import fastify from 'fastify';

async function main() {
  const service = await startClustered(async (worker) => {
    const app = fastify({ forceCloseConnections: false });
    await app.register(clustered, { worker });
    app.get('/', async () => ({ release: '${release}', cwd: process.cwd(), generation: app.clustered.generation }));
    return app;
  }, JSON.parse(process.env.SERVICE_OPTIONS));
  if (service.role === 'single') console.log(JSON.stringify({ msg: 'sockets bound', addresses: service.app.addresses() }));
  if (service.role !== 'primary') return;
  process.on('message', async ({ id, method, args }) => {
    const value = await service[method](...args);
    await new Promise(setImmediate);
    process.send({ id, value });
  });
}

main();
`;
}
