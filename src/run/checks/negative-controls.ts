import { formatBytes } from "../../core/index.ts";
import { judgeNegativeControls, type NegativeControlResult } from "../../experiment/index.ts";
import { type Check, check, type CheckInput, ofArm } from "./check.ts";

const describe = ({ adjustedP, control, name, stage, variant }: NegativeControlResult): string =>
  `${name} in stage ${stage}: ${formatBytes(control)} and ${formatBytes(variant)} a request ` +
  `(p = ${adjustedP?.toPrecision(2)})`;

/** What cannot differ between the arms, if the scenario registered any of it. */
export function negativeControls({ ends, observations, plan }: CheckInput): Check[] {
  const judged = judgeNegativeControls(plan, observations, ends).filter(
    ({ adjustedP }) => adjustedP !== null,
  );
  // Too little to compare is too little for every other metric, which says so.
  return [...Map.groupBy(judged, ({ arm }) => arm)].map(([arm, own]) => {
    const differing = own.filter(({ differs }) => differs);
    const row = check(
      "negative control",
      differing.length === 0,
      differing.length === 0
        ? `what cannot differ does not: ${own.map(describe).join("; ")}`
        : `what cannot differ does: ${differing.map(describe).join("; ")}`,
    );
    return { ...row, ...ofArm(plan, arm) };
  });
}
