import { isDeepStrictEqual } from "node:util";
import { familyOf, metricLabel, type MetricSpec } from "../experiment/index.ts";
import { lacksRuns, RUNS_LEAST, unmeasurable } from "./check-metrics.ts";
import { noDependency, valueAt } from "./data-faults.ts";
import type { Scenario, ScenarioArm } from "./scenario/index.ts";
import type { Faults } from "./yaml-file.ts";

interface Registered {
  readonly keys: readonly PropertyKey[];
  readonly spec: MetricSpec;
  readonly as: string;
}

function registeredMetrics({ guardrails, hypothesis, secondary }: Scenario): Registered[] {
  const primary = { keys: ["hypothesis", "then"], as: "the primary metric" };
  return [
    ...(hypothesis === undefined ? [] : [{ ...primary, spec: hypothesis.then }]),
    ...secondary.map((spec, i) => ({ keys: ["secondary", i], spec, as: "a secondary metric" })),
    ...guardrails.map((spec, i) => ({ keys: ["guardrails", i], spec, as: "a guardrail" })),
  ];
}

/** That every metric is measured by somebody, and is registered once. */
function checkMetrics(scenario: Scenario, faults: Faults): void {
  const { dependencies } = scenario;
  const seen = new Map<string, Registered>();
  for (const registered of registeredMetrics(scenario)) {
    const { keys, spec } = registered;
    const { dependency } = spec;
    if (dependency !== undefined && !Object.hasOwn(dependencies, dependency)) {
      faults.in([...keys, "dependency"], noDependency(dependency, dependencies));
    } else if (dependency !== undefined && dependencies[dependency]?.protocol === "tcp") {
      faults.in(
        [...keys, "dependency"],
        `calls within a TCP connection are not seen, so nobody measures this of \`${dependency}\`: ` +
          "leave it out, or name a dependency that speaks HTTP",
      );
    }
    for (const [field, message] of unmeasurable(spec, scenario)) {
      faults.in([...keys, field], message);
    }
    if (keys[0] !== "secondary" && lacksRuns(spec, scenario)) {
      faults.in(
        [...keys, "metric"],
        `a run has one ${spec.metric}, and how much that differs by itself is shown by several runs ` +
          `only: write runs: ${RUNS_LEAST}, or more, under \`design\`, or make it a secondary metric`,
      );
    }
    const label = metricLabel(spec);
    const other = seen.get(label);
    if (other === undefined) seen.set(label, registered);
    else faults.in([...keys, "metric"], `${label} is ${other.as} already: leave one out`);
  }
}

const SIZES = ["margin", "decreasesBy", "increasesBy"] as const;

/**
 * That percentage points stand where shares are compared: of what is compared by its ratio they say
 * nothing. `written`: the scenario before it was read, since 10pp and 10% are read alike.
 */
export function checkPoints(written: unknown, scenario: Scenario, faults: Faults): void {
  for (const { keys, spec } of registeredMetrics(scenario)) {
    if (familyOf(spec).effect !== "relative") continue;
    for (const field of SIZES) {
      const size = /^(.*?)\s*pp\s*$/.exec(String(valueAt(written, [...keys, field])));
      if (size === null) continue;
      const why = `${metricLabel(spec)} is compared by its ratio, and percentage points are of a share`;
      faults.in([...keys, field], `${why}; write ${size[1]}%`);
    }
  }
}

/** Why requests to the arms may differ in size by themselves; null when they cannot. */
function sizesDiffer({ arms, substitute }: Scenario): readonly [string, string] | null {
  const given = Object.values(arms as Readonly<Record<string, ScenarioArm>>);
  const alike = (of: (arm: ScenarioArm) => unknown): boolean =>
    given.every((arm) => isDeepStrictEqual(of(arm), of(given[0]!)));
  if (!alike(({ headers }) => headers))
    return ["`headers` of the arms differ", "give both the same"];
  if (substitute.length > 0) return ["`substitute` puts in what each arm issues", "take it out"];
  // A free port has five digits; `Host` names it.
  const host = (arm: ScenarioArm): number =>
    "url" in arm ? new URL(arm.url).host.length : `127.0.0.1:${arm.port ?? 50_000}`.length;
  if (!alike(host))
    return ["the arms' addresses differ in length", "give them ports of one length"];
  return null;
}

function checkNegativeControls(scenario: Scenario, faults: Faults): void {
  for (const [index, name] of scenario.negativeControls.entries()) {
    if (scenario.negativeControls.indexOf(name) !== index) {
      faults.in(["negativeControls", index], `${name} stands here twice`);
    }
    const differ = sizesDiffer(scenario);
    if (differ === null) continue;
    const [why, cure] = differ;
    faults.in(
      ["negativeControls", index],
      `${name} may differ between the arms: ${why}; ${cure}, or leave ${name} out`,
    );
  }
}

function checkSegments({ segments }: Scenario, faults: Faults): void {
  const names = new Set<string>();
  for (const [index, { name }] of segments.entries()) {
    if (names.has(name))
      faults.in(["segments", index, "name"], `another segment is called ${name}`);
    names.add(name);
  }
}

/** Two arms are run to decide on something, or to be probed side by side. */
function comparesNothing({ arms, hypothesis, stages }: Scenario): boolean {
  const probes = stages.some(({ probe }) => probe !== undefined);
  return "target" in arms || (hypothesis === undefined && probes);
}

/** That there is something to decide with two arms, and nothing with one, nor where arms are probed. */
export function checkHypothesis(scenario: Scenario, faults: Faults): void {
  if (scenario.design.calibration !== undefined && scenario.design.betweenRunSd !== undefined) {
    faults.in(
      ["design", "betweenRunSd"],
      "comes from `calibration` already: leave one of them out",
    );
  }
  checkMetrics(scenario, faults);
  if (!comparesNothing(scenario)) {
    if (scenario.hypothesis === undefined) {
      faults.in(
        ["hypothesis"],
        "is missing; two arms are run to decide on something: write what is changed (`if`), and " +
          "`then: { metric: response_time_p95, changesBy: less-than, margin: 5% }`",
      );
    }
    checkNegativeControls(scenario, faults);
    checkSegments(scenario, faults);
    return;
  }
  const why =
    "target" in scenario.arms
      ? "one arm alone has nothing to be compared with: leave it out"
      : "probed without a `hypothesis`, arms are not compared: leave it out, or say what is to be decided";
  const given = {
    hypothesis: scenario.hypothesis !== undefined,
    secondary: scenario.secondary.length > 0,
    guardrails: scenario.guardrails.length > 0,
    negativeControls: scenario.negativeControls.length > 0,
    segments: scenario.segments.length > 0,
  };
  for (const [field, there] of Object.entries(given)) {
    if (there) faults.in([field], why);
  }
}
