// What the control socket and its clients say to each other: lines of JSON. Whoever connects is greeted, sends requests, and gets
// to each of them any number of events, and then one result or one error.
import type { ErrorInfo } from '../fleet/event.ts';
import type { FleetStatus, RolloutOutcome } from '../status.ts';
import { ControlRequestError } from '../errors.ts';

/** Raised when a client that does not know of the change would misread what it is told. New events and fields are no such change. */
export const CONTROL_PROTOCOL = 1;

/** The longest request, in bytes. */
export const MAX_REQUEST = 65_536;

/** The first line of a connection. */
export interface Greeting {
  readonly protocol: number;
  /** Of the process that holds the socket. */
  readonly pid: number;
}

/** Chosen by the client, and repeated in each reply. Null: it chose none. */
export type RequestId = string | number | null;

export type ControlCommand = 'status' | 'restart' | 'scale' | 'stop';

export type ControlRequest =
  | { readonly id: RequestId; readonly command: 'status' | 'restart' | 'stop' }
  | { readonly id: RequestId; readonly command: 'scale'; readonly size: unknown };

/** What the result of each command is. */
export interface ControlResults {
  readonly status: FleetStatus;
  readonly restart: RolloutOutcome<ErrorInfo>;
  readonly scale: { readonly from: number; readonly to: number };
  /** The exit code that the process will have, and why. */
  readonly stop: { readonly exitCode: 0 | 1; readonly reason: string };
}

export type ControlReply =
  /** What happens in the fleet meanwhile: an event of the primary, with its details. */
  | { readonly id: RequestId; readonly event: string; readonly details: Readonly<Record<string, unknown>> }
  | { readonly id: RequestId; readonly result: ControlResults[ControlCommand] }
  | { readonly id: RequestId; readonly error: { readonly code: string | null; readonly message: string } };

const COMMANDS: Readonly<Record<ControlCommand, true>> = {
  status: true,
  restart: true,
  scale: true,
  stop: true,
};

const MAX_ID = 256;

/** The id of what may be no request at all, so that its error can be told from those of others. */
export function requestIdOf(value: unknown): RequestId {
  const id: unknown = Reflect.get(Object(value), 'id');
  return typeof id === 'number' || (typeof id === 'string' && id.length <= MAX_ID) ? id : null;
}

/** @throws FST_CLUSTERED_CONTROL_REQUEST */
export function parseRequest(value: unknown): ControlRequest {
  const command: unknown = Reflect.get(Object(value), 'command');
  if (typeof command !== 'string' || !isCommand(command)) {
    throw new ControlRequestError(`its "command" has to be one of ${Object.keys(COMMANDS).join(', ')}`);
  }
  const id = requestIdOf(value);
  return command === 'scale' ? { id, command, size: Reflect.get(Object(value), 'size') } : { id, command };
}

function isCommand(command: string): command is ControlCommand {
  return Object.hasOwn(COMMANDS, command);
}
