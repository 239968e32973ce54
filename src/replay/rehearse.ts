import { rmSync } from "node:fs";
import { createServer } from "node:http";
import { createDeadlines, monotonicClock, NS_PER_S } from "../core/index.ts";
import { ObservationWriter } from "../measure/index.ts";
import { makeSchedule, stagedStarts } from "../schedule/index.ts";
import { Counter, type CountsMessage } from "./generator/counts.ts";
import type { WorkerJob } from "./generator/job.ts";
import { replay } from "./replay.ts";
import { ProfileRequests } from "./requests.ts";
import { TRANSPORT_LIMITS, TRANSPORTS } from "./transports/index.ts";

const RATE_PER_SEC = 6_000;
const TICK_MS = 50;
const DURATION_NS = 1.2 * NS_PER_S;
/** Where a worker will send this much, a moment of cold code makes many starts late. */
const BUSY_PER_SEC = 5_000;
const BUSY_DURATION_NS = 3 * NS_PER_S;

/**
 * Replays a job's requests for a second, or three, against a server of our own that answers at once.
 * Code that has not run yet is slow: without this the first seconds of every run would find the
 * generator milliseconds late. What it measures is thrown away; its counts are told often, so that
 * those who hear them are warm, too.
 */
export async function rehearseReplay(
  { job, worker }: WorkerJob,
  signal: AbortSignal,
  onCounts: (counts: CountsMessage) => void,
): Promise<void> {
  const body = Buffer.alloc(512, "x");
  const server = createServer((request, response) => {
    request.resume();
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const target = {
    origin: `http://127.0.0.1:${port}`,
    address: "127.0.0.1",
    tls: null,
    http2: false,
  };
  const path = `${job.spoolPaths[worker]!}.rehearsal`;
  const writer = await ObservationWriter.create(path, { arms: [], stages: [], routes: [] });
  const counter = new Counter(job.arms.length, job.timeoutNs);
  // A little ahead: what is set up now is no lateness.
  const clock = monotonicClock(process.hrtime.bigint() + 20_000_000n);
  const deadlines = await createDeadlines(clock, job.pacing);
  const ticking = setInterval(() => onCounts(counter.take()), TICK_MS);
  try {
    await replay(
      {
        arms: job.arms.map(({ headers, name, transport }) => ({
          name,
          makeTransport: (sink) =>
            TRANSPORTS[transport](target, { ...TRANSPORT_LIMITS, connectionsMax: 64 }, sink),
          requests: new ProfileRequests({
            records: job.records,
            routes: job.routes,
            arm: { origin: target.origin, headers },
            rekeyer: null,
            keepSessions: false,
            substitute: job.substitute,
          }),
        })),
        starts: stagedStarts([rehearsalSchedule(job)], "0", job.records.length)[Symbol.iterator](),
        runId: "0123456789abcdef",
        seed: "0",
        inFlightMax: 1_000,
        timeoutNs: 5 * NS_PER_S,
        clock,
        deadlines,
        onObservation: (observation) => {
          writer.write(observation);
          counter.add(observation);
        },
      },
      signal,
    );
  } finally {
    clearInterval(ticking);
    await deadlines.close();
    await writer.spool.close().catch(() => {});
    rmSync(path, { force: true });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function rehearsalSchedule({ arms, stages, workers }: WorkerJob["job"]) {
  const peakPerSec = Math.max(
    ...stages.map(({ input }) => Math.max(input.fromPerSec, input.toPerSec)),
  );
  const busy = (peakPerSec * arms.length) / workers >= BUSY_PER_SEC;
  return makeSchedule(
    { kind: "poisson" },
    {
      fromPerSec: RATE_PER_SEC,
      toPerSec: RATE_PER_SEC,
      durationNs: busy ? BUSY_DURATION_NS : DURATION_NS,
      capture: { offsetsNs: [0], speed: 1, loop: false, clump: 1 },
    },
  );
}
