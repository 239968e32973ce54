import { formatDurationNs, formatRatio, NS_PER_S } from "../core/index.ts";
import type { PlannedStage, Settled, SoakCourse } from "../experiment/index.ts";
import type { Result } from "../report/index.ts";

/** What soaks showed, as a result has it; nothing where there was none. */
export function soakRows(courses: readonly SoakCourse[]): Pick<Result, "soaks"> {
  if (courses.length === 0) return {};
  return {
    soaks: courses.map(({ effect, horizonNs, judgedNs, resources, ...course }) => {
      const { settled, ...rest } = effect;
      const at = settled === null ? null : { atS: settled.afterNs / NS_PER_S };
      return {
        ...course,
        judgedS: judgedNs / NS_PER_S,
        horizonS: horizonNs / NS_PER_S,
        effect: {
          ...rest,
          settled: at === null ? null : { ...at, early: settled!.early, late: settled!.late },
        },
        resources: [...resources],
      };
    }),
  };
}

/** That a verdict rests on the late level of a soak alone: a sentence for each. */
export function settledWords(
  settled: readonly Settled[],
  stages: readonly PlannedStage[],
): string[] {
  return settled.map(({ arm, stage, untilNs }) => {
    const { endNs, startNs } = stages.find(({ name }) => name === stage)!;
    const share = formatRatio((untilNs - startNs) / (endNs - startNs));
    const after = formatDurationNs(Math.round((untilNs - startNs) / NS_PER_S) * NS_PER_S);
    return (
      `the effect of ${arm} in ${stage} settled after ${after}: what came before (${share} of the ` +
      "stage) is left out in all arms, and the verdict rests on the late level"
    );
  });
}
