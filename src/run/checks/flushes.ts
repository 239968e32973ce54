import { armPairs } from "../../experiment/index.ts";
import { type Check, check, type CheckInput, ofArm } from "./check.ts";

/**
 * Whether caches were emptied in both arms of a pair, or in neither, each time. An arm that alone was
 * emptied is slower for it: where that is the variant, no harm is believed; where it is control, the
 * want of harm is not. What was asked for after a variant's load was cut is not compared.
 */
export function flushChecks({ ends, manifest, plan }: CheckInput): Check[] {
  const flushes = manifest.ended?.flushes ?? [];
  if (flushes.length === 0) return [];
  return armPairs(plan, ends).map(({ arm, control, untilNs = Number.POSITIVE_INFINITY }) => {
    const okOf = (stage: string, of: string): boolean | undefined =>
      flushes.find((each) => each.stage === stage && each.arm === of && each.atNs < untilNs)?.ok;
    const unlike = [...new Set(flushes.map(({ stage }) => stage))].flatMap((stage) => {
      const [own, others] = [okOf(stage, arm), okOf(stage, plan.arms[control]!)];
      return own === undefined || others === undefined || own === others ? [] : [{ stage, own }];
    });
    const words = unlike.map(
      ({ own, stage }) => `in ${own ? arm : plan.arms[control]} alone as stage ${stage} began`,
    );
    const summary =
      words.length === 0
        ? `emptied in ${arm} as in ${plan.arms[control]}`
        : `emptied ${words.join(", ")}: from there on the arms do not compare`;
    const row = check(
      "caches",
      words.length === 0,
      summary,
      unlike.some(({ own }) => own) ? "fail" : "doubt",
    );
    return { ...row, ...ofArm(plan, arm) };
  });
}
