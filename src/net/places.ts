// Decides where the service listens: what the code says counts first, then what was handed over, then the environment.
import { ListenError } from '../errors.ts';
import type { DescriptorPlace, ListenSettings, Place } from '../options/index.ts';
import { endpointName } from './handed-over.ts';
import type { HandedDescriptor, HandedOver } from './handed-over.ts';

export interface Places {
  readonly places: readonly Place[];
  /** What was handed over, and is not served. Null: nothing. */
  readonly unused: Unused | null;
}

export interface Unused {
  readonly descriptors: readonly HandedDescriptor[];
  readonly explanation: string;
}

/** @throws FST_CLUSTERED_LISTEN_FAILED: no descriptor of that name was handed over, or none is for the app */
export function placesOf(settings: ListenSettings, handed: HandedOver): Places {
  const { descriptors, toOther } = handed;
  if (toOther !== null) {
    const explanation = `LISTEN_PID is ${toOther}, which is not this process: ${NOT_NODE}`;
    return { places: chosen(settings, descriptors), unused: { descriptors, explanation } };
  }
  if (!settings.isChosen && descriptors.length > 0)
    return { places: all(settings, descriptors), unused: null };
  const places = chosen(settings, descriptors);
  const used = new Set(places.map((place) => (place.type === 'descriptor' ? place.fd : undefined)));
  const unused = descriptors.filter(({ fd }) => !used.has(fd));
  return {
    places,
    unused: unused.length === 0 ? null : { descriptors: unused, explanation: SAID_OTHERWISE },
  };
}

const NOT_NODE =
  'the sockets were handed over to another one, such as npm or a shell; have node itself started (ExecStart=)';

const SAID_OTHERWISE =
  'the sockets were handed over (LISTEN_FDS), but the option listen says otherwise; leave it out, or name them there (listen.fd)';

function all(
  { givenBacklog, places: [common] }: ListenSettings,
  descriptors: readonly HandedDescriptor[],
): readonly Place[] {
  const places = descriptors.map((descriptor) => ({
    type: 'descriptor' as const,
    fd: descriptor.fd,
    name: endpointName(descriptor),
    backlog: givenBacklog,
    timeoutMs: common?.timeoutMs ?? 0,
  }));
  if (places.some(({ name }) => name === null)) return places;
  const [first] = descriptors;
  const names = descriptors.map(({ name }) => name).join(', ');
  throw new ListenError(
    `the descriptors that were handed over (${names})`,
    `each has a name, so the app would serve none; say which one is the app's, such as listen: { fd: '${first?.name}' }`,
  );
}

/** Puts the numbers in the places of names. Several descriptors may have one name. */
function chosen({ places }: ListenSettings, descriptors: readonly HandedDescriptor[]): readonly Place[] {
  return places.flatMap((place): readonly Place[] =>
    place.type === 'descriptor' ? named(place, descriptors) : [place],
  );
}

function named<P extends DescriptorPlace>(place: P, descriptors: readonly HandedDescriptor[]): readonly P[] {
  const { fd: wanted } = place;
  if (typeof wanted === 'number') return [place];
  const found = descriptors.filter(({ name }) => name === wanted);
  if (found.length > 0) return found.map(({ fd }) => ({ ...place, fd }));
  const names = descriptors.map(({ name }) => name).join(', ');
  const which = descriptors.length === 0 ? 'none was handed over' : `these were handed over: ${names}`;
  throw new ListenError(
    `the descriptor '${wanted}'`,
    `no descriptor of that name was handed over (listen.fd, LISTEN_FDNAMES); ${which}`,
  );
}
