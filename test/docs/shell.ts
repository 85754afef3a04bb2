// The terminal of a reader: one POSIX shell in which the commands of a page run one after the other.
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import type { Readable, Writable } from 'node:stream';

interface TestContext {
  after(hook: () => void | Promise<void>): void;
}

/** Printed behind each command's output, which so is known to be whole. */
const END = '--- end of the command ---';

/** How long a command may take. */
const PATIENCE_MS = 60_000;

export class Shell {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  #output = '';

  constructor(t: TestContext, cwd: string) {
    this.#child = spawn('sh', { cwd, detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#output += chunk.toString();
    });
    this.#child.stdin.write('exec 2>&1\n');
    t.after(() => this.#end());
  }

  /** Resolves with what the commands print to stdout and stderr. */
  async run(commands: string): Promise<string> {
    this.#output = '';
    this.#child.stdin.write(`${commands}\necho '${END}'\n`);
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    while (!this.#output.includes(END)) {
      await once(this.#child.stdout, 'data', { signal: deadline }).catch((error: unknown) => {
        throw new Error(`not done in time:\n${commands}\nso far:\n${this.#output}`, { cause: error });
      });
    }
    return this.#output.slice(0, this.#output.indexOf(END));
  }

  async #end(): Promise<void> {
    const closed = once(this.#child, 'close');
    try {
      process.kill(-(this.#child.pid ?? 0), 'SIGKILL');
      await closed;
    } catch {
      // It has ended already.
    }
  }
}
