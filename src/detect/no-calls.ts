import { formatCount } from "../core/index.ts";
import type { Detector, Evidence, Finding } from "./detector.ts";
import { about, judgedStages, judgeEachPair } from "./pairs.ts";
import { callsIn } from "./probed/index.ts";

/*
 * A dependency that an arm never calls while it is judged cannot be judged by anybody: mostly the arm was
 * not given its address, or the traffic asks for nothing that needs it.
 */

const CURE =
  "give the arm the dependency's address, replay traffic that needs it, or leave the dependency out";

function judge(evidence: Evidence, arm: number, dependency: number): Finding | null {
  const stages = judgedStages(evidence);
  const countOf = (side: number): number =>
    stages.reduce((sum, stage) => sum + callsIn(evidence.calls(side, dependency), stage).length, 0);
  const [calls, controlCalls] = [countOf(arm), countOf(0)];
  // Of TCP an answer may be all that is missing.
  const connects = evidence.connections(arm, dependency).length > 0;
  if (stages.length === 0 || calls > 0 || connects) return null;
  const { name } = evidence.dependencies[dependency]!;
  const found = about(evidence, arm, dependency);
  return {
    detector: "no-calls",
    ...found,
    status: "inconclusive",
    summary:
      controlCalls === 0
        ? `nobody calls ${name}: nothing can be said of it`
        : `${found.arm} never calls ${name}, control does (${formatCount(controlCalls)} calls): nothing can be said of it`,
    needs: { what: `calls to ${name}`, have: 0, need: 1 },
    cure: CURE,
    evidence: { calls, controlCalls },
  };
}

/** Says of dependencies that nobody calls that they cannot be judged. */
export const noCalls: Detector = {
  name: "no-calls",
  detect: (evidence) =>
    judgeEachPair(evidence, (arm, dependency) => judge(evidence, arm, dependency)),
};
