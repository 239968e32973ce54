import { describe, expect, it } from "vitest";
import { startsOf, TRAFFIC, type ArmLog, evidenceOf, S } from "./simulate.ts";
import { throughPool } from "./targets.ts";

const log = throughPool(startsOf(TRAFFIC, "identity"), { size: 64 });
const lying = (seqOf: (seq: number, i: number) => number): ArmLog => ({
  requests: log.requests,
  calls: log.calls.map((call, i) => ({ ...call, seq: seqOf(call.seq, i) })),
});
const variantOf = (arm: ArmLog) => evidenceOf([log, arm], { ...TRAFFIC });

describe("identity that a target passes on", () => {
  it("joins a call to the request that made it", () => {
    const evidence = variantOf(log);
    expect(evidence.joinedBy(1, 0)).toBe("identity");
    const { seq } = evidence.calls(1, 0)[100]!;
    expect(evidence.callsOf(1, seq).map((call) => call.seq)).toEqual([seq]);
  });

  it.each([
    ["none at all", () => -1],
    ["the first request's, for ever", () => 0],
    ["a request's that nobody sent", (seq: number) => seq + 1_000_000],
    ["a request's that starts two seconds later", (seq: number) => seq + 200],
    ["a request's that was over long before", (seq: number) => Math.max(seq - 2_000, 0)],
    ["its own for four calls in ten", (seq: number, i: number) => (i % 10 < 4 ? seq : -1)],
  ])("%s joins nothing: what cannot be true is not believed", (_, seqOf) => {
    const evidence = variantOf(lying(seqOf));
    expect(evidence.joinedBy(1, 0)).toBe("rates");
    expect(evidence.calls(1, 0).some(({ seq }) => seq >= 0)).toBe(false);
    expect(evidence.joinedBy(0, 0)).toBe("identity");
  });

  it("the same asked for again on nobody's behalf is no second attempt", () => {
    const again = log.calls.map((each, i) => ({ ...each, seq: -1, key: 7, attempt: i + 1 }));
    const evidence = variantOf({ requests: log.requests, calls: again });
    expect(evidence.joinedBy(1, 0)).toBe("rates");
    expect(new Set(evidence.calls(1, 0).map(({ attempt }) => attempt))).toEqual(new Set([1]));
  });

  it("one lie among many truths is taken off alone, and late calls are no lies", () => {
    const evidence = variantOf(lying((seq, i) => (i === 50 ? seq + 500 : seq)));
    expect(evidence.joinedBy(1, 0)).toBe("identity");
    expect(evidence.calls(1, 0).filter(({ seq }) => seq < 0)).toHaveLength(1);
    const late = { ...log, calls: log.calls.map((c) => ({ ...c, arriveNs: c.arriveNs + 5 * S })) };
    expect(variantOf(late).joinedBy(1, 0)).toBe("identity");
  });
});
