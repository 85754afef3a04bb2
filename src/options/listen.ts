// Section: where the service listens.
import {
  asNumber,
  count,
  group,
  invalid,
  isObject,
  ms,
  optional,
  orVariable,
  text,
  trueOrFalse,
  withDefault,
} from './checks.ts';
import type { Check, Checks, ChecksOf, Runtime } from './checks.ts';
import type { Permissions } from '../net/socket-file.ts';
import { checkAccount, checkFd, checkMode, checkPath } from './sockets.ts';
import { readVariable, variableOf } from './variables.ts';

/**
 * One place where the service listens: a port, a Unix socket, or a descriptor.
 * @throws FST_CLUSTERED_LISTEN_FAILED: the port or the path is in use, the address is not allowed, the host is unknown, or there is
 * no such descriptor.
 */
export interface ListenOptions {
  /**
   * The port. `0`: any free port, the same one for every worker.
   * @default the environment variable PORT, else 3000
   */
  port?: number | undefined;
  /**
   * The host name or address. `'localhost'` means every address that it resolves to; in a container use `'0.0.0.0'`.
   * @default the environment variable FASTIFY_ADDRESS, else 'localhost'
   */
  host?: string | undefined;
  /**
   * Of an IPv6 address such as `'::'`: take no connections over IPv4.
   * @default false
   */
  ipv6Only?: boolean | undefined;
  /**
   * The path of a Unix socket, instead of a port: at most 107 bytes (unix(7)). The primary makes its file, replaces one that a killed
   * process has left, and removes it at shutdown.
   * @default undefined
   */
  path?: string | undefined;
  /**
   * The mode of the socket's file. To connect, a client needs the permission to write.
   * @default 0o660
   */
  mode?: number | undefined;
  /**
   * The user that the socket's file belongs to: a number, or a name in /etc/passwd. Only root may give it away.
   * @default the user of the service
   */
  owner?: number | string | undefined;
  /**
   * The group that the socket's file belongs to: a number, or a name in /etc/group. Who is not root may choose among its own groups.
   * @default the group of the service, or of the directory where that is inherited
   */
  group?: number | string | undefined;
  /**
   * A listening socket that the process was started with, instead of a port: its descriptor, or its name in LISTEN_FDNAMES (systemd
   * socket activation, sd_listen_fds(3)). It stays open for whoever handed it over: nothing is refused while the service restarts.
   * @default undefined
   */
  fd?: number | string | undefined;
  /**
   * The app does not serve it, but the server that takes this name: `worker.listen(server, name)`.
   * @default undefined
   */
  name?: string | undefined;
  /**
   * How many connections the kernel queues until a worker accepts them. The kernel may cap it (`net.core.somaxconn`). Of a descriptor,
   * unless it is given: as many as the kernel allows.
   * @default 511
   */
  backlog?: number | undefined;
  /**
   * How long the primary waits for a port or a path that is in use, in ms: the workers of a primary that was killed hold it until they
   * have finished. `0`: not at all. A single process (`workers: 0`) never waits.
   * @default 10_000
   */
  timeoutMs?: number | undefined;
}

/** One endpoint as the code, or the environment, says it. `backlog` null: as many as the kernel allows. */
export type Place = (TcpPlace | UnixPlace | DescriptorPlace) & {
  readonly name: string | null;
  readonly timeoutMs: number;
};

export interface TcpPlace {
  readonly type: 'tcp';
  readonly host: string;
  readonly port: number;
  readonly ipv6Only: boolean;
  readonly backlog: number;
}

export interface UnixPlace extends Permissions {
  readonly type: 'unix';
  readonly path: string;
  readonly backlog: number;
}

export interface DescriptorPlace {
  readonly type: 'descriptor';
  /** Its name, where it was handed over with one. */
  readonly fd: number | string;
  readonly backlog: number | null;
}

export interface ListenSettings {
  readonly places: readonly Place[];
  /** The code, or a variable of these options, says where. If not, descriptors that were handed over take the place of the default. */
  readonly isChosen: boolean;
  /** For those. Null: the code says nothing. */
  readonly givenBacklog: number | null;
}

const CHECKS = {
  port: orVariable('PORT', count({ default: 3000, max: 65_535 }), asNumber),
  host: orVariable(
    'FASTIFY_ADDRESS',
    withDefault(() => 'localhost', text),
  ),
  ipv6Only: trueOrFalse({ default: false }),
  path: optional(checkPath),
  mode: withDefault(() => 0o660, checkMode),
  owner: optional(checkAccount),
  group: optional(checkAccount),
  fd: optional(checkFd),
  name: optional(text),
  backlog: count({ default: 511, min: 1, max: 65_535 }),
  timeoutMs: ms({ default: 10_000 }),
} satisfies ChecksOf<ListenOptions>;

const checkOne = group(CHECKS);

type One = ReturnType<typeof checkOne>;

/** One endpoint, or several. */
export const checkListen: Check<One | readonly One[]> & { readonly checks: Checks } = Object.assign(
  (value: unknown, name: string, runtime: Runtime): One | readonly One[] => {
    if (!Array.isArray(value)) return checkPlace(value, name, runtime);
    if (value.length === 0) throw invalid(name, value, 'an object, or an array of at least one');
    const all = value.map((each, index) => checkPlace(each, `${name}[${index}]`, runtime));
    if (all.every((one) => one.name !== null))
      throw invalid(`${name}[0].name`, all[0]?.name, 'at least one endpoint without a name, for the app');
    return all;
  },
  { checks: CHECKS },
);

/** What says where, by kind: an endpoint is of one kind only. */
const KINDS = [['port', 'host', 'ipv6Only'], ['path', 'mode', 'owner', 'group'], ['fd']] as const;

/** With one of these the code says where. */
const WHERE = ['port', 'host', 'path', 'fd'] as const;

function checkPlace(value: unknown, name: string, runtime: Runtime): One {
  if (value !== undefined && !isObject(value))
    throw invalid(name, value, 'an object, or an array of objects');
  const given = (key: string): boolean => Reflect.get(Object(value), key) !== undefined;
  // The first key of each kind names it.
  const kinds = KINDS.map((keys) => keys.find(given)).filter((key) => key !== undefined);
  const [first, second] = kinds;
  if (first !== undefined && second !== undefined)
    throw invalid(
      `${name}.${second}`,
      Reflect.get(Object(value), second),
      `nothing, beside ${name}.${first}`,
    );
  return checkOne(value, name, withoutOtherKinds(value, name, runtime));
}

/** What the code says wins: a path in a variable does not count beside a port in the code. */
function withoutOtherKinds(value: unknown, name: string, runtime: Runtime): Runtime {
  const kind = KINDS.find((keys) => keys.some((key) => Reflect.get(Object(value), key) !== undefined));
  if (kind === undefined) return runtime;
  const others = KINDS.filter((keys) => keys !== kind).flat();
  const ignored = others.map((key) => [variableOf(`${name}.${key}`), undefined] as const);
  return { ...runtime, env: { ...runtime.env, ...Object.fromEntries(ignored) } };
}

/** @param given the option as it came; `checked`: what became of it */
export function listenSettings(
  given: unknown,
  checked: One | readonly One[],
  { env }: Runtime,
): ListenSettings {
  if (Array.isArray(given) && Array.isArray(checked))
    return {
      isChosen: true,
      givenBacklog: null,
      places: checked.map((one, index) => placeOf(given[index], one)),
    };
  const one = checked as One;
  if (one.name !== null)
    throw invalid('listen.name', one.name, 'nothing: the app needs an endpoint without a name');
  const set = (key: string): unknown =>
    Reflect.get(Object(given), key) ?? readVariable(env, variableOf(`listen.${key}`));
  const isChosen = WHERE.some((key) => set(key) !== undefined);
  const said = { backlog: set('backlog') };
  return { isChosen, givenBacklog: givenBacklog(said, one), places: [placeOf(said, one)] };
}

function placeOf(
  given: unknown,
  { port, host, ipv6Only, path, mode, owner, group, fd, name, backlog, timeoutMs }: One,
): Place {
  const common = { name, timeoutMs };
  if (path !== null) return { type: 'unix', path, mode, owner, group, backlog, ...common };
  if (fd === null) return { type: 'tcp', host, port, ipv6Only, backlog, ...common };
  return { type: 'descriptor', fd, backlog: givenBacklog(given, { backlog }), ...common };
}

function givenBacklog(given: unknown, { backlog }: Pick<One, 'backlog'>): number | null {
  return Reflect.get(Object(given), 'backlog') === undefined ? null : backlog;
}
