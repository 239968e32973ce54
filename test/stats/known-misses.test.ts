import { describe, expect, it } from "vitest";
import { KAYENTA_DEFAULTS, kayentaVerdict } from "./kayenta.ts";
import { decisionOnMedian, decisionOnSeries } from "./vectors/judge.ts";
import { vectors } from "./vectors/index.ts";

interface Series {
  readonly experiment: readonly number[];
  readonly control: readonly number[];
}

const misses = vectors
  .filter(({ topic }) => topic.includes("known miss"))
  .map(({ id, input }) => ({ id, ...(input as Series) }));

const repeated = (values: readonly number[], times: number): number[] =>
  Array.from({ length: times }, () => values).flat();

describe("what Kayenta's judge is known to have let pass", () => {
  it("there are some", () => {
    expect(misses.map(({ id }) => id)).toContain("kayenta-issue-6278");
    expect(misses.length).toBeGreaterThanOrEqual(2);
  });

  it.each(misses)("$id: Kayenta passes it; so few values are not judged by us", (miss) => {
    const { control, experiment } = miss;
    expect(kayentaVerdict(experiment, control, KAYENTA_DEFAULTS).classification).toBe("Pass");
    expect(decisionOnSeries(experiment, control)).toBe("hold");
  });

  it.each(misses)("$id: nor does as much of it as is needed ship by the median", (miss) => {
    expect(decisionOnMedian(miss.experiment, miss.control, 30)).not.toBe("ship");
  });

  it("kayenta-issue-6278: ten times as much is rolled back", () => {
    const { control, experiment } = misses.find(({ id }) => id === "kayenta-issue-6278")!;
    expect(decisionOnSeries(repeated(experiment, 10), repeated(control, 10))).toBe("roll-back");
  });

  it("the yardstick can say ship: two series that are alike", () => {
    const series = Array.from({ length: 60 }, (_, i) => 10 + ((i * 7) % 5) / 10);
    expect(decisionOnSeries(series, series.toReversed())).toBe("ship");
  });
});
