import { type Clock, type Deadlines, traceparentOf } from "../core/index.ts";
import { Conduct } from "./conduct.ts";
import { type DependencySpec, dependencySchema } from "./dependency.ts";
import { Listener } from "./listener.ts";
import { OpenFiles } from "./open-files.ts";
import { createWorlds } from "./world.ts";

const CALLS = 1_500;
const CONNECTIONS = 16;
const ROUNDS = 2;
const RUN_ID = "0123456789abcdef";
const NO_COUNTERS = { get: () => 0, add() {}, set() {} };

/**
 * Answers some thousand calls of its own, in a second or two: code that has not run yet is slow, and
 * without this the first calls of a run would be milliseconds late. Two listeners at a time: what
 * the engine has made fast for one alone it would make anew for the next.
 */
export async function rehearse(clock: Clock, deadlines: Deadlines): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all([rehearseListener(clock, deadlines), rehearseListener(clock, deadlines)]);
  }
}

function rehearsalListener(clock: Clock, deadlines: Deadlines): Listener {
  const spec: DependencySpec = dependencySchema.parse({
    latency: { kind: "lognormal", median: "2ms", p99: "8ms" },
    errors: { ratio: 0.05 },
    limit: { kind: "token-bucket", rate: "100000/s", burst: 1_000 },
    cacheTtl: "1s",
  });
  if (spec.protocol !== "http") throw new Error("a rehearsal speaks HTTP");
  const world = createWorlds("0", {})("rehearsal");
  const own = { dependency: "rehearsal", spec, seed: "0", runId: RUN_ID, world };
  return new Listener({
    arm: 0,
    dependency: 0,
    spec,
    tls: null,
    world,
    conduct: new Conduct({ ...own, wallMsAt: (nowNs) => nowNs / 1e6, onEvict() {} }),
    counters: NO_COUNTERS,
    clock,
    deadlines,
    record() {},
    openFiles: new OpenFiles(() => {}),
    onFailure() {},
  });
}

async function rehearseListener(clock: Clock, deadlines: Deadlines): Promise<void> {
  const listener = rehearsalListener(clock, deadlines);
  const port = await listener.listen({ host: "127.0.0.1", port: 0 });
  const { Pool } = await import("undici");
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
