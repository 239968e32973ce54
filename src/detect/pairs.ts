import type { Evidence, Finding } from "./detector.ts";

/** Judges every arm beside control at every dependency; null means: nothing there to judge. */
export function judgeEachPair(
  evidence: Evidence,
  judge: (arm: number, dependency: number) => Finding | null,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (let arm = 1; arm < evidence.arms.length; arm++) {
    for (let dependency = 0; dependency < evidence.dependencies.length; dependency++) {
      const finding = judge(arm, dependency);
      if (finding !== null) findings.push(finding);
    }
  }
  return findings;
}
