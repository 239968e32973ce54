import { formatDurationNs } from "../core/index.ts";
import { familyOf, type MetricSpec } from "../experiment/index.ts";
import type { Scenario } from "./scenario.ts";

/** Why nobody could measure a metric in this scenario: the field at fault, and what to write. */
export function* unmeasurable(
  spec: MetricSpec,
  { dependencies, timeout }: Scenario,
): Generator<readonly ["metric" | "target", string]> {
  const { metric, target } = spec;
  if (target !== undefined && target >= timeout) {
    yield [
      "target",
      `requests are given up after ${formatDurationNs(timeout)}, so none is seen to be as late as ` +
        `${formatDurationNs(target)}: write a target below \`timeout\``,
    ];
  }
  const speaksHttp = Object.values(dependencies).some(({ protocol }) => protocol !== "tcp");
  if (familyOf(spec).dependency === "optional" && spec.dependency === undefined && !speaksHttp) {
    yield ["metric", `${metric} counts calls, and no dependency here has any: leave it out`];
  }
}
