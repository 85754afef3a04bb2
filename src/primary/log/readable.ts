// Makes a line of the log readable for a person at a terminal: time, level, message, facts, and an error with its stack.
import { attempt } from '../../attempt.ts';

const LEVELS: Readonly<Record<number, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
};

/** What every line has alike. */
const COMMON = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg', 'err']);

/** A line that is no JSON, or has no message where pino has it, stays what it is. */
export function readable(line: string): string {
  const fields: unknown = attempt(() => JSON.parse(line));
  if (typeof fields !== 'object' || fields === null) return line;
  const { time, level, msg, err }: Readonly<Record<string, unknown>> = { ...fields };
  if (typeof msg !== 'string') return line;
  const facts = Object.entries(fields).filter(([name]) => !COMMON.has(name));
  const words = [clock(time), (LEVELS[Number(level)] ?? String(level)).padEnd(5), msg, ...facts.map(fact)];
  return `${words.join(' ')}\n${stack(err)}`;
}

function clock(time: unknown): string {
  const date = new Date(typeof time === 'number' || typeof time === 'string' ? time : Number.NaN);
  if (Number.isNaN(date.getTime())) return '--:--:--';
  return date.toTimeString().slice(0, 'hh:mm:ss'.length);
}

function fact([name, value]: readonly [string, unknown]): string {
  return `${name}=${shown(value)}`;
}

/** Short things without the signs of JSON. */
function shown(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"]+$/.test(value) ? value : JSON.stringify(value);
  if (Array.isArray(value)) return value.map(shown).join(',');
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value).map(fact).join(' ')}}`;
}

function stack(err: unknown): string {
  const text: unknown = Reflect.get(Object(err), 'stack');
  return typeof text === 'string' ? `${text.replaceAll(/^/gm, '    ')}\n` : '';
}
