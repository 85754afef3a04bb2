// The app that every contender serves: one small answer, and one that takes the CPU.
import Fastify from 'fastify';

export function buildApp() {
  const app = Fastify();
  app.get(
    '/',
    { schema: { response: { 200: { type: 'object', properties: { hello: { type: 'string' } } } } } },
    async () => ({ hello: 'world' }),
  );
  app.get('/cpu', async (request) => {
    const turns = Number(Reflect.get(Object(request.query), 'turns'));
    // All answers are of one length: `ab` counts any other as failed.
    return { turns, sum: sumOf(turns) };
  });
  return app;
}

/** @param {number} turns */
function sumOf(turns) {
  let sum = 0;
  for (let turn = 0; turn < turns; turn++) sum += turn;
  return sum;
}
