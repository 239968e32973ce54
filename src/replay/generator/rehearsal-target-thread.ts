import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parentPort } from "node:worker_threads";

/*
 * What a rehearsal sends to: answers at once, whatever is asked. In a thread of its own, so that
 * the generator's engine learns from the generator's work alone.
 */
const BODY = Buffer.alloc(512, "x");

const server = createServer((request, response) => {
  request.resume();
  response.end(BODY);
});
server.listen(0, "127.0.0.1", () =>
  parentPort?.postMessage((server.address() as AddressInfo).port),
);
