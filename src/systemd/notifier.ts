// Tells systemd what this process has to say: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
import { spawn } from 'node:child_process';
import process from 'node:process';

/** By their names there, such as READY and STATUS. */
export type Variables = Readonly<Record<string, string>>;

/** Settles when systemd has it. Rejects if that cannot be known. */
export type Send = (variables: Variables) => Promise<void>;

/** Each of these has to be seen: what came before one of them must not get lost in it. */
const STATES = ['READY', 'RELOADING', 'STOPPING'];

/** Messages that wait, while systemd is slow. */
const MAX_PENDING = 8;

export class Notifier {
  readonly #send: Send;
  readonly #failed: (error: unknown) => void;
  readonly #pending: Variables[] = [];
  #isSending = false;
  #hasFailed = false;

  /** @param failed called once, for the first message that could not be sent */
  constructor(send: Send, failed: (error: unknown) => void) {
    this.#send = send;
    this.#failed = failed;
  }

  /** In order, and one after the other. What waits, and is no change of the state, is replaced by what is newer. */
  tell(variables: Variables): void {
    const last = this.#pending.at(-1);
    if (last === undefined) this.#pending.push(variables);
    else if (!isState(last) || !isState(variables)) this.#replaceLast({ ...last, ...variables });
    else if (this.#pending.length < MAX_PENDING) this.#pending.push(variables);
    else this.#replaceLast({ ...withoutState(last), ...variables });
    void this.#sendAll();
  }

  #replaceLast(variables: Variables): void {
    this.#pending.splice(-1, 1, variables);
  }

  async #sendAll(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      await this.#send(next).catch((error: unknown) => {
        if (!this.#hasFailed) this.#failed(error);
        this.#hasFailed = true;
      });
    }
    this.#isSending = false;
  }
}

function isState(variables: Variables): boolean {
  return STATES.some((name) => Object.hasOwn(variables, name));
}

function withoutState(variables: Variables): Variables {
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !STATES.includes(name)));
}

/** systemd-notify itself waits for up to 5 s until systemd has read the message. */
const SENDING_MS = 10_000;

/**
 * By systemd's own program, since Node can send no datagram to a Unix socket. It comes with systemd, and needs neither a compiler
 * nor a binary for each platform, as every package that could do it does. It takes some milliseconds, and messages are few. It
 * sends from a process of its own, so the unit has to say NotifyAccess=all.
 */
export function sendByProgram(socket: string): Send {
  return (variables) =>
    new Promise((resolve, reject) => {
      const args = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
      const child = spawn('systemd-notify', args, {
        // The working directory may be gone: it is that of a release.
        cwd: '/',
        env: { PATH: process.env['PATH'], NOTIFY_SOCKET: socket },
        stdio: 'ignore',
        timeout: SENDING_MS,
        killSignal: 'SIGKILL',
      });
      // It must not keep a process alive that has nothing else to do.
      child.unref();
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        if (code === 0) resolve();
        else reject(new Error(`systemd-notify ended with ${signal ?? `code ${code}`}`));
      });
    });
}
