import { expect, it } from "vitest";
import { disagreement, discordant } from "../../src/experiment/paired-outcomes.ts";
import type { ObservationBatch } from "../../src/measure/index.ts";
import { observationTable, response } from "./blocks-fixture.ts";

const STAGE = {
  name: "all",
  ratePerSec: 1,
  fromPerSec: 1,
  startNs: 0,
  endNs: 1e9,
  judgedFromNs: 1e8,
  blockNs: 1e8,
};
const isBad = (batch: ObservationBatch, row: number): boolean => batch.isFailure(row);
const both = (seq: number, atNs: number, [control, variant]: readonly [number, number]) => [
  response(0, seq, atNs, 5e6, control),
  response(1, seq, atNs, 5e6, variant),
];

it("of judged starts those count of which one outcome alone is bad, whichever arm is told first", () => {
  const rows = [
    ...both(0, 0, [200, 500]),
    ...both(1, 2e8, [200, 500]),
    ...both(2, 3e8, [500, 200]).toReversed(),
    ...both(3, 4e8, [500, 500]),
    ...both(4, 5e8, [200, 200]),
    ...both(5, 6e8, [200, 500]).toReversed(),
    response(1, 6, 7e8, 5e6, 500),
    ...both(7, 1e9, [200, 500]),
  ];
  const pair = { control: 0, variant: 1 };
  const counts = discordant(observationTable(rows), STAGE, pair, isBad);
  expect(counts).toEqual({ controlOnly: 1, variantOnly: 2 });
  // A variant that was cut is judged up to then.
  const cut = discordant(observationTable(rows), STAGE, { ...pair, untilNs: 6e8 }, isBad);
  expect(cut).toEqual({ controlOnly: 1, variantOnly: 1 });
});

it("a disagreement is told, either way, and agreement is not", () => {
  const [clear, wide] = [
    { low: 0.01, high: 0.02 },
    { low: -0.01, high: 0.02 },
  ];
  const [many, few] = [
    { controlOnly: 0, variantOnly: 20 },
    { controlOnly: 3, variantOnly: 4 },
  ];
  const said = (counts: typeof many, effect: typeof clear) =>
    disagreement(counts, effect, { alpha: 0.05 });
  expect(said(many, clear)).toBeNull();
  expect(said(few, wide)).toBeNull();
  expect(said(many, wide)).toMatch(
    /^start by start a difference is shown .* over blocks it is not/,
  );
  expect(said(few, clear)).toMatch(/^over blocks a difference is shown, start by start it is not/);
});
