import { describe, expect, it } from "vitest";
import { Thinner } from "../../src/replay/thinner.ts";

const start = (seq: number, intendedNs: number) => ({
  seq,
  intendedNs,
  stage: 0,
  record: 0,
  copy: 0,
});
const COUNT = 4_000;

describe("a load that is made smaller", () => {
  it("keeps its share of the starts from its moment on, and all before it", () => {
    const thinner = new Thinner("seed", false);
    thinner.add({ share: 0.5, fromNs: 1_000 });
    const kept = Array.from(
      { length: COUNT },
      (_, seq) => thinner.leavesOut(start(seq, seq)) === null,
    );
    expect(kept.slice(0, 1_000)).not.toContain(false);
    const after = kept.slice(1_000).filter(Boolean).length / (COUNT - 1_000);
    expect(after).toBeGreaterThan(0.47);
    expect(after).toBeLessThan(0.53);
  });

  it("is the same for whoever sends it, and a smaller share is a part of a larger one", () => {
    const [one, other] = [new Thinner("seed", false), new Thinner("seed", false)];
    one.add({ share: 0.5, fromNs: 0 });
    other.add({ share: 0.25, fromNs: 0 });
    const both = new Thinner("seed", false);
    both.add({ share: 0.5, fromNs: 0 });
    both.add({ share: 0.25, fromNs: 2_000 });
    for (let seq = 0; seq < COUNT; seq++) {
      const at = start(seq, seq);
      expect(one.leavesOut(at) !== null && other.leavesOut(at) === null).toBe(false);
      expect(both.leavesOut(at)).toBe((seq < 2_000 ? one : other).leavesOut(at));
    }
  });

  it("tells what is held from what is halved, and lets go on only what is held", () => {
    const thinner = new Thinner("seed", false);
    thinner.add({ share: 0.5, fromNs: 0 });
    thinner.add({ share: 0, fromNs: 0, untilNs: 3_000, held: true });
    const before = Array.from({ length: COUNT }, (_, seq) => thinner.leavesOut(start(seq, 2_500)));
    expect(new Set(before)).toEqual(new Set(["throttled", "held"]));
    thinner.release(2_000);
    for (let seq = 0; seq < COUNT; seq++) {
      expect(thinner.leavesOut(start(seq, 1_500))).not.toBeNull();
      const after = thinner.leavesOut(start(seq, 2_500));
      expect(after).toBe(before[seq] === "throttled" ? "throttled" : null);
    }
  });

  it("leaves a start out with its repeat", () => {
    const thinner = new Thinner("seed", true);
    thinner.add({ share: 0.5, fromNs: 0 });
    for (let seq = 0; seq < COUNT; seq += 2) {
      expect(thinner.leavesOut(start(seq + 1, 5))).toBe(thinner.leavesOut(start(seq, 5)));
    }
  });
});
