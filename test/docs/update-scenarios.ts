// Rewrites which test files docs/scenarios.md names, from the titles of the tests: node --import tsx test/docs/update-scenarios.ts
import fs from 'node:fs';
import { isTestFile, readScenarios } from './scenarios.ts';
import { PAGE, testSources, titlesOf } from './test-sources.ts';

const titles = titlesOf(testSources());

const lines = fs.readFileSync(PAGE, 'utf8').split('\n');
const updated = lines.map((line) => {
  const [scenario] = readScenarios(line);
  if (scenario === undefined || scenario.number === '') return line;
  const { number, shownBy } = scenario;
  const naming = [...titles].flatMap(([file, numbers]) => (numbers.has(number) ? [file] : []));
  const shown = [
    ...shownBy.filter((reference) => naming.includes(reference)),
    ...naming.filter((file) => !shownBy.includes(file)),
    ...shownBy.filter((reference) => !isTestFile(reference)),
  ];
  return line.replace(/[^|]*\|$/, () => ` ${shown.join(', ')} |`);
});
fs.writeFileSync(PAGE, updated.join('\n'));
console.log('Then: npm run format');
