// The app in this one process, without any cluster.
import { buildApp } from '../app/app.js';
import { HOST, PORT, announceReady } from './surroundings.js';

await buildApp().listen({ host: HOST, port: PORT });
announceReady();
