import { expect, it } from "vitest";
import { version } from "../../src/cli/version.ts";
import { allStarts } from "../../src/replay/index.ts";
import { loopbackTarget } from "../../src/testing/index.ts";
import { MAIN } from "../e2e/cli.ts";
import { FleetBed, jobFor, leadRun, ledgerOf } from "./bed.ts";
import { Namespace, whyNoNamespaces } from "./namespace.ts";
import { needsRedis, REDIS, TestRedis } from "./redis.ts";

needsRedis();

const missing = REDIS ? whyNoNamespaces() : "redis-server is not installed";
const skipped = missing === null ? "" : ` (skipped: ${missing})`;
const SECONDS = 12;
const CUT_MS = 5_000;

it.skipIf(missing !== null)(
  `a network that is cut between a worker and Redis: all starts are told of once${skipped}`,
  async () => {
    await using space = new Namespace();
    const reachable = ["--bind", "127.0.0.1", space.here, "--protected-mode", "no"];
    await using server = await TestRedis.start(...reachable);
    // The same address is another target in there: what is cut is what is told, not what is sent.
    await using target = await loopbackTarget(() => ({ kind: "answer", body: "ok" }));
    const { port } = new URL(target.origin);
    const answering = `require("http").createServer((q, a) => { q.resume(); a.end("ok"); })
      .listen(${port}, "127.0.0.1", () => console.log("up"))`;
    await space.node("-e", answering);
    await using bed = new FleetBed(server.url);
    bed.work(version);
    const redis = `redis://${space.here}:${server.port}`;
    await space.node(MAIN, "worker", "--redis", redis);
    const { observations, record, totals } = await leadRun(bed, {
      origin: target.origin,
      seconds: SECONDS,
      workers: 2,
      version,
      async during(_load, merged) {
        await new Promise<void>((resolve) => (merged.onWindow = resolve));
        space.cut();
        await new Promise((resolve) => setTimeout(resolve, CUT_MS));
        space.mend();
      },
    });
    const job = jobFor(bed.directory(), { origin: target.origin, seconds: SECONDS, shards: 2 });
    const ledger = ledgerOf(observations);
    expect(ledger.planned).toBe([...allStarts(job)].length * job.arms.length);
    expect(ledger.planned).toBe(ledger.responses + ledger.errors + ledger.dropped);
    expect(totals).toMatchObject({ error: null, keptRows: observations.length, lostRows: 0 });
    const sent = observations.filter(({ kind }) => kind !== "dropped");
    expect(new Set(sent.map(({ arm, seq }) => `${arm} ${seq}`)).size).toBe(sent.length);
    // Where the other worker sent the rest, what nobody sent is that gap, and nothing else is.
    expect(new Set(record.gaps.map(({ shard }) => shard)).size).toBeLessThanOrEqual(1);
    expect(ledger.dropped).toBe(Math.max(0, ...record.gaps.map((gap) => gap.lostStarts)));
  },
  180_000,
);
