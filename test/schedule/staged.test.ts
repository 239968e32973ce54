import { describe, expect, it } from "vitest";
import { NS_PER_S } from "../../src/core/index.ts";
import { poissonSchedule, stagedStarts, uniformSchedule } from "../../src/schedule/index.ts";

describe("stages one after another", () => {
  it("number their starts through, offset each stage by those before, and name the stage", () => {
    const stages = [
      uniformSchedule(2, NS_PER_S),
      uniformSchedule(0.1, NS_PER_S),
      uniformSchedule(4, NS_PER_S / 2),
    ];
    expect([...stagedStarts(stages, "seed")]).toEqual([
      { seq: 0, intendedNs: 0.25e9, stage: 0 },
      { seq: 1, intendedNs: 0.75e9, stage: 0 },
      { seq: 2, intendedNs: 2.125e9, stage: 2 },
      { seq: 3, intendedNs: 2.375e9, stage: 2 },
    ]);
  });

  it("tell each schedule how many starts came before it", () => {
    const asked: number[] = [];
    const spying = (count: number) => ({
      ...uniformSchedule(1, NS_PER_S),
      *intendedStartsNs(_: unknown, firstSeq: number) {
        asked.push(firstSeq);
        for (let i = 0; i < count; i++) yield 0;
      },
    });
    expect([...stagedStarts([spying(3), spying(0), spying(2)], "seed")]).toHaveLength(5);
    expect(asked).toEqual([0, 3, 3]);
  });

  it("have luck of their own: a stage's starts do not depend on how long the first one was", () => {
    const second = (firstS: number): number[] => {
      const stages = [poissonSchedule(50, firstS * NS_PER_S), poissonSchedule(50, NS_PER_S)];
      return [...stagedStarts(stages, "seed")]
        .filter(({ stage }) => stage === 1)
        .map(({ intendedNs }) => Math.round(intendedNs - firstS * NS_PER_S));
    };
    expect(second(1)).toEqual(second(3));
    const first = [...stagedStarts([poissonSchedule(50, NS_PER_S)], "seed")];
    expect(second(1)).not.toEqual(first.map(({ intendedNs }) => Math.round(intendedNs)));
  });

  it("are lazy: the first start of a stage of a billion is there at once", () => {
    const starts = stagedStarts([uniformSchedule(1_000, 1e6 * NS_PER_S)], "seed");
    expect(starts.next().value).toEqual({ seq: 0, intendedNs: 5e5, stage: 0 });
  });
});
