import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ProfileRecord } from "../../../src/profile/index.ts";
import {
  keyMatcher,
  recordKeys,
  SplitAssignment,
  type SplitSpec,
} from "../../../src/replay/index.ts";
import type { IntendedStart } from "../../../src/schedule/index.ts";
import { recordStore } from "../../profile/stored.ts";
import { every, MS, virtualRun, answer } from "../virtual-run.ts";

const RECORDS = 400;
const SESSIONS = 80;

const RECORD_LIST = Array.from({ length: RECORDS }, (_, i): ProfileRecord => ({
  offsetNs: i,
  method: "GET",
  path: "/",
  headers: [["X-Tenant", `tenant-${i % 7}`]],
  route: "GET /",
  ...(i % 10 === 9 ? {} : { session: `s-${i % SESSIONS}` }),
}));
const STORE = recordStore(RECORD_LIST);

const specOf = (more: Partial<SplitSpec> = {}): SplitSpec => ({
  kind: "split",
  by: { kind: "session" },
  weights: [0.5, 0.5],
  shares: [0.5],
  holdout: 0,
  reserved: [],
  ...more,
});

const assigned = (spec: SplitSpec, seed = "one"): SplitAssignment =>
  new SplitAssignment(spec, seed, recordKeys(spec, STORE));

const start = (seq: number, stage = 0, copy = 0): IntendedStart => ({
  seq,
  intendedNs: seq,
  stage,
  record: seq % RECORDS,
  copy,
});

describe("a split by key", () => {
  it("gives every start of a session, and of a header's value, to one arm", () => {
    const bySession = assigned(specOf());
    const byHeader = assigned(specOf({ by: { kind: "header", header: "x-tenant" } }));
    const arms = new Map<string, Set<number>>();
    for (let seq = 0; seq < 3 * RECORDS; seq++) {
      const { headers, session } = RECORD_LIST[seq % RECORDS]!;
      const pass = Math.floor(seq / RECORDS);
      const seen = (key: string, arm: number): void => {
        arms.set(key, (arms.get(key) ?? new Set()).add(arm));
      };
      if (session !== undefined) seen(`${session} ${pass}`, bySession.armsOf(start(seq)));
      seen(headers[0]![1], byHeader.armsOf(start(seq, 0, seq % 5)));
    }
    expect([...arms.values()].every(({ size }) => size === 1)).toBe(true);
    expect(new Set([...arms.values()].map((each) => [...each][0])).size).toBe(2);
  });

  it("only ever adds keys as the share grows; the held out and the reserved never get a variant", () => {
    const ramp = fc
      .array(fc.double({ min: 0, max: 0.8, noNaN: true }), { minLength: 2, maxLength: 5 })
      .map((shares) => shares.toSorted((a, b) => a - b));
    fc.assert(
      fc.property(ramp, fc.string(), fc.nat(10 * RECORDS), (shares, seed, seq) => {
        const reserved = ["s-1*"];
        const spec = specOf({ weights: [0.2, 0.3, 0.5], shares, holdout: 0.2, reserved });
        const stages = shares.map((_, stage) => assigned(spec, seed).exposureOf(start(seq, stage)));
        const arms = stages.map(({ arm }) => arm);
        const had = arms.find((arm) => arm !== 0) ?? 0;
        const since = arms.indexOf(had);
        expect(arms).toEqual(arms.map((_, stage) => (stage < since ? 0 : had)));
        const apart = stages.filter(({ part }) => part !== "compared");
        expect(apart.every(({ arm }) => arm === 0)).toBe(true);
        const isReserved = RECORD_LIST[seq % RECORDS]!.session?.startsWith("s-1") === true;
        expect(stages.every(({ part }) => (part === "reserved") === isReserved)).toBe(true);
      }),
    );
  });

  it("gives arms, and the holdout, their shares of the keys", () => {
    const spec = specOf({
      by: { kind: "request" },
      weights: [0.5, 0.1, 0.4],
      shares: [0.5],
      holdout: 0.2,
    });
    const split = assigned(spec);
    const counts = { control: 0, holdout: 0, one: 0, two: 0 };
    const starts = 20_000;
    for (let seq = 0; seq < starts; seq++) {
      const { arm, part } = split.exposureOf(start(seq));
      if (part === "holdout") counts.holdout++;
      else counts[(["control", "one", "two"] as const)[arm]!]++;
    }
    const within = (count: number, share: number): void =>
      expect(Math.abs(count - starts * share)).toBeLessThan(
        4 * Math.sqrt(starts * share * (1 - share)),
      );
    within(counts.control, 0.3);
    within(counts.holdout, 0.2);
    within(counts.one, 0.1);
    within(counts.two, 0.4);
  });

  it("is another one with another seed", () => {
    const armsBy = (seed: string): number[] =>
      Array.from({ length: 100 }, (_, seq) => assigned(specOf(), seed).armsOf(start(seq)));
    expect(armsBy("one")).toEqual(armsBy("one"));
    expect(armsBy("one")).not.toEqual(armsBy("two"));
  });

  it("takes a pattern's letters as they are, but for *", () => {
    const matches = keyMatcher(["vip.*", "a+b"]);
    expect(["vip.7", "a+b"].every(matches)).toBe(true);
    expect(["vipx7", "xvip.7", "aab", ""].some(matches)).toBe(false);
    expect(keyMatcher([])("")).toBe(false);
  });
});

describe("a replay of a split", () => {
  it("sends each start to its arm alone, and counts what it drops for that arm alone", async () => {
    const spec = specOf({ by: { kind: "request" } });
    const split = assigned(spec);
    const run = virtualRun(every(MS, 200), [() => answer(1), () => answer(1)], {
      assignment: split,
    });
    run.time.advanceTo(100 * MS);
    run.stopping.abort();
    run.time.runAll();
    await run.done;
    const due = [0, 0];
    for (let seq = 0; seq < 200; seq++) due[split.exposureOf(start(seq)).arm]!++;
    const planned = [0, 0];
    for (const each of run.observations.all) {
      planned[each.arm]! += each.kind === "dropped" ? each.count : 1;
    }
    const sent = run.observations.all.filter(({ kind }) => kind !== "dropped");
    expect(sent.every(({ arm, seq }) => split.exposureOf(start(seq)).arm === arm)).toBe(true);
    expect(planned).toEqual(due);
  });
});
