import { type Detector, DETECTORS } from "../detect/index.ts";
import type { Plan, PlannedStage } from "../experiment/index.ts";
import { type AssignmentSpec, plannedShares } from "../replay/index.ts";

/**
 * Why a detector is not heard where arms do not get every start at once. In a crossover the others
 * are, in each arm's own time. In a split the others are: of 20 simulated pairs of healthy arms with
 * 60 users between them these failed 3, where the dependency is slow at times, and no other did any.
 */
const NOT_HEARD: Readonly<Record<AssignmentSpec["kind"], Readonly<Record<string, string>>>> = {
  crossover: {
    "cache-thrash": "caches age while another arm is loaded",
    stampede: "caches age while another arm is loaded",
    "no-keep-alive": "connections are closed while another arm is loaded",
    "port-exhaustion": "ports come back while another arm is loaded",
  },
  split: {
    "no-bulkhead": "what slowness does is told by the same requests in both arms",
    "slow-dependency": "what slowness does is told by the same requests in both arms",
  },
};

/** `a and b (why)`, for each reason of a design. */
function notLookedFor(kind: AssignmentSpec["kind"]): string {
  const reasons = Object.groupBy(Object.entries(NOT_HEARD[kind]), ([, why]) => why);
  const rows = Object.entries(reasons).map(
    ([why, named = []]) => `${named.map(([name]) => name).join(" and ")} (${why})`,
  );
  return `not looked for in a ${kind}: ${rows.join(", ")}`;
}

/** The detectors that are heard of a plan, in their order. */
export function heardDetectors({ assignment }: Pick<Plan, "assignment">): readonly Detector[] {
  if (assignment === undefined) return DETECTORS;
  return DETECTORS.filter(({ name }) => NOT_HEARD[assignment.kind][name] === undefined);
}

/** Shares that differ by less than this are the same. */
const SAME_WITHIN = 0.01;

/**
 * Whether detectors look at a judged stage: of a split only where all arms have the same share, since
 * pools, caches and queues of an arm with more traffic are sick sooner, whatever its build.
 */
export function isHeard({ arms, assignment, stages }: Plan, stage: PlannedStage): boolean {
  if (assignment?.kind !== "split") return true;
  const shares = plannedShares(assignment, stages.indexOf(stage));
  return shares.every((share) => Math.abs(share * arms.length - 1) <= SAME_WITHIN);
}

function splitWords(plan: Plan): string[] {
  const judged = plan.stages.filter(({ judgedFromNs }) => judgedFromNs !== null);
  const unheard = judged.filter((stage) => !isHeard(plan, stage)).map(({ name }) => name);
  const all = unheard.length === judged.length;
  return [
    ...(unheard.length === 0
      ? []
      : [
          `detectors do not look at ${all ? "any stage" : unheard.join(", ")}: the arms have other ` +
            "shares of the traffic, and more of it makes an arm sick sooner, whatever its build",
        ]),
    ...(all
      ? []
      : [
          notLookedFor("split"),
          "in a split detectors hold arms side by side that got other requests: a sickness may be " +
            "of these, and not of the build",
        ]),
  ];
}

/** Which causes are not looked for where arms do not get every start at once, and why. */
export function detectorWords(plan: Plan): string[] {
  const { assignment } = plan;
  if (assignment === undefined) return [];
  if (assignment.kind === "split") return splitWords(plan);
  return [
    `${notLookedFor("crossover")}, what processes use and tell, and dependencies over TCP; what ` +
      "takes longer than a period to build up may be missed",
  ];
}
