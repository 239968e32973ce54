import { ShakedownError } from "../core/index.ts";
import type { DependencySpec, HttpSpec } from "../emulator/index.ts";
import type { PlannedFactor, PlannedRun } from "../experiment/index.ts";
import { type Design, fractionOf, type Level, LETTERS, twoLevelDesign } from "../stats/index.ts";
import type { Scenario, ScenarioArm, ScenarioFactor } from "./scenario/index.ts";

type Arms = Readonly<Record<string, ScenarioArm>>;
type Dependencies = Readonly<Record<string, DependencySpec>>;

const ofArms = (arms: readonly string[] | undefined): string =>
  arms === undefined ? "every arm" : arms.join(", ");

function setsOf(factor: ScenarioFactor): string {
  if ("env" in factor) return `env ${factor.env} of ${ofArms(factor.arms)}`;
  if ("header" in factor) return `header ${factor.header} to ${ofArms(factor.arms)}`;
  if ("latencyFactor" in factor) return `latency of ${factor.dependency}, times`;
  return `share of calls to ${factor.dependency} that fail`;
}

function levelsOf(factor: ScenarioFactor): readonly [string, string] {
  if ("levels" in factor) return factor.levels;
  const [low, high] = "latencyFactor" in factor ? factor.latencyFactor : factor.errorRatio;
  return [String(low), String(high)];
}

/** The factors as they are registered. */
export const plannedFactors = ({ factors = {} }: Pick<Scenario, "factors">): PlannedFactor[] =>
  Object.entries(factors).map(([name, factor]) => ({
    name,
    sets: setsOf(factor),
    levels: levelsOf(factor),
  }));

/** `flag = -slowness * pool` → `C=-AB`. */
function lettered(generator: string, names: readonly string[]): string {
  const letterOf = (name: string): string => {
    const index = names.indexOf(name.trim());
    if (index >= 0) return LETTERS[index]!;
    throw new ShakedownError("SCENARIO_INVALID", `there is no factor \`${name.trim()}\``, {
      hint: `factors are ${names.join(", ")}`,
    });
  };
  const [factor = "", product = ""] = generator.split("=");
  const sign = product.trim().startsWith("-") ? "-" : "";
  const letters = product.replace(/^\s*-/, "").split("*").map(letterOf);
  return `${letterOf(factor)}=${sign}${letters.join("")}`;
}

/** The combinations of levels that are run; none without factors. @throws SCENARIO_INVALID */
export function designOf({ design, factors }: Pick<Scenario, "design" | "factors">): Design {
  if (factors === undefined) return [];
  const names = Object.keys(factors);
  const { factorial = "full" } = design;
  if (factorial === "full") return twoLevelDesign(names.length);
  const generators =
    "resolution" in factorial
      ? fractionOf(names.length, factorial.resolution)
      : factorial.generators.map((generator) => lettered(generator, names));
  return twoLevelDesign(names.length, generators);
}

/**
 * How many runs there are: with factors, each combination once unless more are asked for.
 * @throws SCENARIO_INVALID as `designOf` does
 */
export function runsWanted(
  scenario: Pick<Scenario, "design" | "factors">,
  rows: Design = designOf(scenario),
): number {
  const { runs } = scenario.design;
  return runs === 1 ? Math.max(1, rows.length) : runs;
}

/** As it was, but so many times as slow. */
const slowed = (spec: HttpSpec, factor: number): HttpSpec => ({
  ...spec,
  latency: {
    kind: "load",
    by: "in-flight",
    latency: spec.latency,
    // Flat: the same at any load.
    curve: [
      [0, factor],
      [1, factor],
    ],
  },
});

const FAILS = { status: 503, headers: {}, body: null } as const;

const failing = (spec: HttpSpec, ratio: number): HttpSpec => ({
  ...spec,
  errors: [
    {
      kind: "independent",
      ratio,
      faults: [{ weight: 1, fault: { kind: "status", ...FAILS } }],
    },
  ],
});

function dependencyAt(
  spec: DependencySpec | undefined,
  factor: Extract<ScenarioFactor, { dependency: string }>,
  pick: <Value>(levels: readonly [Value, Value]) => Value,
): HttpSpec {
  if (spec?.protocol !== "http") {
    throw new ShakedownError("INTERNAL", `${factor.dependency} is not served over HTTP`);
  }
  return "latencyFactor" in factor
    ? slowed(spec, pick(factor.latencyFactor))
    : failing(spec, pick(factor.errorRatio));
}

function armsAt(
  arms: Arms,
  factor: Extract<ScenarioFactor, { arms?: unknown }>,
  value: string,
): Arms {
  const whose = factor.arms ?? Object.keys(arms);
  const changed = Object.entries(arms).map(([arm, spec]): [string, ScenarioArm] => {
    if (!whose.includes(arm)) return [arm, spec];
    if ("header" in factor) {
      return [arm, { ...spec, headers: { ...spec.headers, [factor.header]: value } }];
    }
    return "command" in spec
      ? [arm, { ...spec, env: { ...spec.env, [factor.env]: value } }]
      : [arm, spec];
  });
  return Object.fromEntries(changed);
}

/** Arms and dependencies as they are in a run at its levels; as they were without factors. */
export function atLevels(
  { arms, factors = {} }: { readonly arms: Arms; readonly factors?: Scenario["factors"] },
  served: Dependencies,
  { levels = [] }: Pick<PlannedRun, "levels">,
): { readonly arms: Arms; readonly served: Dependencies } {
  let at = { arms, served };
  for (const [index, factor] of Object.values(factors).entries()) {
    const level: Level = levels[index] ?? -1;
    const pick = <Value>([low, high]: readonly [Value, Value]): Value => (level === 1 ? high : low);
    if ("dependency" in factor) {
      const { dependency } = factor;
      const spec = dependencyAt(at.served[dependency], factor, pick);
      at = { ...at, served: { ...at.served, [dependency]: spec } };
    } else at = { ...at, arms: armsAt(at.arms, factor, pick(factor.levels)) };
  }
  return at;
}
