import { join } from "node:path";
import { ROOT } from "../../e2e/cli.ts";
import type { Beside, Env, WardCase, WardWorld } from "./model.ts";

const NODE_SERVICE = `node ${join(ROOT, "scenarios/services/ward.ts")}`;

const STAGES = [
  { name: "warm-up", rate: "100%", for: "3s", judge: false },
  { name: "everybody", rate: "100%", for: "10s", settle: "1s" },
];

/** Arms of a case in a world, by name. At higher rates there is no room for more than is needed. */
export function armsOf(each: WardCase, world: WardWorld): Record<string, Env> {
  const { lookAlikes = {}, sick, well } = each;
  const others = Object.entries(lookAlikes).map(([name, env]) => [name, env(world)] as const);
  return {
    control: well(world),
    healthy: well(world),
    ...(sick === undefined ? {} : { sick: sick(world) }),
    ...(world.rate === 1 ? Object.fromEntries(others) : {}),
  };
}

/** A case as a scenario, in JSON, which is YAML. */
export function scenarioOf(
  each: WardCase,
  world: WardWorld,
  beside: Beside | null,
  profile: string,
): string {
  const arms = Object.entries(armsOf(each, world)).map(([name, env]) => [
    name,
    {
      command: each.command ?? NODE_SERVICE,
      ready: "/healthz",
      env: {
        ...env,
        ...beside?.env,
        ...beside?.envOf?.[name],
        PROPAGATE: String(world.propagates),
      },
    },
  ]);
  return JSON.stringify({
    scenario: `ward ${each.name}`,
    profile,
    rate: `${each.ratePerSec * world.rate}/s`,
    rekey: false,
    arms: Object.fromEntries(arms),
    dependencies: { ...each.dependencies, ...beside?.dependencies },
    hypothesis: {
      if: "the service is another",
      then: { metric: "response_time_p50", margin: "50%" },
    },
    arrivals: each.arrivals ?? "poisson",
    stages: each.stages ?? STAGES,
    stop: { harm: false },
    timeout: "5s",
  });
}
