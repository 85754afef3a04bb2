// Waits until a service logs a line as a page shows it.
import assert from 'node:assert/strict';
import type { LogLine, Service } from '../helpers/service.ts';
import { lineDifference } from './excerpt.ts';
import { place } from './markdown.ts';
import type { Block } from './markdown.ts';

/**
 * Resolves with the line, which may be in the log already.
 * @param lines those that may be it
 * @throws none is, and no more come: with what is different in the lines that have the same message
 */
export async function seeExcerpt(
  service: Service,
  excerpt: unknown,
  block: Block,
  lines: () => readonly LogLine[] = () => service.log,
): Promise<LogLine> {
  for (;;) {
    const found = lines().find((line) => lineDifference(excerpt, line) === undefined);
    if (found !== undefined) return found;
    await service.more(service.log.length).catch((error: unknown) => {
      const differences = lines()
        .filter(({ msg }) => msg === Reflect.get(Object(excerpt), 'msg'))
        .map((line) => lineDifference(excerpt, line));
      const why = differences.join('\n') || String(error);
      assert.fail(`${place(block)}: not logged: ${JSON.stringify(excerpt)}\n${why}`);
    });
  }
}
