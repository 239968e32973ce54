import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyedDraw } from "../../src/core/index.ts";
import { createFaultModel, faultSchema } from "../../src/emulator/fault/index.ts";
import type { Fault } from "../../src/emulator/model.ts";
import { incidentSchema } from "../../src/emulator/timeline/index.ts";
import { createWorlds } from "../../src/emulator/world.ts";
import { asked, WORLD } from "./asked.ts";

const CALL = asked();
const DRAWS = 20_000;
/** Of a normal distribution: beyond it is one draw in a thousand; seeds are fixed. */
const Z = 3.29;

const modelOf = (written: unknown, world = WORLD) =>
  createFaultModel(faultSchema.parse(written), world);
const isStatus = (fault: Fault | null, status: number): boolean =>
  fault?.kind === "status" && fault.status === status;

/** Lengths of the runs of failures. */
function burstsOf(failures: readonly boolean[]): number[] {
  const bursts: number[] = [];
  for (const [index, failed] of failures.entries()) {
    if (!failed) continue;
    if (failures[index - 1] === true) bursts[bursts.length - 1]!++;
    else bursts.push(1);
  }
  return bursts;
}

describe("independent errors", () => {
  it.each([0, 0.02, 0.5, 1])("a ratio of %s is the share that fails", (ratio) => {
    const model = modelOf({ ratio });
    const faults = Array.from({ length: DRAWS }, (_, i) =>
      model.faultFor(CALL, keyedDraw("faults", i)),
    );
    const failed = faults.filter((fault) => isStatus(fault, 503)).length;
    expect(faults.filter((fault) => fault === null)).toHaveLength(DRAWS - failed);
    const sd = Math.sqrt(DRAWS * ratio * (1 - ratio));
    expect(Math.abs(failed - DRAWS * ratio)).toBeLessThanOrEqual(5 * sd);
  });

  it("do not come with slow or fast calls: luck in latency and in errors is independent", () => {
    const model = modelOf({ ratio: 0.2, status: 500 });
    let [slow, slowFailed] = [0, 0];
    for (let i = 0; i < DRAWS; i++) {
      const draw = keyedDraw("both", i);
      if (draw.uniform("latency") < 0.9) continue;
      slow++;
      if (model.faultFor(CALL, draw) !== null) slowFailed++;
    }
    expect(Math.abs(slowFailed - 0.2 * slow)).toBeLessThan(5 * Math.sqrt(0.16 * slow));
  });

  it("a call's fault does not depend on what other calls were made, or when", () => {
    const spec = [
      { ratio: 0.3, fault: [{ fault: "reset" }, { weight: 2, fault: "hang" }] },
      {
        kind: "gilbert-elliott",
        badRatio: 0.3,
        meanBurst: "2s",
        errorInGood: 0.05,
        status: 500,
      },
      { kind: "during", during: { kind: "every", every: "10s", lasts: "3s" }, ratio: 0.5 },
    ];
    const call = fc.record({ seq: fc.nat(1_000), atMs: fc.nat(60_000) });
    fc.assert(
      fc.property(fc.array(call), fc.array(call), call, (before, others, { atMs, seq }) => {
        const [one, other] = [modelOf(spec), modelOf(spec)];
        const faultOf = (model: typeof one, which: { seq: number; atMs: number }) =>
          model.faultFor(asked({ nowNs: which.atMs * 1e6 }), keyedDraw("call", which.seq));
        for (const each of before) faultOf(one, each);
        for (const each of others) faultOf(other, each);
        expect(faultOf(one, { seq, atMs })).toEqual(faultOf(other, { seq, atMs }));
      }),
      { numRuns: 200 },
    );
  });
});

describe("gilbert-elliott", () => {
  it.each([
    [0.01, 20],
    [0.3, 5],
    [0.6, 2],
  ])("by call: %s of the calls fail, in bursts of %s on average", (badRatio, meanBurst) => {
    const model = modelOf({ kind: "gilbert-elliott", badRatio, meanBurst });
    const calls = 100_000;
    const failures = Array.from(
      { length: calls },
      (_, i) => model.faultFor(CALL, keyedDraw(i)) !== null,
    );
    const leave = 1 / meanBurst;
    const memory = 1 - leave - (leave * badRatio) / (1 - badRatio);
    // A two-state chain's mean has the variance of independent calls times (1 + m) / (1 − m).
    const sd = Math.sqrt((badRatio * (1 - badRatio) * (1 + memory)) / (1 - memory) / calls);
    expect(Math.abs(failures.filter(Boolean).length / calls - badRatio)).toBeLessThan(Z * sd);
    const bursts = burstsOf(failures);
    const mean = bursts.reduce((sum, burst) => sum + burst, 0) / bursts.length;
    const burstSd = Math.sqrt(1 - leave) / leave / Math.sqrt(bursts.length);
    expect(Math.abs(mean - meanBurst)).toBeLessThan(Z * burstSd);
  });

  it("fails in each state as often as it says: h in bad, k in good", () => {
    const spec = { kind: "gilbert-elliott", badRatio: 0.25, meanBurst: 10 };
    const state = modelOf(spec);
    const model = modelOf({ ...spec, errorInBad: 0.6, errorInGood: 0.02 });
    const seen = { bad: [0, 0], good: [0, 0] };
    for (let i = 0; i < DRAWS; i++) {
      const bad = state.faultFor(CALL, keyedDraw(i)) !== null;
      const failed = model.faultFor(CALL, keyedDraw("luck", i)) !== null;
      const count = seen[bad ? "bad" : "good"];
      count[0]!++;
      if (failed) count[1]!++;
    }
    for (const [[calls, failed], chance] of [
      [seen.bad, 0.6],
      [seen.good, 0.02],
    ] as const) {
      const sd = Math.sqrt(chance * (1 - chance) * calls!);
      expect(Math.abs(failed! - chance * calls!)).toBeLessThan(Z * sd);
    }
  });

  it("by time: bad spells last as told, whatever calls are made in them, and for both arms", () => {
    const spec = { kind: "gilbert-elliott", badRatio: "20%", meanBurst: "5s" };
    const [control, variant] = [modelOf(spec), modelOf(spec)];
    const stepMs = 100;
    const failsAt = (model: typeof control, index: number): boolean =>
      model.faultFor(asked({ nowNs: index * stepMs * 1e6 }), keyedDraw(index)) !== null;
    const failures = Array.from({ length: 200_000 }, (_, index) => failsAt(control, index));
    // An arm that asks a tenth as often is in the same spells.
    for (let i = 0; i < failures.length; i += 10) expect(failsAt(variant, i)).toBe(failures[i]);
    const bursts = burstsOf(failures);
    const meanS = (bursts.reduce((sum, burst) => sum + burst, 0) / bursts.length) * (stepMs / 1e3);
    // Spells are exponential; looks every 100 ms miss the shortest, which adds half a look.
    expect(Math.abs(meanS - 5)).toBeLessThan((Z * 5) / Math.sqrt(bursts.length) + stepMs / 1e3);
    const share = failures.filter(Boolean).length / failures.length;
    // Of a renewal process: sd of the share ≈ sqrt(2 b² g² / (b + g)³ / T), means b and g.
    const sd = Math.sqrt((2 * 25 * 400) / 25 ** 3 / ((failures.length * stepMs) / 1e3));
    expect(Math.abs(share - 0.2)).toBeLessThan(Z * sd);
  });

  it("two arms that make the same calls have the same bursts; another seed has others", () => {
    const spec = { kind: "gilbert-elliott", badRatio: 0.2, meanBurst: 4, errorInBad: 0.7 };
    const faultsIn = (seed: string) => {
      const model = modelOf(spec, createWorlds(seed, {})("stock"));
      return Array.from({ length: 500 }, (_, i) => model.faultFor(CALL, keyedDraw(seed, i)));
    };
    expect(faultsIn("a")).toEqual(faultsIn("a"));
    expect(faultsIn("a")).not.toEqual(faultsIn("b"));
  });

  it.each([
    [{ badRatio: 0 }, /above 0 and below 100%/],
    [{ badRatio: 1 }, /above 0 and below 100%/],
    [{ badRatio: 0.9, meanBurst: 2 }, /make meanBurst longer/],
    [{ fault: "hang", status: 500 }, /give status or fault, not both/],
  ])("%j is refused", (told, message) => {
    const written = { kind: "gilbert-elliott", badRatio: 0.1, meanBurst: 3, ...told };
    const { error } = faultSchema.safeParse(written);
    expect(JSON.stringify(error?.issues)).toMatch(message);
  });
});

describe("during", () => {
  it("an incident strikes all dependencies that name it together, and no other time", () => {
    const incident = incidentSchema.parse({ kind: "markov", dwell: ["20s", "5s"] });
    const worldOf = createWorlds("seed", { "brown-out": incident });
    const during = { kind: "incident", incident: "brown-out" };
    const stock = modelOf({ kind: "during", during, status: 500 }, worldOf("stock"));
    const payment = modelOf({ kind: "during", during, fault: "reset" }, worldOf("payment"));
    let struck = 0;
    for (let i = 0; i < 2_000; i++) {
      const call = asked({ nowNs: i * 1e8 });
      const [one, other] = [
        stock.faultFor(call, keyedDraw("stock", i)),
        payment.faultFor(call, keyedDraw("payment", i)),
      ];
      expect(one === null).toBe(other === null);
      if (one !== null) struck++;
    }
    expect(struck).toBeGreaterThan(0);
    expect(struck).toBeLessThan(2_000);
  });

  it("fails its ratio of the calls in its windows", () => {
    const during = { kind: "windows", windows: [{ from: "1s", to: "2s" }] };
    const model = modelOf({ kind: "during", during, ratio: "40%" });
    const failedAt = (nowNs: number): number =>
      Array.from({ length: 5_000 }, (_, i) =>
        model.faultFor(asked({ nowNs }), keyedDraw(i)),
      ).filter((fault) => fault !== null).length;
    expect([failedAt(999_999_999), failedAt(2e9)]).toEqual([0, 0]);
    expect(Math.abs(failedAt(1e9) - 2_000)).toBeLessThan(Z * Math.sqrt(5_000 * 0.24));
  });
});

describe("a list of models", () => {
  it("the first that strikes decides, and a second changes no luck of the first", () => {
    const first = { ratio: 0.3, status: 500 };
    const [alone, both] = [modelOf(first), modelOf([first, { ratio: 0.5, status: 502 }])];
    const seen = [0, 0, 0];
    for (let i = 0; i < DRAWS; i++) {
      const [before, now] = [alone, both].map((model) => model.faultFor(CALL, keyedDraw(i)));
      expect(before === null ? null : now).toEqual(before);
      seen[now === null ? 2 : isStatus(now!, 500) ? 0 : 1]!++;
    }
    for (const [index, share] of [0.3, 0.35, 0.35].entries()) {
      const sd = Math.sqrt(share * (1 - share) * DRAWS);
      expect(Math.abs(seen[index]! - share * DRAWS)).toBeLessThan(Z * sd);
    }
  });

  it("of several faults, each is chosen as often as its weight says", () => {
    const fault = [
      { weight: 1, fault: "reset" },
      { weight: 3, fault: { kind: "truncated", share: "20%" } },
      { fault: { kind: "status", status: 500 } },
    ];
    const model = modelOf({ ratio: 1, fault });
    const counts: Record<string, number> = {};
    for (let i = 0; i < DRAWS; i++) {
      const { kind } = model.faultFor(CALL, keyedDraw(i))!;
      counts[kind] = (counts[kind] ?? 0) + 1;
    }
    for (const [kind, share] of Object.entries({ reset: 0.2, truncated: 0.6, status: 0.2 })) {
      const sd = Math.sqrt(share * (1 - share) * DRAWS);
      expect(Math.abs(counts[kind]! - share * DRAWS)).toBeLessThan(Z * sd);
    }
  });

  it("is plain data: a copy of the spec is the same model", () => {
    const spec = faultSchema.parse([
      { ratio: "2%", fault: { kind: "slow-body", over: "2s" } },
      { kind: "gilbert-elliott", badRatio: "10%", meanBurst: "1s", fault: "garbage" },
    ]);
    expect(structuredClone(spec)).toEqual(spec);
  });
});
