import type { Evidence, Finding, StageWindow } from "./detector.ts";

/** What a finding about an arm and a dependency is about, and how the two were joined. */
export function about(
  evidence: Evidence,
  arm: number,
  dependency: number,
): Pick<Finding, "arm" | "dependency" | "joinedBy" | "subject"> {
  const [who, name] = [evidence.arms[arm]!, evidence.dependencies[dependency]!.name];
  const joinedBy = evidence.joinedBy(arm, dependency);
  return { subject: `${who} ${name}`, arm: who, dependency: name, joinedBy };
}

/** What a finding about an arm as a whole is about: joined where all that it calls can be. */
export function aboutArm(
  evidence: Evidence,
  arm: number,
): Pick<Finding, "arm" | "dependency" | "joinedBy" | "subject"> {
  const who = evidence.arms[arm]!;
  const called = evidence.dependencies.flatMap((_, dependency) =>
    evidence.calls(arm, dependency).length > 0 ? evidence.joinedBy(arm, dependency) : [],
  );
  const joined = called.length > 0 && called.every((by) => by === "identity");
  return { subject: who, arm: who, dependency: null, joinedBy: joined ? "identity" : "rates" };
}

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

/** Judges every arm beside control, whomever it calls; null means: nothing there to judge. */
export const judgeEachArm = (
  evidence: Evidence,
  judge: (arm: number) => Finding | null,
): readonly Finding[] => evidence.arms.flatMap((_, arm) => (arm === 0 ? [] : (judge(arm) ?? [])));

/** The stages that are judged, and have any time in them. */
export const judgedStages = ({ stages }: Evidence): readonly StageWindow[] =>
  stages.filter((stage) => stage.judged && stage.toNs > stage.fromNs);
