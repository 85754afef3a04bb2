// Listens in a process without a primary.
import type { ServableApp } from '../app/app.ts';
import { listenWithApp } from '../app/listen.ts';
import { Acceptor } from '../drain/acceptor.ts';
import type { Place } from '../options/index.ts';
import { listenError, openingsAt } from './openings.ts';

/** @throws FST_CLUSTERED_LISTEN_FAILED */
export async function listen(app: ServableApp, places: readonly Place[]): Promise<Acceptor> {
  const openings = await openingsAt(places);
  try {
    return new Acceptor(await listenWithApp(app, openings));
  } catch (error) {
    const [place] = places;
    throw place === undefined ? error : listenError(place, error);
  }
}
