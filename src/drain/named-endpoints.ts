// The named endpoints of the service: each is for a further server of the app, which takes it by its name.
import net from 'node:net';
import { listenWithServer } from '../app/listen.ts';
import type { Opening } from '../app/listen.ts';
import { invalid } from '../options/checks.ts';
import type { FurtherServers } from './further-servers.ts';

export interface NamedEndpointsParts {
  /** Null: this process was not started with startClustered, so no name is known, and none is wrong. */
  readonly names: ReadonlySet<string> | null;
  readonly furtherServers: FurtherServers;
  /** Empty: the process is about to end, so nothing is listened on any more. */
  openings(name: string): Promise<readonly Opening[]>;
}

export class NamedEndpoints {
  readonly #parts: NamedEndpointsParts;
  readonly #taken = new Set<string>();

  constructor(parts: NamedEndpointsParts) {
    this.#parts = parts;
  }

  /** Those that no server has taken. */
  get untaken(): readonly string[] {
    return [...(this.#parts.names ?? [])].filter((name) => !this.#taken.has(name));
  }

  /**
   * Has the server listen there, and drained like the app's own. Settles when it listens.
   * @throws FST_CLUSTERED_OPTION_INVALID: rejects with it if there is no such name, or it is taken, or the server is none
   */
  async listen(server: net.Server, name: string): Promise<void> {
    const { names, furtherServers } = this.#parts;
    if (server instanceof net.Server && server.listening)
      throw invalid('server', server, 'a server that does not listen yet');
    if (names !== null && !names.has(name)) throw invalid('name', name, namesOf(names));
    if (this.#taken.has(name)) throw invalid('name', name, 'a name that no server has taken yet');
    furtherServers.add(server);
    this.#taken.add(name);
    const openings = await this.#parts.openings(name);
    furtherServers.listensAt(server, await listenWithServer(server, openings));
  }
}

function namesOf(names: ReadonlySet<string>): string {
  if (names.size === 0) return 'nothing: no endpoint has a name (listen.name)';
  return `the name of an endpoint (listen.name): ${[...names].join(', ')}`;
}
