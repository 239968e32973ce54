import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Finding } from "../../../src/detect/index.ts";
import { shakedown } from "../../e2e/cli.ts";
import type { WardCase, WardWorld } from "./model.ts";
import { scenarioOf } from "./scenario.ts";

export interface WardRun {
  readonly findings: readonly Finding[];
  /** How large the sick thing was; null where any size does. */
  readonly truth: number | null;
}

/**
 * Runs a case once; its run directory stays below `out`.
 * @throws Error with what the run said, when it gives no result
 */
export async function runCase(
  each: WardCase,
  world: WardWorld,
  { out, profile }: { readonly out: string; readonly profile: string },
): Promise<WardRun> {
  await using beside = (await each.beside?.(world)) ?? null;
  const way = world.propagates ? "joined" : "by-rates";
  const folder = join(out, `${each.name}-${world.rate}x-${way}-${world.seed}`);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "scenario.yaml");
  writeFileSync(file, scenarioOf(each, world, beside, profile));
  const runs = join(folder, "runs");
  const said = await shakedown("run", file, "--json", "--seed", String(world.seed), "--out", runs);
  if (said.stdout === "") throw new Error(`${folder}: ${said.stderr}`);
  const { findings } = JSON.parse(said.stdout) as { findings: Finding[] };
  const truth = (await beside?.truth?.()) ?? each.size?.of(world) ?? null;
  return { findings, truth };
}
