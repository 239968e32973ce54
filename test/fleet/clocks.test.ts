import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it, onTestFinished } from "vitest";
import { version } from "../../src/cli/version.ts";
import { readObservations } from "../../src/measure/index.ts";
import { loopbackTarget } from "../../src/testing/index.ts";
import { MAIN } from "../e2e/cli.ts";
import { FleetBed, leadRun } from "./bed.ts";
import { needsRedis, REDIS, TestRedis } from "./redis.ts";

needsRedis();

const APART_S = 5;
/** What a program's clock is ahead by: it counts from another moment, as on another machine. */
const AHEAD = ["--time", "--monotonic", String(APART_S), "--boottime", String(APART_S)];
const INSIDE = [...AHEAD, "--fork", "--kill-child", process.execPath];

/** Why no process can have a clock of its own here; null where one can. */
function whyNoClocks(): string | null {
  try {
    execFileSync("unshare", [...INSIDE, "--version"], { stdio: "pipe" });
    return null;
  } catch (thrown) {
    return thrown instanceof Error ? (thrown.message.split("\n").at(-1) ?? "") : String(thrown);
  }
}

/** A worker whose clock is ahead; resolves when it is there. */
async function workAhead(redis: string): Promise<ChildProcess> {
  const child = spawn("unshare", [...INSIDE, MAIN, "worker", "--redis", redis], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  child.stdout.resume();
  return child;
}

const missing = REDIS ? whyNoClocks() : "redis-server is not installed";
const skipped = missing === null ? "" : ` (skipped: ${missing})`;

it.skipIf(missing !== null)(
  `two workers whose clocks are ${APART_S} s apart send at the same moments${skipped}`,
  async () => {
    await using server = await TestRedis.start();
    /** By number of the start, by this process' clock. */
    const arrivedMs = new Map<number, number>();
    await using target = await loopbackTarget(({ headers }) => {
      const [, seq] = String(headers["x-request-id"]).split("-");
      if (!arrivedMs.has(Number(seq))) arrivedMs.set(Number(seq), performance.now());
      return { kind: "answer", body: "ok" };
    });
    await using bed = new FleetBed(server.url);
    bed.work(version);
    const ahead = await workAhead(server.url);
    onTestFinished(() => void ahead.kill("SIGKILL"));
    const { directory, record, totals } = await leadRun(bed, {
      origin: target.origin,
      seconds: 2,
      workers: 2,
      version,
    });
    expect(totals.error).toBeNull();
    expect(record.workers.map(({ shards }) => shards.length)).toEqual([1, 1]);
    // Of either shard the earliest arrival, against what was meant, is its own offset.
    const own = [0, 1].map((shard) => {
      const lates = [...readObservations(directory.observations(shard))].flatMap((each) => {
        const atMs = arrivedMs.get(each.seq);
        return atMs === undefined ? [] : [atMs - each.intendedNs / 1e6];
      });
      expect(lates.length).toBeGreaterThan(0);
      return Math.min(...lates);
    });
    expect(Math.abs(own[0]! - own[1]!)).toBeLessThan((APART_S * 1_000) / 2);
    for (const { clockErrorUs, movedUs } of record.workers) {
      expect(clockErrorUs + movedUs).toBeLessThan((APART_S * 1e6) / 2);
    }
  },
  120_000,
);
