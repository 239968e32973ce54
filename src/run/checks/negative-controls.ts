import { formatBytes } from "../../core/index.ts";
import { judgeNegativeControls, type NegativeControlResult } from "../../experiment/index.ts";
import { type Check, check, type CheckInput } from "./check.ts";

const describe = (
  { adjustedP, arm, control, name, stage, variant }: NegativeControlResult,
  several: boolean,
): string =>
  `${several ? `${arm}: ` : ""}${name} in stage ${stage}: ${formatBytes(control)} and ${formatBytes(variant)} a request ` +
  `(p = ${adjustedP?.toPrecision(2)})`;

/** What cannot differ between the arms, if the scenario registered any of it. */
export function negativeControls({ ends, observations, plan }: CheckInput): Check[] {
  const judged = judgeNegativeControls(plan, observations, ends).filter(
    ({ adjustedP }) => adjustedP !== null,
  );
  // Too little to compare is too little for every other metric, which says so.
  if (judged.length === 0) return [];
  const differing = judged.filter(({ differs }) => differs);
  const words = (rows: readonly NegativeControlResult[]): string =>
    rows.map((row) => describe(row, plan.arms.length > 2)).join("; ");
  return [
    check(
      "negative control",
      differing.length === 0,
      differing.length === 0
        ? `what cannot differ does not: ${words(judged)}`
        : `what cannot differ does: ${words(differing)}`,
    ),
  ];
}
