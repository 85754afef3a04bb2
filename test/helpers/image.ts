// Images of containers, without a registry: a folder by the last stage of deploy/Dockerfile, or one that podman builds by it.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { bundle } from './bundled.ts';
import { imageConfiguration } from './deploy-files.ts';
import { ROOT, installPacked, pack } from './installed.ts';
import { ULIMITS, createPodman } from './podman.ts';
import type { Podman } from './podman.ts';

interface TestContext {
  after(hook: () => void | Promise<void>): void;
}

export interface Image {
  readonly podman: Podman;
  /** Options of `podman run`. */
  readonly flags: readonly string[];
  /** What `podman run` starts. */
  readonly words: readonly string[];
}

/** The app with the packed package, and no more than Node.js needs. There is no /tmp. */
export function createImage(t: TestContext, node: string): Image {
  const folder = temporaryFolder(t);
  const image = path.join(folder, 'image');
  const { env, workdir, user, command } = imageConfiguration();
  const app = path.join(image, workdir);
  fs.mkdirSync(app, { recursive: true });
  installPacked(app, packedOnce());
  write(app, 'package.json', JSON.stringify({ name: 'hello', type: 'module' }));
  write(app, 'main.js', fixture('contained.js'));
  write(app, 'app.js', fixture('app.js'));
  for (const name of ['lib', 'lib64']) fs.symlinkSync(`usr/${name}`, path.join(image, name));
  fs.mkdirSync(path.join(image, 'usr/local/bin'), { recursive: true });
  const libraries = ['/usr/lib', '/usr/lib64'].filter((place) => fs.existsSync(place));
  return {
    podman: createPodman(t),
    flags: [
      ['--workdir', workdir, '--user', user],
      Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
      ['--volume', `${node}:/usr/local/bin/node:ro`],
      libraries.flatMap((place) => ['--volume', `${place}:${place}:ro`]),
    ].flat(),
    words: ['--rootfs', image, ...command],
  };
}

/**
 * The same service, built by podman with deploy/Dockerfile. The programs of its base image are those of this machine. The app is
 * a bundle, which needs no package.
 */
export async function buildImage(t: TestContext): Promise<Image> {
  const folder = temporaryFolder(t);
  const podman = createPodman(t);
  // The folder of Node.js, with npm.
  const prefix = path.dirname(path.dirname(fs.realpathSync(process.execPath)));
  const volumes = [...new Set(['/usr', prefix])].flatMap((place) => ['--volume', `${place}:${place}:ro`]);
  const base = path.join(folder, 'base');
  fs.mkdirSync(path.join(base, 'tmp'), { recursive: true });
  for (const name of ['bin', 'lib', 'lib64']) fs.symlinkSync(`usr/${name}`, path.join(base, name));
  const archive = path.join(folder, 'base.tar');
  execFileSync('tar', ['-C', base, '-cf', archive, '.']);
  const variables = `ENV PATH=${prefix}/bin:/usr/bin:/bin HOME=/tmp`;
  await podman.run('import', '--change', variables, archive, 'docker.io/library/node:24-slim');

  const context = path.join(folder, 'hello');
  fs.mkdirSync(context);
  for (const name of ['Dockerfile', '.dockerignore'])
    fs.copyFileSync(path.join(ROOT, 'deploy', name), path.join(context, name));
  const manifest = { name: 'hello', version: '1.0.0', type: 'module' };
  write(context, 'package.json', JSON.stringify(manifest));
  write(
    context,
    'package-lock.json',
    JSON.stringify({ ...manifest, lockfileVersion: 3, packages: { '': manifest } }),
  );
  write(path.join(context, 'node_modules/native'), 'addon.node', 'of another machine');
  installPacked(folder, packedOnce());
  write(folder, 'app.js', fixture('app.js'));
  await bundle(fixture('contained.js'), folder, path.join(context, 'main.js'), 'esm');
  await podman.run(
    'build',
    '--pull=never',
    '--network',
    'none',
    ...ULIMITS,
    ...volumes,
    '--tag',
    'hello',
    context,
  );
  return { podman, flags: volumes, words: ['hello'] };
}

let packed: string | undefined;

/** The package as npm delivers it, for all images of this process. */
function packedOnce(): string {
  if (packed !== undefined) return packed;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-'));
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  packed = pack(folder);
  return packed;
}

function fixture(name: string): string {
  return fs.readFileSync(path.join(ROOT, 'test/fixtures', name), 'utf8');
}

function write(folder: string, name: string, text: string): void {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, name), text);
}

function temporaryFolder(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fastify-clustered-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}
