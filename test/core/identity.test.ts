import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ArmIdentity,
  requestIdOf,
  seqOfRequestId,
  seqOfTraceparent,
  traceparentOf,
} from "../../src/core/index.ts";

const RUN_ID = "0123456789abcdef";
const identities = fc.record({
  runId: fc.stringMatching(/^[0-9a-f]{16}$/).filter((runId) => runId !== "0000000000000000"),
  seq: fc.oneof(fc.nat(), fc.maxSafeNat()),
  armIndex: fc.integer({ min: 0, max: 254 }),
  attempt: fc.integer({ min: 1, max: 254 }),
});

describe("a request's identity", () => {
  it("comes back from both headers, for every seq below 2^53", () => {
    fc.assert(
      fc.property(identities, (identity) => {
        expect(seqOfTraceparent(identity.runId, traceparentOf(identity))).toBe(identity.seq);
        expect(seqOfRequestId(identity.runId, requestIdOf(identity))).toBe(identity.seq);
      }),
    );
  });

  it("is a valid W3C traceparent: 32 and 16 lower-case hex digits, neither all zero", () => {
    fc.assert(
      fc.property(identities, (identity) => {
        const traceparent = traceparentOf(identity);
        expect(traceparent).toMatch(/^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01$/);
        expect(traceparent.slice(19, 35)).toBe(identity.seq.toString(16).padStart(16, "0"));
      }),
    );
  });

  it("has the same trace id in both arms, and another parent id", () => {
    const [control, variant] = [0, 1].map((armIndex) =>
      traceparentOf({ runId: RUN_ID, seq: 9, armIndex }),
    );
    expect(control?.slice(0, 35)).toBe(variant?.slice(0, 35));
    expect(control).not.toBe(variant);
  });

  it("of one arm's starts, one after another, is what each alone would be", () => {
    fc.assert(
      fc.property(identities, fc.array(fc.nat(600), { maxLength: 40 }), (identity, steps) => {
        const { armIndex, runId } = identity;
        const own = new ArmIdentity(runId, armIndex);
        let seq = Math.min(identity.seq, Number.MAX_SAFE_INTEGER - 40_000);
        for (const step of [0, ...steps]) {
          seq += step;
          expect(own.traceparent(seq)).toBe(traceparentOf({ runId, armIndex, seq }));
          expect(own.requestId(seq)).toBe(requestIdOf({ runId, armIndex, seq }));
        }
      }),
    );
  });

  it("says its arm, sequence and attempt, in both headers", () => {
    const identity = { runId: RUN_ID, seq: 0xabcdef, armIndex: 1, attempt: 2 };
    expect(requestIdOf(identity)).toBe(`${RUN_ID}-11259375-1-2`);
    expect(traceparentOf(identity)).toBe(`00-${RUN_ID}0000000000abcdef-0202000000abcdef-01`);
    const first = requestIdOf({ runId: RUN_ID, seq: 7, armIndex: 0 });
    expect(first).toBe(`${RUN_ID}-7-0-1`);
  });

  it("survives a service that starts a span of its own: parent id and flags are not read", () => {
    expect(seqOfTraceparent(RUN_ID, `00-${RUN_ID}000000000000002a-b7ad6b7169203331-00`)).toBe(42);
    expect(seqOfTraceparent(RUN_ID, `cc-${RUN_ID}000000000000002a-b7ad6b7169203331-00-later`)).toBe(
      42,
    );
  });
});

describe("what is not of this run", () => {
  const good = traceparentOf({ runId: RUN_ID, seq: 42, armIndex: 1 });

  it.each([
    undefined,
    "",
    "00",
    good.slice(0, -1),
    good.replace("2a", "zz"),
    `00-${RUN_ID}-00000000000002a-0200000000002a-01`,
    `00-${RUN_ID}0x0000000000002a-020000000000002a-01`,
    `00-${RUN_ID} 00000000000002a-020000000000002a-01`,
    `00-${RUN_ID}-000000000000001-020000000000002a-01`,
    `00-${RUN_ID}ffffffffffffffff-020000000000002a-01`,
    good.replace(RUN_ID, "fedcba9876543210"),
    `${good}0`,
  ])("traceparent %j is -1", (header) => expect(seqOfTraceparent(RUN_ID, header)).toBe(-1));

  it.each([
    undefined,
    "",
    RUN_ID,
    `${RUN_ID}-`,
    `${RUN_ID}--`,
    `${RUN_ID}-5`,
    `${RUN_ID}-5-0`,
    `${RUN_ID}--5-0-1`,
    `${RUN_ID}-1e3-0-1`,
    `${RUN_ID}-0x10-0-1`,
    `${RUN_ID}- 5-0-1`,
    `${RUN_ID}-5.5-0-1`,
    `${RUN_ID}-99999999999999999999-0-1`,
    "fedcba9876543210-5-0-1",
  ])("x-request-id %j is -1", (header) => expect(seqOfRequestId(RUN_ID, header)).toBe(-1));

  it("never throws, and never gives a number that is no sequence number", () => {
    const damaged = fc
      .tuple(fc.constantFrom(good, `${RUN_ID}-42-1-1`), fc.nat(60), fc.string())
      .map(([text, at, put]) => text.slice(0, at) + put + text.slice(at + put.length));
    fc.assert(
      fc.property(fc.oneof(fc.string(), damaged), (header) => {
        for (const seq of [seqOfTraceparent(RUN_ID, header), seqOfRequestId(RUN_ID, header)]) {
          expect(Number.isSafeInteger(seq) && seq >= -1).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
