import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { allStarts } from "../../src/replay/index.ts";
import { loopbackTarget, type LoopbackTarget } from "../../src/testing/index.ts";
import { Running } from "../e2e/cli.ts";
import { version } from "../../src/cli/version.ts";
import { FleetBed, type FleetRun, jobFor, leadRun, ledgerOf, type Merged } from "./bed.ts";
import { needsRedis, REDIS, TestRedis } from "./redis.ts";

needsRedis();

/** Resolves when so many windows with traffic have come: workers that get ready tell empty ones. */
async function windows(merged: Merged, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const { planned } = merged;
    while (merged.planned === planned) {
      await new Promise<void>((resolve) => (merged.onWindow = resolve));
    }
  }
}

const SECONDS = 12;
const HANGS_MS = 3_000;
/** Longer than workers wait to be led, and less than who leads waits for Redis. */
const HANGS_LONG_MS = 11_500;
const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Every start is there once, for every arm: sent, failed, or counted as dropped. */
function expectLedger({ observations, totals }: FleetRun, meant: number): void {
  const { dropped, errors, planned, responses } = ledgerOf(observations);
  expect(planned).toBe(meant);
  expect(planned).toBe(responses + errors + dropped);
  expect(totals).toMatchObject({ keptRows: observations.length, lostRows: 0 });
  const sent = observations.filter(({ kind }) => kind !== "dropped");
  expect(new Set(sent.map(({ arm, seq }) => `${arm} ${seq}`)).size).toBe(sent.length);
}

/** A fleet with a Redis of its own, three workers and a target, for the tests of a suite. */
class TroubledFleet {
  readonly workers: Running[] = [];
  server!: TestRedis;
  #target!: LoopbackTarget;
  #bed!: FleetBed;

  async begin(): Promise<void> {
    this.server = await TestRedis.start();
    this.#target = await loopbackTarget(() => ({ kind: "answer", body: "ok" }));
    this.#bed = new FleetBed(this.server.url);
    await Promise.all([this.work(), this.work(), this.work()]);
  }

  async end(): Promise<void> {
    for (const { child } of this.workers) child.kill("SIGKILL");
    await Promise.all(this.workers.map(({ ended }) => ended));
    await this.#bed[Symbol.asyncDispose]();
    await this.#target.refuse();
    await this.server[Symbol.asyncDispose]();
  }

  lead(given: Partial<Parameters<typeof leadRun>[1]> = {}): Promise<FleetRun> {
    const { origin } = this.#target;
    return leadRun(this.#bed, { origin, seconds: SECONDS, workers: 2, version, ...given });
  }

  async work(): Promise<void> {
    const running = new Running(["worker", "--redis", this.server.url]);
    this.workers.push(running);
    await running.until(/^worker /m);
  }

  /** Starts to all arms. */
  plannedIn(seconds: number): number {
    const { origin } = this.#target;
    const job = jobFor(this.#bed.directory(), { origin, seconds, shards: 2 });
    return [...allStarts(job)].length * job.arms.length;
  }

  /** The process of a worker that has a shard: its id tells. */
  processOf(shard: string) {
    const running = this.workers.find(
      ({ child, stdout }) => child.exitCode === null && !child.killed && stdout.endsWith(shard),
    );
    if (running === undefined) throw new Error(`nobody has ${shard}`);
    return running.child;
  }
}

/** Such suites mostly wait, each for a fleet of its own, so they run beside each other. */
const BESIDE = { concurrent: true };
const IN_TURN = { concurrent: false };

function expectWhole(run: FleetRun, fleet: TroubledFleet): void {
  expectLedger(run, fleet.plannedIn(SECONDS));
  expect(run.totals.error).toBeNull();
}

describe.skipIf(!REDIS)(
  "a fleet whose workers are in trouble (skipped: redis-server is not installed)",
  BESIDE,
  () => {
    const fleet = new TroubledFleet();
    beforeAll(() => fleet.begin(), 120_000);
    afterAll(() => fleet.end());
    describe("one after the other", IN_TURN, () => {
      it("a worker that is killed before its run can call it: another comes for it", async () => {
        await fleet.work();
        const idOf = ({ stdout }: Running): string => /^worker (\S+)/m.exec(stdout)?.[1] ?? "";
        // Its card still says that it is free, and is the first to be looked at.
        const dead = fleet.workers.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1))[0]!;
        dead.child.kill("SIGKILL");
        await dead.ended;
        const seconds = 2;
        const run = await fleet.lead({ seconds });
        expectLedger(run, fleet.plannedIn(seconds));
        expect(run.totals.error).toBeNull();
        expect(run.record.gaps).toEqual([]);
        const took = run.record.workers.map(({ id }) => id);
        expect(took).toHaveLength(2);
        expect(took).not.toContain(idOf(dead));
      }, 120_000);

      it("a worker that is killed: what it told is kept, another sends the rest, one gap", async () => {
        const run = await fleet.lead({
          async during(_load, merged) {
            await windows(merged, 4);
            fleet.processOf("shard 1\n").kill("SIGKILL");
          },
        });
        expectWhole(run, fleet);
        expect(run.record.gaps).toHaveLength(1);
        const [gap] = run.record.gaps;
        expect(gap).toMatchObject({ shard: 1, because: expect.stringMatching(/went silent/) });
        expect(gap?.takenOverBy).not.toBeNull();
        expect(gap?.toNs).toBeGreaterThan(gap?.fromNs ?? 0);
        const { dropped } = ledgerOf(run.observations);
        expect(gap?.lostStarts).toBe(dropped);
        expect(dropped).toBeGreaterThan(0);
        // Of the dead one's rows some came, and some of who took over.
        const attempts = run.directory.observationSpools().map((path) => path.split("/").at(-1));
        expect(attempts).toEqual(expect.arrayContaining(["worker-1.spool", "worker-5.spool"]));
      }, 120_000);

      it("the same, when the scenario leaves it out: nobody sends the rest", async () => {
        await fleet.work();
        const run = await fleet.lead({
          lostShards: "leave-out",
          async during(_load, merged) {
            await windows(merged, 4);
            fleet.processOf("shard 0\n").kill("SIGKILL");
          },
        });
        expectWhole(run, fleet);
        expect(run.record.gaps).toMatchObject([{ shard: 0, takenOverBy: null, toNs: null }]);
        expect(run.record.gaps[0]?.lostStarts).toBe(ledgerOf(run.observations).dropped);
      }, 120_000);

      it("a worker that is killed when all are ready: another sends all but the beginning", async () => {
        await fleet.work();
        const run = await fleet.lead({
          async before() {
            fleet.processOf("shard 0\n").kill("SIGKILL");
            await after(1_000);
          },
        });
        expectWhole(run, fleet);
        expect(run.record.gaps).toMatchObject([{ shard: 0, takenOverBy: expect.any(String) }]);
        const { dropped, planned } = ledgerOf(run.observations);
        expect(dropped).toBeLessThan(planned / 3);
      }, 120_000);

      it("a worker that stands still for 5 s: nothing is counted twice", async () => {
        const run = await fleet.lead({
          async during(_load, merged) {
            await windows(merged, 4);
            const child = fleet.processOf("shard 0\n");
            child.kill("SIGSTOP");
            await after(5_000);
            child.kill("SIGCONT");
          },
        });
        expectWhole(run, fleet);
        expect(run.record.gaps).toMatchObject([{ shard: 0, takenOverBy: expect.any(String) }]);
      }, 120_000);
    });
  },
);

describe.skipIf(!REDIS)(
  "a fleet whose Redis is in trouble (skipped: redis-server is not installed)",
  BESIDE,
  () => {
    const fleet = new TroubledFleet();
    beforeAll(() => fleet.begin(), 120_000);
    afterAll(() => fleet.end());
    describe("one after the other", IN_TURN, () => {
      it("a Redis that hangs, is killed and forgets all: all is told again, and counted once", async () => {
        const run = await fleet.lead({
          async during(_load, merged) {
            await windows(merged, 2);
            fleet.server.pause();
            await after(HANGS_MS);
            fleet.server.resume();
            await windows(merged, 2);
            await fleet.server.kill();
            await fleet.server.start();
          },
        });
        expectWhole(run, fleet);
        expect(run.record.gaps).toEqual([]);
        const drops = run.observations.flatMap((each) =>
          each.kind === "dropped" ? each.reason : [],
        );
        expect(new Set(drops)).toEqual(new Set());
        expect(run.merged.planned).toBe(fleet.plannedIn(SECONDS));
      }, 120_000);

      it("a Redis that hangs for longer than workers go on unled: the run says so, its ledger is whole", async () => {
        const seconds = 2 * SECONDS;
        const run = await fleet.lead({
          seconds,
          async during(_load, merged) {
            await windows(merged, 2);
            fleet.server.pause();
            await after(HANGS_LONG_MS);
            fleet.server.resume();
          },
        });
        expectLedger(run, fleet.plannedIn(seconds));
        expect(run.totals.error).toMatchObject({ code: "FLEET_UNREACHABLE" });
        expect(run.totals.error?.message).toMatch(/for 10 s it did not hear that this run is led/);
        expect(ledgerOf(run.observations).dropped).toBeGreaterThan(0);
      }, 120_000);

      // The last one: nobody is left after it.
      it("a Redis that is gone for good: the run ends, workers too, and say what was not heard", async () => {
        const seconds = 3 * SECONDS;
        const living = fleet.workers.filter(
          ({ child }) => child.exitCode === null && child.signalCode === null,
        );
        const run = await fleet.lead({
          seconds,
          workers: 1,
          async during(_load, merged) {
            await windows(merged, 2);
            await fleet.server.kill();
            for (const { child } of living) child.kill("SIGTERM");
          },
        });
        expectLedger(run, fleet.plannedIn(seconds));
        expect(run.totals.error).toMatchObject({ code: "FLEET_UNREACHABLE" });
        const ends = await Promise.all(living.map(({ ended }) => ended));
        const codes = ends.map(({ code }) => code);
        expect(codes.filter((code) => code === 69)).toHaveLength(1);
        for (const { code, stderr, stdout } of ends) {
          const [said, what] =
            code === 0
              ? [stdout, /: ended without it, with nothing to tell\n$/]
              : [
                  stderr,
                  /has not answered for 15 s: \d+ messages of run \w+ \(.+\) were not heard\n$/,
                ];
          expect(said).toMatch(what);
        }
      }, 120_000);
    });
  },
);
