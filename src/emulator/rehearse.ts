import { Pool } from "undici";
import type { Clock, Deadlines } from "../core/index.ts";
import { traceparentOf } from "../core/index.ts";
import { Conduct } from "./conduct.ts";
import { dependencySchema } from "./dependency.ts";
import { Listener } from "./listener.ts";

const CALLS = 2_000;
const CONNECTIONS = 16;
const RUN_ID = "0123456789abcdef";

/**
 * Answers some two thousand calls of its own, with delays of up to a few milliseconds, on a
 * listener that nobody else knows of. Code that has not run yet is slow: without this the first
 * seconds of every run would find the emulator milliseconds late.
 */
export async function rehearse(clock: Clock, deadlines: Deadlines): Promise<void> {
  const spec = dependencySchema.parse({
    latency: { kind: "lognormal", median: "2ms", p99: "8ms" },
    errors: { ratio: 0.05 },
    limit: { kind: "token-bucket", rate: "100000/s", burst: 1_000 },
    cacheTtl: "1s",
  });
  const listener = new Listener({
    arm: 0,
    dependency: 0,
    conduct: new Conduct({ dependency: "rehearsal", spec, seed: "0", runId: RUN_ID, onEvict() {} }),
    counters: { get: () => 0, add() {} },
    clock,
    deadlines,
    record() {},
    onFailure() {},
  });
  const port = await listener.listen("127.0.0.1", 0);
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS, allowH2: false });
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < CALLS) {
      const seq = next++;
      const headers = { traceparent: traceparentOf({ runId: RUN_ID, seq, armIndex: 0 }) };
      const asks =
        seq % 4 === 0
          ? ({ method: "POST", body: `{"n":${seq}}` } as const)
          : ({ method: "GET" } as const);
      const answer = await pool.request({ ...asks, path: `/rehearsal/${seq % 50}`, headers });
      await answer.body.dump();
    }
  };
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, caller));
  } finally {
    await pool.destroy();
    await listener.close();
  }
}
