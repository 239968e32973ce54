import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DeadlineHandle, type Deadlines, monotonicClock } from "../../src/core/index.ts";
import { createSharedLimiter, limitSchema, SharedLedger } from "../../src/emulator/limit/index.ts";
import { Rules, type Rule } from "../../src/emulator/limit/rules.ts";
import { asked } from "./asked.ts";
import { needsRedis, REDIS, TestRedis } from "../fleet/redis.ts";

needsRedis();

const LIMITS: Readonly<Record<string, unknown>> = {
  "token-bucket": { kind: "token-bucket", rate: "200/s", burst: 7 },
  "leaky-bucket": { kind: "leaky-bucket", leak: "100/s", size: 3, cost: 2 },
  points: { kind: "points", points: 9, restore: "150/s", cost: 2 },
  gcra: { kind: "gcra", rate: "300/s", tolerance: "0ms" },
  "fixed-window": { kind: "fixed-window", limit: 6, window: "50ms" },
  "fixed-window from the first call": {
    kind: "fixed-window",
    limit: 6,
    window: "50ms",
    begins: "first-call",
  },
  "sliding-window": { kind: "sliding-window", limit: 6, window: "50ms", cost: 1.5 },
  all: {
    kind: "all",
    rules: [
      { kind: "sliding-window", limit: 9, window: "80ms", name: "one" },
      { kind: "token-bucket", rate: "100/s", burst: 4, name: "other" },
    ],
  },
};

/** A wait that never ends: a busy machine is no silent Redis. */
const NEVER: Deadlines = { at: () => ({}) as DeadlineHandle, cancel() {}, close: async () => {} };
/** One that is over at once. */
const AT_ONCE: Deadlines = {
  ...NEVER,
  at: (_atNs, then) => {
    then();
    return {} as DeadlineHandle;
  },
};

const rulesOf = (written: unknown): readonly Rule[] =>
  (limitSchema.parse(written) as { readonly rules: readonly Rule[] }).rules;

describe.skipIf(!REDIS)("a shared limit (skipped: redis-server is not installed)", () => {
  let server: TestRedis;
  const counts = { asked: 0, alone: 0 };
  const clock = monotonicClock(process.hrtime.bigint());
  const around = () => ({
    clock,
    deadlines: NEVER,
    count: (what: "asked" | "alone") => void counts[what]++,
  });
  const sharing = (place: number, prefix: string) => ({
    redis: server.url,
    prefix,
    emulators: 2,
    place,
  });
  beforeAll(async () => {
    server = await TestRedis.start();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  it.each(Object.entries(LIMITS))(
    "of kind %s says to two emulators together what it says to one",
    async (_kind, written) => {
      const rules = rulesOf(written);
      const prefix = randomBytes(4).toString("hex");
      const ledgers = [
        await SharedLedger.connect(sharing(0, prefix), around()),
        await SharedLedger.connect(sharing(1, prefix), around()),
      ];
      const charges = rules.map((rule, index) => ({
        index,
        rule,
        key: "",
        cost: typeof rule.cost === "number" ? rule.cost : 1,
      }));
      let [originUs, told, refused] = [0, 0, 0];
      // A single emulator's rules, asked at the moments that Redis says it was asked at.
      // Windows of the clock are of 50 ms here: a double does not hold all ns since 1970.
      const single = new Rules(rules, (nowNs) => (originUs % 50_000) * 1e3 + nowNs);
      for (let i = 0; i < 120; i++) {
        const answer = await ledgers[i % 2]!.ask("stock:control", charges);
        if (answer === null) continue;
        if (originUs === 0) originUs = answer.nowUs;
        const atNs = (answer.nowUs - originUs) * 1e3;
        let expected = single.rule(asked(), atNs);
        // Redis tells whole µs, and lets in who is less than one too early.
        const waitNs = Math.max(...expected.standings.map((standing) => standing.waitNs));
        const early = answer.admitted && !expected.admitted && waitNs < 1.1e3;
        if (early) expected = single.rule(asked(), atNs + waitNs);
        expect(answer.admitted).toBe(expected.admitted);
        for (const [index, standing] of answer.standings.entries()) {
          const other = expected.standings[index]!;
          expect(standing.limit).toBe(other.limit);
          expect(standing.remaining).toBeCloseTo(other.remaining, 3);
          expect(standing.resetNs / 1e6).toBeCloseTo(other.resetNs / 1e6, 2);
          expect(standing.waitNs / 1e6).toBeCloseTo(other.waitNs / 1e6, 2);
        }
        told++;
        if (!answer.admitted) refused++;
        // Now and then long enough for some of it to come back.
        if (i % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 30));
      }
      for (const ledger of ledgers) ledger.close();
      expect(told).toBeGreaterThan(20);
      expect(refused).toBeGreaterThan(0);
      expect(refused).toBeLessThan(told);
    },
  );

  it("of calls in flight counts those of all, until each has ended", async () => {
    const prefix = randomBytes(4).toString("hex");
    const written = limitSchema.parse({ kind: "concurrency", max: 3 });
    const ledgers = [0, 1].map((place) => SharedLedger.connect(sharing(place, prefix), around()));
    const limiters = (await Promise.all(ledgers)).map((ledger) =>
      createSharedLimiter(written, { ledger, name: "stock:control", wallMsAt: () => 0 }),
    );
    const ask = (place: number) => limiters[place]!.ask(asked(), clock.nowNs());
    const first = [await ask(0), await ask(1), await ask(0)];
    expect(first.map(({ kind }) => kind)).toEqual(["admitted", "admitted", "admitted"]);
    expect((await ask(1)).kind).toBe("limited");
    const [one] = first;
    if (one?.kind === "admitted") one.release?.();
    await expect.poll(async () => (await ask(1)).kind).toBe("admitted");
    for (const ledger of await Promise.all(ledgers)) ledger.close();
  });

  it("that is answered too late gives back what it took for nothing", async () => {
    const prefix = randomBytes(4).toString("hex");
    const hasty = await SharedLedger.connect(sharing(0, prefix), {
      ...around(),
      deadlines: AT_ONCE,
    });
    const patient = await SharedLedger.connect(sharing(1, prefix), around());
    const [rule] = rulesOf({ kind: "concurrency", max: 1 });
    const charges = [{ index: 0, rule: rule!, key: "", cost: 1 }];
    const before = { ...counts };
    expect(await hasty.ask("s", charges)).toBeNull();
    expect(counts).toEqual({ asked: before.asked + 1, alone: before.alone + 1 });
    await expect
      .poll(async () => {
        const answer = await patient.ask("s", charges);
        if (answer?.admitted === true) patient.giveBack("s", charges);
        return answer?.admitted;
      })
      .toBe(true);
    hasty.close();
    patient.close();
  });

  it("goes by an equal part while Redis is silent, says how often, and is whole again afterwards", async () => {
    const own = await TestRedis.start();
    await using _own = own;
    const given = { redis: own.url, prefix: "p", emulators: 4, place: 0 };
    const ledger = await SharedLedger.connect(given, around());
    const written = limitSchema.parse({
      kind: "fixed-window",
      limit: 40,
      window: "1h",
      begins: "first-call",
    });
    const limiter = createSharedLimiter(written, { ledger, name: "s", wallMsAt: () => Date.now() });
    const admitted = async (): Promise<boolean> =>
      (await limiter.ask(asked(), clock.nowNs())).kind === "admitted";
    const first = { ...counts };
    expect(await admitted()).toBe(true);
    expect(counts).toEqual({ ...first, asked: first.asked + 1 });
    await own.kill();
    const before = { ...counts };
    let count = 0;
    for (let i = 0; i < 50; i++) if (await admitted()) count++;
    expect(count).toBe(10);
    expect(counts).toEqual({ asked: before.asked + 50, alone: before.alone + 50 });
    await own.start();
    await expect
      .poll(async () => {
        const { alone } = counts;
        return (await admitted()) && counts.alone === alone;
      })
      .toBe(true);
    ledger.close();
  });
});
