// A worker of raw.js: accepts from the descriptor that it has inherited.
import { createServer } from 'node:http';
import process from 'node:process';

const INHERITED = 4;
const BODY = '{"hello":"world"}';
const HEADERS = { 'content-type': 'application/json; charset=utf-8', 'content-length': BODY.length };

process.once('disconnect', () => process.exit(1));
createServer((_request, response) => {
  response.writeHead(200, HEADERS);
  response.end(BODY);
}).listen({ fd: INHERITED }, () => process.send?.('listening'));
