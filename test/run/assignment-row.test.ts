import { expect, it } from "vitest";
import type { ExposureTable } from "../../src/measure/index.ts";
import { resultSchema } from "../../src/report/index.ts";
import { assignmentRow, mergeAssignments } from "../../src/run/assignment-row.ts";
import { PLAN } from "../experiment/plan-fixture.ts";

const stage = PLAN.stages.findIndex(({ judgedFromNs }) => judgedFromNs !== null);
const meta = { arms: PLAN.arms, stages: [], parts: ["compared", "holdout", "reserved"] };

/** Ten keys with two starts each, half of them the variant's; one of control's is held out, one reserved. */
const rows = Array.from({ length: 20 }, (_, seq) => {
  const key = seq % 10;
  const part = key === 0 ? 1 : key === 2 ? 2 : 0;
  return { seq, bucket: (key + 0.5) / 10, arm: key % 2, stage, part };
});

it("a split tells keys, each once, and starts, by stage and arm", () => {
  const assignment = {
    kind: "split",
    by: { kind: "header", header: "x-user" },
    weights: [0.5, 0.5],
    shares: PLAN.stages.map(() => 0.5),
    holdout: 0.1,
    reserved: ["vip"],
  } as const;
  const exposures = Object.assign([...rows], { meta }) as unknown as ExposureTable;
  const { assignment: row } = assignmentRow({ ...PLAN, assignment }, exposures);
  expect(resultSchema.shape.assignment.parse(row)).toEqual(row);
  expect(row).toMatchObject({ kind: "split", by: "header x-user" });
  expect((row as { stages: unknown[] }).stages[0]).toMatchObject({
    stage: PLAN.stages[stage]!.name,
    planned: { control: 0.5, variant: 0.5 },
    keys: { control: 4, variant: 5 },
    starts: { control: 10, variant: 10 },
    holdout: 2,
    reserved: 2,
  });
  const { assignment: both } = mergeAssignments([{ assignment: row }, {}, { assignment: row }]);
  expect(resultSchema.shape.assignment.parse(both)).toEqual(both);
  expect((both as { stages: unknown[] }).stages[0]).toMatchObject({
    planned: { control: 0.5, variant: 0.5 },
    keys: { control: 8, variant: 10 },
    starts: { control: 20, variant: 20 },
    holdout: 4,
    reserved: 4,
  });
  expect(assignmentRow(PLAN, null)).toEqual({});
});

it("a crossover tells the periods that were judged, and of several runs those of all", () => {
  const assignment = { kind: "crossover", periodNs: 125e6, washoutNs: 0 } as const;
  const plan = { ...PLAN, assignment };
  const { blockNs, judgedFromNs, name } = PLAN.stages[stage]!;
  const untilNs = judgedFromNs! + 21 * blockNs;
  const lookedAt = PLAN.stages.map((each) => ({ ...each, endNs: Math.min(each.endNs, untilNs) }));
  const [whole, stopped] = [assignmentRow(plan, null), assignmentRow(plan, null, lookedAt)];
  expect(whole.assignment).toMatchObject({ stages: [{ stage: name, periods: 40 }] });
  expect(stopped.assignment).toMatchObject({ stages: [{ stage: name, periods: 21 }] });
  expect(mergeAssignments([whole, stopped]).assignment).toMatchObject({
    stages: [{ stage: name, periods: 61 }],
  });
});
