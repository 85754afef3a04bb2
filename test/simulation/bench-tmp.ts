import { simulate } from './simulation.ts';
const t = performance.now();
const f = simulate({ runs: Number(process.argv[2]), seed: Number(process.argv[3] ?? 1) });
console.log(f.failure, f.coverage.histories, f.coverage.steps, performance.now() - t);
