import {
  answeredStarts,
  type Observation,
  type ObservationBatch,
  type ObservationMeta,
  RowGroups,
  type Rows,
  visitBatches,
} from "../measure/index.ts";
import { routePattern } from "../profile/index.ts";
import { benjaminiHochberg } from "../stats/index.ts";
import { type ArmEnds, armPairs, reaches } from "./arm-pairs.ts";
import { type CountedParts, emptyCut, type StageBlocks, targetsOf } from "./blocks.ts";
import { refusalsFail, RowCounter } from "./count-rows.ts";
import { compareStage, type RawComparison } from "./compare.ts";
import type { SegmentSpec } from "./hypothesis.ts";
import { isOfRequests, isOfService, type MetricSpec } from "./metrics/index.ts";
import type { Plan, PlannedStage } from "./plan.ts";

/** The share of false ones among the differences that are shown in parts of the traffic. */
export const FALSE_DISCOVERIES_MAX = 0.1;
/** Of so many routes, those with the most requests, differences are looked for. */
const ROUTES_MAX = 20;

/** A part of the traffic, cut into the same blocks as the whole. */
export interface TrafficPart {
  readonly by: "route" | "segment";
  readonly name: string;
  readonly protected: boolean;
  readonly stages: readonly StageBlocks[];
}

/** One metric of one part in one stage: shown to whoever looks closer, never binding. */
export interface PartComparison {
  readonly by: TrafficPart["by"];
  readonly name: string;
  readonly row: Omit<RawComparison, "pHarm">;
  /** Two-sided, for no difference, adjusted over all parts (Benjamini–Hochberg); null with `effect`. */
  readonly adjustedP: number | null;
  /** Whether a difference is shown: `adjustedP` ≤ `FALSE_DISCOVERIES_MAX`. */
  readonly shown: boolean;
}

/**
 * Of each start, by its number, in which segments it is that its route does not tell of: bit i is the
 * i-th of `segments`.
 */
export interface StartSegments {
  readonly segments: readonly SegmentSpec[];
  readonly masks: Uint16Array;
}

/** Whether a segment is chosen by what the request of a start was, and not by its route. */
export const isByStart = ({ header, session }: SegmentSpec): boolean =>
  header !== undefined || session !== undefined;

/** Which routes (`GET /products/*`) are a segment's. */
function routesOf({ method, route }: SegmentSpec, routes: readonly string[]): number[] {
  if (method === undefined && route === undefined) return [];
  const pattern = routePattern(route ?? `${method} *`);
  return [...routes.keys()].filter((index) => pattern.test(routes[index]!));
}

const registeredOf = ({ guardrails, primary, secondary }: Plan): MetricSpec[] => [
  ...(primary === null ? [] : [primary]),
  ...secondary,
  ...guardrails,
];

/** How many rows there are of each route. */
function countByRoute(observations: Rows<Observation, ObservationMeta>): number[] {
  const counts = observations.meta.routes.map(() => 0);
  visitBatches(observations, ({ columns: { route }, rows }) => {
    for (let row = 0; row < rows; row++) if (route[row]! < counts.length) counts[route[row]!]!++;
  });
  return counts;
}

const busiest = (counts: readonly number[]): number[] =>
  [...counts.keys()]
    .filter((route) => counts[route]! > 0)
    .toSorted((a, b) => counts[b]! - counts[a]!)
    .slice(0, ROUTES_MAX);

type PartCut = ReturnType<typeof emptyCut> & { readonly responseTimesOnly: boolean };

/** What is known of a run already, where it is. */
interface Known {
  /** For segments by header and session, which are empty without it. */
  readonly starts?: StartSegments | null;
  /** By route, how many rows it has. */
  readonly rowsByRoute?: readonly number[];
}

/**
 * A run's busiest routes and its plan's segments, each cut into the blocks of the same stages. Calls to
 * dependencies are not told apart: whose request made them is known only where the target says so.
 */
export class PartCuts implements CountedParts {
  /** Filled as rows are counted. */
  readonly parts: readonly TrafficPart[];
  readonly #starts: StartSegments | null;
  readonly #groups = new RowGroups();
  readonly #ofRoute: readonly PartCut[][];
  readonly #ofBit: { readonly bit: number; readonly cut: PartCut }[] = [];

  constructor(
    plan: Plan,
    observations: Rows<Observation, ObservationMeta>,
    stages: readonly PlannedStage[],
    { rowsByRoute = countByRoute(observations), starts = null }: Known = {},
  ) {
    const { arms, routes } = observations.meta;
    const lists = { dependencies: 0, targets: targetsOf(plan).length };
    const responseTimesOnly = !registeredOf(plan).some(isOfService);
    const partOf = (head: Omit<TrafficPart, "stages">, those: readonly number[]): TrafficPart => {
      const cut = { ...emptyCut(stages, arms.length, lists), responseTimesOnly };
      for (const route of those) this.#ofRoute[route]?.push(cut);
      const place = starts?.segments.findIndex(({ name }) => name === head.name) ?? -1;
      if (head.by === "segment" && place >= 0) this.#ofBit.push({ bit: 1 << place, cut });
      return { ...head, stages: cut.stages };
    };
    this.#starts = starts;
    this.#ofRoute = routes.map(() => []);
    this.parts = [
      ...plan.segments.map((segment) =>
        partOf(
          { by: "segment", name: segment.name, protected: segment.protected },
          routesOf(segment, routes),
        ),
      ),
      ...busiest(rowsByRoute).map((route) =>
        partOf({ by: "route", name: routes[route]!, protected: false }, [route]),
      ),
    ];
  }

  count(counter: RowCounter, batch: ObservationBatch): void {
    const { route, seq } = batch.columns;
    const groups = this.#groups;
    const { keys } = groups;
    for (let row = 0; row < batch.rows; row++) {
      keys[row] = (this.#ofRoute[route[row]!]?.length ?? 0) > 0 ? route[row]! : -1;
    }
    groups.each(groups.all(batch.rows), (own, list) => {
      for (const cut of this.#ofRoute[own]!) counter.count(cut, batch, list);
    });
    for (const { bit, cut } of this.#ofBit) {
      for (let row = 0; row < batch.rows; row++) {
        keys[row] = ((this.#starts?.masks[seq[row]!] ?? 0) & bit) === 0 ? -1 : 0;
      }
      groups.each(groups.all(batch.rows), (_, list) => counter.count(cut, batch, list));
    }
  }
}

/** The parts of a run (`PartCuts`), counted by themselves; `stages` are the plan's unless given. */
export function cutIntoParts(
  plan: Plan,
  observations: Rows<Observation, ObservationMeta>,
  stages: readonly PlannedStage[] = plan.stages,
  starts: StartSegments | null = null,
): readonly TrafficPart[] {
  const cuts = new PartCuts(plan, observations, stages, { starts });
  // Where blocks are is the same in every arm.
  const { placeAt } = emptyCut(stages, 1, { dependencies: 0, targets: 0 });
  const counter = new RowCounter({
    capNs: plan.timeoutNs,
    answered: answeredStarts(observations),
    targets: targetsOf(plan),
    refusalsFail: refusalsFail(plan),
  });
  visitBatches(observations, (batch) => {
    counter.take(batch, placeAt);
    cuts.count(counter, batch);
  });
  return cuts.parts;
}

/** What is guarded in each protected segment: harm alone, whatever gain is claimed for everybody. */
export function guardedInSegments({ guardrails, primary }: Plan): MetricSpec[] {
  return [...(primary === null ? [] : [primary]), ...guardrails]
    .filter(isOfRequests)
    .map(({ minimumEffect: _gain, ...spec }) => spec);
}

/**
 * The guardrails that protected segments are: the primary metric and every guardrail in each of
 * them, with the same margins; calls to dependencies are guarded for everybody alone.
 */
export function guardSegments(
  plan: Plan,
  parts: readonly TrafficPart[],
  ends: ArmEnds = new Map(),
): RawComparison[] {
  const specs = guardedInSegments(plan);
  return parts
    .filter((part) => part.protected)
    .flatMap(({ name, stages }) =>
      pairedStages(plan, stages, ends).flatMap(({ pair, stage }) =>
        specs.map((spec) => {
          const row = compareStage(spec, "guardrail", stage, { plan, dependencies: [], pair });
          return { ...row, label: `${row.label}@${name}` };
        }),
      ),
    );
}

/** Each variant in each stage that it was judged in. */
const pairedStages = (plan: Plan, stages: readonly StageBlocks[], ends: ArmEnds) =>
  armPairs(plan, ends).flatMap((pair) =>
    stages.filter((stage) => reaches(stage, pair)).map((stage) => ({ pair, stage })),
  );

/**
 * Every registered metric in every route and in every segment that is not protected, exploratory:
 * with q = 0.1 (Benjamini & Hochberg 1995) over all of them. Nothing here binds a verdict.
 */
export function exploreParts(
  plan: Plan,
  parts: readonly TrafficPart[],
  ends: ArmEnds = new Map(),
): PartComparison[] {
  if (plan.primary === null) return [];
  const specs = registeredOf(plan).filter(isOfRequests);
  const all = parts
    .filter((part) => !part.protected)
    .flatMap(({ by, name, stages }) =>
      pairedStages(plan, stages, ends).flatMap(({ pair, stage }) =>
        specs.map((spec) => {
          const { pHarm, ...row } = compareStage(spec, "secondary", stage, {
            plan,
            dependencies: [],
            pair,
          });
          return { by, name, row, p: pHarm };
        }),
      ),
    );
  const judged = all.filter(({ p }) => p !== null);
  const adjusted = benjaminiHochberg(judged.map(({ p }) => Math.min(1, 2 * Math.min(p!, 1 - p!))));
  const adjustedOf = new Map(judged.map((part, index) => [part, adjusted[index]!]));
  return all.map((part) => {
    const { by, name, row } = part;
    const adjustedP = adjustedOf.get(part) ?? null;
    return {
      by,
      name,
      row,
      adjustedP,
      shown: adjustedP !== null && adjustedP <= FALSE_DISCOVERIES_MAX,
    };
  });
}
