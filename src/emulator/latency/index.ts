/** How long emulated calls take: see `LatencyModel` in model.ts. */
import { z } from "zod";
import type { LatencyModel, World } from "../model.ts";
import { conditionedLatency, conditionedSchema, type ConditionedSpec } from "./conditioned.ts";
import { constantLatency, constantSchema } from "./constant.ts";
import { empiricalLatency, empiricalSchema } from "./empirical.ts";
import { exponentialLatency, exponentialSchema } from "./exponential.ts";
import { fittedSchema, type FittedSpec, unresolvedFit } from "../fitted.ts";
import { gammaLatency, gammaSchema } from "./gamma.ts";
import { histogramLatency, histogramSchema } from "./histogram.ts";
import { linearLatency, linearSchema, type LinearSpec } from "./linear.ts";
import { loadLatency, loadSchema, type LoadSpec } from "./load.ts";
import { lognormalLatency, lognormalSchema } from "./lognormal.ts";
import { mixtureLatency, mixtureSchema, type MixtureSpec } from "./mixture.ts";
import { normalLatency, normalSchema } from "./normal.ts";
import { paretoLatency, paretoSchema } from "./pareto.ts";
import { regimesLatency, regimesSchema, type RegimesSpec } from "./regimes.ts";
import { scheduleLatency, scheduleSchema, type ScheduleSpec } from "./schedule.ts";
import { uniformLatency, uniformSchema } from "./uniform.ts";
import { weibullLatency, weibullSchema } from "./weibull.ts";

/** The models that stand alone: one draw, one latency. */
const PLAIN = [
  constantSchema,
  uniformSchema,
  normalSchema,
  lognormalSchema,
  exponentialSchema,
  gammaSchema,
  weibullSchema,
  paretoSchema,
  empiricalSchema,
  histogramSchema,
] as const;

/** As read from a scenario: plain data; durations in microseconds, times in nanoseconds. */
export type LatencySpec =
  | z.output<(typeof PLAIN)[number]>
  | FittedSpec
  | MixtureSpec<LatencySpec>
  | ConditionedSpec<LatencySpec>
  | RegimesSpec<LatencySpec>
  | ScheduleSpec<LatencySpec>
  | LoadSpec<LatencySpec>
  | LinearSpec<LatencySpec>;

const nested: z.ZodType<LatencySpec> = z.lazy(() => latencySchema);

/**
 * The latency models, by `kind`. A new one is its file, a line here and one below; one that holds
 * others is given their schema.
 */
export const latencySchema: z.ZodType<LatencySpec> = z.discriminatedUnion("kind", [
  ...PLAIN,
  fittedSchema,
  mixtureSchema(nested),
  conditionedSchema(nested),
  regimesSchema(nested),
  scheduleSchema(nested),
  loadSchema(nested),
  linearSchema(nested),
]);

/** `name` tells the luck of models within models apart; it begins with `latency`. */
function build(spec: LatencySpec, world: World, name: string): LatencyModel {
  const make = (inner: LatencySpec, part: number): LatencyModel =>
    build(inner, world, `${name}.${part}`);
  switch (spec.kind) {
    case "constant":
      return constantLatency(spec);
    case "uniform":
      return uniformLatency(spec);
    case "normal":
      return normalLatency(spec);
    case "lognormal":
      return lognormalLatency(spec);
    case "exponential":
      return exponentialLatency(spec);
    case "gamma":
      return gammaLatency(spec);
    case "weibull":
      return weibullLatency(spec);
    case "pareto":
      return paretoLatency(spec);
    case "empirical":
      return empiricalLatency(spec);
    case "histogram":
      return histogramLatency(spec);
    case "fitted":
      throw unresolvedFit("a latency");
    case "mixture":
      return mixtureLatency(spec, name, make);
    case "by":
      return conditionedLatency(spec, make);
    case "regimes":
      return regimesLatency(spec, world, name, make);
    case "schedule":
      return scheduleLatency(spec, world, make);
    case "load":
      return loadLatency(spec, make);
    case "linear":
      return linearLatency(spec, make);
  }
}

/** @throws SCENARIO_INVALID when it names an incident that there is not, or holds an unresolved fit */
export const createLatencyModel = (spec: LatencySpec, world: World): LatencyModel =>
  build(spec, world, "latency");

/** The fit for a route and a status class (`5xx`); null: of all. Undefined: there is none. */
export type FitLookup = (
  route: string | null,
  statusClass: string | null,
) => LatencySpec | undefined;

/**
 * The spec with each `fitted` within it replaced by what `lookup` gives for the route and status
 * class of the cases around it.
 *
 * @throws SCENARIO_INVALID when there is no fit for one
 */
export function resolveFitted(
  spec: LatencySpec,
  lookup: FitLookup,
  route: string | null = null,
  statusClass: string | null = null,
): LatencySpec {
  const inner = (part: LatencySpec): LatencySpec => resolveFitted(part, lookup, route, statusClass);
  switch (spec.kind) {
    case "fitted": {
      const fit = lookup(route, statusClass);
      if (fit === undefined) throw unresolvedFit("a latency");
      return fit;
    }
    case "mixture":
      return { ...spec, of: spec.of.map((part) => ({ ...part, latency: inner(part.latency) })) };
    case "by": {
      const cases = spec.cases.map(({ when, latency }) => {
        const ofRoute = spec.by === "route" ? when : route;
        const ofStatus = spec.by === "status" ? `${when[0]}xx` : statusClass;
        return { when, latency: resolveFitted(latency, lookup, ofRoute, ofStatus) };
      });
      return { ...spec, cases, otherwise: inner(spec.otherwise) };
    }
    case "regimes":
      return { ...spec, states: spec.states.map(inner) };
    case "schedule":
    case "load":
      return { ...spec, latency: inner(spec.latency) };
    case "linear":
      return { ...spec, base: inner(spec.base) };
    case "constant":
    case "uniform":
    case "normal":
    case "lognormal":
    case "exponential":
    case "gamma":
    case "weibull":
    case "pareto":
    case "empirical":
    case "histogram":
      return spec;
  }
}
