// What the files in deploy/ say, for the tests that check them and for those that run containers by them.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { ROOT } from './installed.ts';

export type Manifest = Record<string, unknown>;

export interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}

interface Labels {
  readonly [name: string]: string;
}

interface Container {
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly readinessProbe: Probe;
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
}

interface Pod {
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: { readonly runAsUser: number };
  readonly containers: readonly Container[];
}

interface DeploymentFile {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly selector: { readonly matchLabels: Labels };
    readonly strategy: { readonly rollingUpdate: unknown };
    readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: Pod };
  };
}

interface ComposeService {
  readonly environment: Readonly<Record<string, string>>;
  readonly stop_grace_period: string;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
}

export interface ImageConfiguration {
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
  readonly user: string;
  readonly command: readonly string[];
}

function read(name: string): string {
  return fs.readFileSync(path.join(ROOT, 'deploy', name), 'utf8');
}

/** Of deploy/kubernetes. */
export function manifest(name: string): Manifest {
  return parse(read(`kubernetes/${name}`));
}

export function deployment(): DeploymentFile & {
  readonly pod: Pod;
  readonly container: Container;
  readonly env: ReadonlyMap<string, string>;
} {
  const file: DeploymentFile = parse(read('kubernetes/deployment.yaml'));
  const pod = file.spec.template.spec;
  const [container] = pod.containers;
  assert.ok(container !== undefined);
  return { ...file, pod, container, env: new Map(container.env.map(({ name, value }) => [name, value])) };
}

export function compose(): {
  readonly file: unknown;
  readonly service: ComposeService;
  readonly environment: Readonly<Record<string, string>>;
} {
  const file: { readonly services: { readonly hello: ComposeService } } = parse(read('compose.yaml'));
  const service = file.services.hello;
  return { file, service, environment: service.environment };
}

/** What the last stage of the Dockerfile gives to its containers. */
export function imageConfiguration(): ImageConfiguration {
  const [, last = ''] = read('Dockerfile').split(/^FROM .* AS build$[^]*?^(?=FROM )/m);
  const of = (instruction: string): string =>
    new RegExp(`^${instruction} (.+)$`, 'm').exec(last)?.[1] ?? assert.fail(`no ${instruction}`);
  return {
    env: Object.fromEntries(
      of('ENV')
        .split(' ')
        .map((pair) => pair.split('=')),
    ),
    workdir: of('WORKDIR'),
    user: of('USER'),
    command: JSON.parse(of('CMD')),
  };
}
