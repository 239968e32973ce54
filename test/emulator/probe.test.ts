import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { traceparentOf } from "../../src/core/index.ts";
import { Conduct } from "../../src/emulator/conduct.ts";
import {
  dependencySchema,
  type HttpSpec,
  probeSchema,
  type ProbeWindow,
  withProbes,
} from "../../src/emulator/index.ts";
import { ConnectionFaults } from "../../src/emulator/listen/connection-faults.ts";
import { createWorlds } from "../../src/emulator/world.ts";
import { asked } from "./asked.ts";

const RUN_ID = "0123456789abcdef";
const S = 1e9;
const LEAD_NS = 1.5 * S;

const spec = dependencySchema.parse({
  latency: { kind: "lognormal", median: "80ms", sigma: 0.7 },
  errors: { ratio: "20%", status: 500 },
}) as HttpSpec;

const windowOf = (probe: object): ProbeWindow => ({
  probe: probeSchema.parse({ dependency: "stock", ...probe }),
  fromNs: 10 * S,
  toNs: 20 * S,
});

/** Some probes at once, on a clock that has run for LEAD_NS when traffic begins. */
function probed(...windows: readonly ProbeWindow[]) {
  const own = withProbes({ stock: spec }, windows)["stock"] as HttpSpec;
  const world = createWorlds("seed", {}, { leadNs: LEAD_NS })("stock");
  const conductOf = (of: HttpSpec): Conduct =>
    new Conduct({
      dependency: "stock",
      spec: of,
      seed: "seed",
      runId: RUN_ID,
      world,
      wallMsAt: (nowNs) => nowNs / 1e6,
      onEvict: () => {},
    });
  return { spec: own, world, withProbe: conductOf(own), without: conductOf(spec) };
}

const decide = (conduct: Conduct, seq: number, atNs: number, armIndex = 0) => {
  const headers = { traceparent: traceparentOf({ runId: RUN_ID, seq, armIndex }) };
  const nowNs = LEAD_NS + atNs;
  const { answer, delayUs, fault } = conduct.decide(
    asked({ nowNs, headers }),
    Buffer.alloc(0),
    nowNs,
  );
  return { status: answer.status, delayUs, fault: fault?.kind ?? null };
};

const PROBES = [{ latency: { factor: 4 } }, { errors: "50%" }, { hang: true }, { outage: true }];
const seqs = fc.uniqueArray(fc.nat(100_000), { minLength: 200, maxLength: 200 });

describe("a probe", () => {
  it.each(PROBES)("%j: outside its time nothing is otherwise, and both arms are alike", (probe) => {
    const times = fc.constantFrom(0, 9.99 * S, 10 * S, 19.99 * S, 20 * S, 100 * S);
    const property = fc.property(fc.nat(100_000), times, (seq, atNs) => {
      const { withProbe, without } = probed(windowOf(probe));
      const got = decide(withProbe, seq, atNs);
      const outside = atNs < 10 * S || atNs >= 20 * S;
      expect(got).toEqual(outside ? decide(without, seq, atNs) : got);
      expect(got).toEqual(decide(probed(windowOf(probe)).withProbe, seq, atNs, 1));
    });
    fc.assert(property, { numRuns: 60 });
  });

  it("of latency takes each call so many times as long", () => {
    const { withProbe, without } = probed(windowOf({ latency: { factor: 4 } }));
    fc.assert(
      fc.property(fc.nat(100_000), (seq) => {
        const usual = decide(without, seq, 15 * S);
        expect(decide(withProbe, seq, 15 * S).delayUs).toBeCloseTo(4 * usual.delayUs, 3);
      }),
      { numRuns: 60 },
    );
  });

  it("of errors fails its share of what would have been well; hang and outage strike every call", () => {
    fc.assert(
      fc.property(seqs, (chosen) => {
        const strikes = (probe: object): number => {
          const { withProbe, without } = probed(windowOf(probe));
          const well = chosen.filter((seq) => decide(without, seq, 15 * S).fault === null);
          const struck = well.filter((seq) => decide(withProbe, seq, 15 * S).fault !== null);
          return struck.length / well.length;
        };
        expect(Math.abs(strikes({ errors: "50%" }) - 0.5)).toBeLessThan(0.2);
        expect(strikes({ hang: true })).toBe(1);
        expect(strikes({ outage: true })).toBe(1);
      }),
      { numRuns: 5 },
    );
  });

  it("of an outage closes the door for its time, counted from when traffic began", () => {
    const { spec: own, world } = probed(windowOf({ outage: true }));
    const doors = new ConnectionFaults(own.connections, world);
    const doorAt = (atNs: number) => doors.door(LEAD_NS + atNs);
    expect([0, 9.99 * S, 10 * S, 19.99 * S, 20 * S].map(doorAt)).toEqual([
      "open",
      "open",
      "refuse",
      "refuse",
      "open",
    ]);
  });

  it("strikes stubs that have models of their own, too", () => {
    const stubbed = dependencySchema.parse({
      latency: { kind: "constant", value: "1ms" },
      stubs: [
        {
          request: { path: "/" },
          response: { status: 200 },
          latency: { kind: "constant", value: "5ms" },
        },
      ],
    }) as HttpSpec;
    const own = withProbes({ stock: stubbed }, [windowOf({ latency: { factor: 4 } })]);
    const [stub] = (own["stock"] as HttpSpec).stubs;
    expect(stub?.latency).toMatchObject({ kind: "schedule", latency: stubbed.stubs[0]?.latency });
  });

  it.each([
    ["nothing", {}],
    ["two things at once", { hang: true, outage: true }],
  ])("that does %s is refused", (_, probe) => {
    const { error } = probeSchema.safeParse({ dependency: "stock", ...probe });
    expect(error?.issues[0]?.message).toContain("one thing is done to a dependency at a time");
  });
});
