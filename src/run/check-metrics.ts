import { formatDurationNs } from "../core/index.ts";
import { familyOf, type MetricSpec } from "../experiment/index.ts";
import type { Scenario, ScenarioArm } from "./scenario/index.ts";
import { tellsUsage } from "./usage.ts";

const PRICE = "write what one call costs, such as price: 0.002";

function* unpriced(
  dependency: string | undefined,
  dependencies: Scenario["dependencies"],
): Generator<readonly ["dependency" | "metric", string]> {
  const priced = (name: string): boolean => {
    const spec = dependencies[name];
    return spec?.protocol === "http" && (spec.price ?? 0) > 0;
  };
  if (dependency === undefined) {
    if (Object.keys(dependencies).some(priced)) return;
    yield ["metric", `no dependency has a \`price\` above 0: ${PRICE}, under one or more of them`];
  } else if (dependencies[dependency]?.protocol === "http" && !priced(dependency)) {
    yield ["dependency", `\`${dependency}\` has no \`price\` above 0: ${PRICE}, under it`];
  }
}

function* unreadable(
  metric: string,
  arms: Scenario["arms"],
  usageTold: boolean,
): Generator<readonly ["metric", string]> {
  const given = Object.entries(arms as Readonly<Record<string, ScenarioArm>>);
  const running = given.filter(([, arm]) => "url" in arm).map(([name]) => name);
  if (running.length > 0) {
    const whose = running.length === 1 ? `arm ${running[0]} is` : `arms ${running.join(", ")} are`;
    const why = `${metric} is read of processes that the run starts, and ${whose} not started`;
    yield ["metric", `${why}: write \`command\` in place of \`url\`, or leave it out`];
  } else if (!usageTold) {
    yield ["metric", `${metric} is read from /proc, which this system has not: leave it out`];
  }
}

function* unasked(telemetry: Scenario["telemetry"]): Generator<readonly ["metric", string]> {
  if (telemetry?.receive === true) return;
  yield [
    "metric",
    "otel is what arms tell of themselves, and nobody asks them: write telemetry: true",
  ];
}

/** With fewer, the spread of what a run has one value of is hardly known. */
export const RUNS_LEAST = 3;

/** Whether there are too few runs for a metric that each has one value of. */
export const lacksRuns = (spec: MetricSpec, { design, factors }: Scenario): boolean =>
  familyOf(spec).onePerRun === true && factors === undefined && design.runs < RUNS_LEAST;

/** Why nobody could measure a metric in this scenario: the field at fault, and what to write. */
export function* unmeasurable(
  spec: MetricSpec,
  { arms, dependencies, telemetry, timeout }: Scenario,
  usageTold = tellsUsage(),
): Generator<readonly ["dependency" | "metric" | "target", string]> {
  const { dependency, metric, target } = spec;
  if (target !== undefined && target >= timeout) {
    yield [
      "target",
      `requests are given up after ${formatDurationNs(timeout)}, so none is seen to be as late as ` +
        `${formatDurationNs(target)}: write a target below \`timeout\``,
    ];
  }
  const speaksHttp = Object.values(dependencies).some(({ protocol }) => protocol !== "tcp");
  if (familyOf(spec).dependency === "optional" && dependency === undefined && !speaksHttp) {
    yield ["metric", `${metric} counts calls, and no dependency here has any: leave it out`];
  } else if (metric === "cost") yield* unpriced(dependency, dependencies);
  else if (metric === "otel") yield* unasked(telemetry);
  else if (metric === "cpu_seconds" || metric === "peak_rss") {
    yield* unreadable(metric, arms, usageTold);
  }
}
