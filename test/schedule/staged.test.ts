import { describe, expect, it } from "vitest";
import { NS_PER_S } from "../../src/core/index.ts";
import {
  poissonSchedule,
  recordedSchedule,
  sequenceSchedule,
  stagedStarts,
  uniformSchedule,
} from "../../src/schedule/index.ts";

describe("stages one after another", () => {
  it("number their starts through, offset each stage by those before, and name the stage", () => {
    const stages = [
      uniformSchedule(2, NS_PER_S),
      uniformSchedule(0.1, NS_PER_S),
      uniformSchedule(4, NS_PER_S / 2),
    ];
    expect([...stagedStarts(stages, "seed", 3)]).toEqual([
      { seq: 0, intendedNs: 0.25e9, stage: 0, record: 0, copy: 0 },
      { seq: 1, intendedNs: 0.75e9, stage: 0, record: 1, copy: 0 },
      { seq: 2, intendedNs: 2.125e9, stage: 2, record: 2, copy: 0 },
      { seq: 3, intendedNs: 2.375e9, stage: 2, record: 0, copy: 0 },
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
    expect([...stagedStarts([spying(3), spying(0), spying(2)], "seed", 3)]).toHaveLength(5);
    expect(asked).toEqual([0, 3, 3]);
  });

  it("have luck of their own: a stage's starts do not depend on how long the first one was", () => {
    const second = (firstS: number): number[] => {
      const stages = [poissonSchedule(50, firstS * NS_PER_S), poissonSchedule(50, NS_PER_S)];
      return [...stagedStarts(stages, "seed", 3)]
        .filter(({ stage }) => stage === 1)
        .map(({ intendedNs }) => Math.round(intendedNs - firstS * NS_PER_S));
    };
    expect(second(1)).toEqual(second(3));
    const first = [...stagedStarts([poissonSchedule(50, NS_PER_S)], "seed", 3)];
    expect(second(1)).not.toEqual(first.map(({ intendedNs }) => Math.round(intendedNs)));
  });

  it("send what a schedule picks, and take the records in order where it picks none", () => {
    const stages = [
      uniformSchedule(4, NS_PER_S),
      recordedSchedule([0, 1e8, 3e8], { durationNs: NS_PER_S, multiple: { from: 2, to: 2 } }),
    ];
    const starts = [...stagedStarts(stages, "seed", 3)];
    expect(starts.slice(0, 4).map(({ record }) => record)).toEqual([0, 1, 2, 0]);
    const clones = starts.slice(4).map(({ copy, record }) => `${copy}/${record}`);
    expect(clones.toSorted()).toEqual(["0/0", "0/1", "0/2", "1/0", "1/1", "1/2"]);
    const mixed = sequenceSchedule([uniformSchedule(4, NS_PER_S), stages[1]!]);
    const [first, second] = [mixed, mixed].map((_, stage, both) =>
      [...stagedStarts(both, "seed", 3)].filter((start) => start.stage === stage).slice(0, 4),
    );
    expect(first?.map(({ record }) => record)).toEqual([0, 1, 2, 0]);
    expect(second?.map(({ record }) => record)).toEqual([1, 2, 0, 1]);
  });

  it("are lazy: the first start of a stage of a billion is there at once", () => {
    const starts = stagedStarts([uniformSchedule(1_000, 1e6 * NS_PER_S)], "seed", 3);
    expect(starts.next().value).toMatchObject({ seq: 0, intendedNs: 5e5, stage: 0 });
  });
});
