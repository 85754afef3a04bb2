// A history in words: one line for each step that mattered.
import type { Announcement, Command } from '../../src/fleet/command.ts';
import type { FleetEvent } from '../../src/fleet/event.ts';
import type { Worker } from '../../src/fleet/worker.ts';
import type { History, Trouble } from './history.ts';
import type { Moment } from './primary.ts';
import type { Observer } from './telling.ts';
import type { World } from './world.ts';

export class Story implements Observer {
  readonly lines: string[] = [];
  readonly #world: World;

  constructor(world: World, history: History) {
    this.#world = world;
    this.lines.push(
      `A fleet of ${history.size} under the policy "${history.policy}" (seed ${history.seed}).`,
    );
    this.lines.push('  Real time | awake time | what happened -> what the fleet does about it');
  }

  trouble(trouble: Trouble): void {
    this.#line('-', `TROUBLE: ${troubleInWords(trouble)}`);
  }

  step({ events, commands, now }: Moment): void {
    const words = commands.map(commandInWords).filter((word) => word !== null);
    const news = events.filter(({ type }) => type !== 'heartbeats').map(eventInWords);
    if (news.length === 0 && words.length === 0) return;
    const happened = news.length === 0 ? 'time passed' : news.join(', ');
    this.#line(String(Math.round(now)), [happened, words.join(', ')].filter(Boolean).join(' -> '));
  }

  recovered(): void {
    this.#line('-', 'The trouble and its aftermath are over.');
  }

  endured(): void {
    this.#line('-', 'The trouble is over, but the releases were not mended.');
  }

  #line(now: string, words: string): void {
    const at = String(Math.round(this.#world.agenda.now));
    this.lines.push(`  ${at.padStart(9)} | ${now.padStart(10)} | ${words}`);
  }
}

function troubleInWords(trouble: Trouble): string {
  const { type, ...details } = trouble;
  const words = Object.entries(details).map(([name, value]) => `${name} ${String(value)}`);
  return [type.replaceAll('-', ' '), ...words].join(', ');
}

function eventInWords(event: FleetEvent): string {
  switch (event.type) {
    case 'heartbeats':
      return 'heartbeats';
    case 'worker-exited':
      return `#${event.worker} exited (${event.signal ?? event.code})`;
    case 'fork-failed':
      return `the fork of #${event.worker} failed`;
    case 'worker-ready':
    case 'worker-failing':
    case 'worker-disconnected':
    case 'worker-incompatible':
    case 'retire-requested':
    case 'debugger-opened':
    case 'debugger-closed':
    case 'leader-stepped-down':
    case 'connections-cut':
      return `#${event.worker} ${event.type.replace('worker-', 'is ')}`;
    case 'restart-requested':
      return `restart with ${event.generation.cwd}`;
    case 'scale-requested':
      return `size ${event.size} requested`;
    case 'scale-stepped':
      return `size ${event.by > 0 ? '+1' : '-1'} requested`;
    case 'stop-requested':
      return event.force ? 'forced stop requested' : 'stop requested';
  }
}

function commandInWords(command: Command): string | null {
  switch (command.type) {
    case 'fork':
      return `fork #${command.worker} for slot ${command.slot} of generation ${command.generation.id}`;
    case 'drain':
      return `drain #${command.worker} (${command.cause})`;
    case 'leave':
      return `tell #${command.worker} that the service is about to stop`;
    case 'shed':
      return `#${command.worker} gives back ${command.connections} connections`;
    case 'elect':
      return `elect #${command.worker} the leader`;
    case 'kill':
      return null;
    case 'release-sockets':
      return 'close the sockets';
    case 'finish':
      return `FINISH ${command.ending.exitCode} (${command.ending.reason})`;
    case 'announce':
      return announcementInWords(command.announcement);
  }
}

function announcementInWords(announcement: Announcement): string | null {
  switch (announcement.type) {
    case 'worker-killed':
      return `kill #${announcement.worker.id} (${killCause(announcement.worker)})`;
    case 'respawn-delayed': {
      const { slot, delayMs, earlyExits } = announcement;
      return `slot ${slot} waits ${Math.round(delayMs)} ms after ${earlyExits} early exits`;
    }
    case 'rollout-started':
      return `the rollout of ${announcement.to.id} starts`;
    case 'rollout-completed':
      return `the rollout of ${announcement.generation} is completed`;
    case 'rollout-aborted':
      return `the rollout of ${announcement.generation} is aborted (${announcement.reason})`;
    case 'rollout-superseded':
      return `the rollout of ${announcement.generation} is superseded`;
    case 'fleet-leaving':
      return 'leaving begins';
    case 'fleet-stopping':
      return `stopping begins (${announcement.ending.reason})`;
    case 'fleet-ready':
      return 'every slot is filled';
    case 'size-changed':
      return `the size goes from ${announcement.from} to ${announcement.to}`;
    case 'worker-forked':
    case 'worker-ready':
    case 'worker-draining':
    case 'worker-failing':
    case 'worker-disconnected':
    case 'worker-exited':
    case 'fork-failed':
    case 'leader-elected':
    case 'leader-stepped-down':
    case 'connections-cut':
    case 'connections-shed':
      return null;
  }
}

function killCause(worker: Worker): string {
  return worker.state === 'killing' ? worker.cause : worker.state;
}
