import { createServer } from "node:http";
import { type MonotonicClock, createDeadlines, NS_PER_S } from "../core/index.ts";
import type { Observation } from "../measure/index.ts";
import { uniformSchedule, stagedStarts } from "../schedule/index.ts";
import { replay } from "./replay.ts";
import type { PreparedRequest } from "./transports/transport.ts";
import { undiciTransport } from "./transports/undici.ts";

const RATE_PER_SEC = 1_500;
const DURATION_NS = 1.2 * NS_PER_S;
const ARMS = 2;

/**
 * Replays given requests for about a second against a server of our own that answers at once.
 * Code that has not run yet is slow: without this the first seconds of every run would find the
 * generator milliseconds late. Observations go to the same place as the real ones will.
 */
export async function rehearseReplay(
  requests: readonly PreparedRequest[],
  clock: MonotonicClock,
  onObservation: (observation: Observation) => void,
  signal: AbortSignal,
): Promise<void> {
  const body = Buffer.alloc(512, "x");
  const server = createServer((request, response) => {
    request.resume();
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const transports = Array.from({ length: ARMS }, () =>
    undiciTransport(`http://127.0.0.1:${port}`, 64),
  );
  const deadlines = await createDeadlines(clock);
  const begunNs = clock.nowNs();
  const late = (inner: ReturnType<typeof stagedStarts>) =>
    inner.map((start) => ({ ...start, intendedNs: start.intendedNs + begunNs }));
  try {
    await replay(
      {
        arms: transports.map((transport, arm) => ({
          name: `rehearsal-${arm}`,
          transport,
          requests,
        })),
        starts: late(stagedStarts([uniformSchedule(RATE_PER_SEC, DURATION_NS)], "0")),
        runId: "0123456789abcdef",
        seed: "0",
        inFlightMax: 1_000,
        timeoutNs: 5 * NS_PER_S,
        clock,
        deadlines,
        onObservation,
      },
      signal,
    );
  } finally {
    await deadlines.close();
    await Promise.all(transports.map((transport) => transport.close()));
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
