/*
 * A bare open-loop client, the least that node:net needs: 50 connections, one look at the clock for
 * each turn of the loop, nothing recorded. What a generator in JavaScript is held against.
 *
 *     node test/bench/bare-loop.ts PORT RATE_PER_SEC SECONDS
 */
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

const [port = 0, ratePerSec = 0, seconds = 0] = process.argv.slice(2).map(Number);
const CONNECTIONS = 50;
const TEXT = "GET /products/42?q=a HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: bench\r\n\r\n";

const free: Socket[] = [];
const buffer = Buffer.alloc(65_536);
let answered = 0;
for (let i = 0; i < CONNECTIONS; i++) {
  const socket: Socket = connect({
    port,
    host: "127.0.0.1",
    noDelay: true,
    onread: {
      buffer,
      callback() {
        answered++;
        free.push(socket);
        return true;
      },
    },
  });
  socket.once("connect", () => free.push(socket));
}
await delay(300);

const beginMs = performance.now();
const total = ratePerSec * seconds;
let sent = 0;
const turn = (): void => {
  const due = Math.min(((performance.now() - beginMs) / 1_000) * ratePerSec, total);
  for (let i = 0; i < 64 && sent < due && free.length > 0; i++, sent++)
    free.pop()!.write(TEXT, "latin1");
  if (answered < total) setImmediate(turn);
  else process.exit();
};
turn();
