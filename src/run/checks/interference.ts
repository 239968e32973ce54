import { formatRatio } from "../../core/index.ts";
import {
  companyInRun,
  judgeCompany,
  type JudgedCompany,
  metricLabel,
  type Plan,
} from "../../experiment/index.ts";
import { controlLevel } from "../control-alone.ts";
import type { Check, CheckInput } from "./check.ts";

const NAME = "interference";
const CURE =
  "keep the arms apart (another host, more cores, dependencies of their own), lower the rate, or " +
  "load one arm at a time (design.kind: crossover)";

interface Told extends JudgedCompany {
  readonly what: string;
}

const signed = (value: number): string => formatRatio(value, { signed: true });

const describe = ({ estimate, high, low, what }: Told): string =>
  `${what} ${signed(estimate)} [${signed(low)}, ${signed(high)}]`;

/** What runs of before said of company, and what this one says beside them. */
function toldOf({ plan, stages }: CheckInput): Told[] {
  const { alpha, interference, primary } = plan;
  if (interference === undefined || primary === null) return [];
  const { alone, pairs } = interference;
  const limits = { alpha, margin: primary.margin };
  const before = `beside another control, in ${pairs} pairs of runs,`;
  const told = [{ what: before, ...judgeCompany(interference, limits) }];
  const level = alone === undefined ? NaN : controlLevel(primary, plan, stages);
  if (alone === undefined || !(level > 0)) return told;
  const here = `in this run, beside ${besideWhom(plan)},`;
  return [...told, { what: here, ...judgeCompany(companyInRun(alone, level), limits) }];
}

const besideWhom = ({ arms }: Plan): string => (arms.length > 2 ? "its variants" : (arms[1] ?? ""));

/**
 * Whether company changes control: its primary beside another arm, against what it is alone. Where
 * that is shown to be more than is tolerated of the variant, what is compared is not what would be
 * launched: harm may be shown, the want of harm may not. Unless a calibration has measured it,
 * nothing is known of it, and nothing hangs on it.
 */
export function company(input: CheckInput): Check[] {
  const { plan } = input;
  const { assignment, primary } = plan;
  if (primary === null || assignment !== undefined) return [];
  const told = toldOf(input);
  if (told.length === 0) {
    const summary =
      "not measured: whether control is another one in company; `shakedown calibrate " +
      "--alone-runs` does, and `design.calibration` takes it";
    return [{ name: NAME, status: "open", summary }];
  }
  const words = told.map(describe).join("; ");
  const what = `${metricLabel(primary)} of control against control alone: ${words}`;
  const margin = `margin ${formatRatio(primary.margin)}`;
  if (told.some(({ status }) => status === "doubt")) {
    return [
      {
        name: NAME,
        status: "doubt",
        summary: `company changes control: ${what} (${margin}): ${CURE}`,
      },
    ];
  }
  const within = told.every(({ status }) => status === "pass");
  const status = within ? "pass" : "open";
  const more = within ? "" : "; neither within it nor beyond: more runs alone would tell";
  return [{ name: NAME, status, summary: `${what} (${margin}${more})` }];
}
