// The routes that do what most routes do: little.
import process from 'node:process';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { greeting } from '../greeting.ts';

const Hello = Type.Object({
  message: Type.String(),
  slot: Type.Integer(),
  generation: Type.Integer(),
  pid: Type.Integer(),
});

const Echo = Type.Object({ text: Type.String({ maxLength: 1_000 }) });

export const helloRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get('/', { schema: { response: { 200: Hello } } }, async () => {
    const { slot, generation } = app.clustered;
    return { message: greeting, slot, generation, pid: process.pid };
  });

  app.post('/echo', { schema: { body: Echo, response: { 200: Echo } } }, async (request) => request.body);
};
