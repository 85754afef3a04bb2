// Writes the table of all options into the reference page: npm run docs:options.
import fs from 'node:fs/promises';
import { optionTable, replaceTable } from './option-table.ts';

const PAGE = new URL('../docs/reference.md', import.meta.url);

await fs.writeFile(PAGE, replaceTable(await fs.readFile(PAGE, 'utf8'), await optionTable()));
