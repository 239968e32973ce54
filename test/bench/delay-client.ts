/*
 * A bare open-loop client that times each call: evenly spaced, over connections made beforehand, one
 * look at the clock for each turn of the loop. Writes what each call took, in µs, as JSON, in the
 * order of the calls.
 *
 *     node test/bench/delay-client.ts PORT RATE_PER_SEC SECONDS CONNECTIONS
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

const [port = 0, ratePerSec = 0, seconds = 0, connections = 0] = process.argv.slice(2).map(Number);
const TEXT = "GET /products/42 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";

interface Line {
  readonly socket: Socket;
  call: number;
}

const tookUs = new Float64Array(ratePerSec * seconds);
const sentMs = new Float64Array(tookUs.length);
const free: Line[] = [];
const buffer = Buffer.alloc(65_536);
let answered = 0;

function open(): Line {
  const line: Line = {
    socket: connect({
      port,
      host: "127.0.0.1",
      noDelay: true,
      onread: {
        buffer,
        callback() {
          tookUs[line.call] = (performance.now() - sentMs[line.call]!) * 1e3;
          answered++;
          free.push(line);
          return true;
        },
      },
    }),
    call: -1,
  };
  return line;
}

for (let i = 0; i < connections; i++) {
  const line = open();
  await once(line.socket, "connect");
  free.push(line);
}
await delay(200);
const beginMs = performance.now();
const periodMs = 1e3 / ratePerSec;
let next = 0;
await new Promise<void>((resolve) => {
  const turn = (): void => {
    const nowMs = performance.now();
    while (next < tookUs.length && beginMs + next * periodMs <= nowMs) {
      const line = free.pop();
      // A cold server may need a moment: it is timed from when it is asked.
      if (line === undefined) break;
      line.call = next;
      sentMs[next++] = performance.now();
      line.socket.write(TEXT, "latin1");
    }
    if (answered === tookUs.length) resolve();
    else setImmediate(turn);
  };
  turn();
});
process.stdout.write(JSON.stringify([...tookUs]), () => process.exit(0));
