import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Finding } from "../../../src/detect/index.ts";
import { findingsOf } from "../../../src/run/findings-of.ts";
import { gather } from "../../../src/run/gather.ts";
import { RunDirectory } from "../../../src/run/index.ts";
import { readManifest } from "../../../src/run/manifest.ts";
import { shakedown } from "../../e2e/cli.ts";
import type { WardCase, WardWorld } from "./model.ts";
import { scenarioOf } from "./scenario.ts";

export interface WardRun {
  readonly findings: readonly Finding[];
  /** How large the sick thing was; null where any size does. */
  readonly truth: number | null;
  /** What the run found wrong with itself: on a busy machine, that it was late. */
  readonly faults: readonly string[];
}

interface Told {
  readonly findings: readonly Finding[];
  readonly checks: readonly { readonly name: string; readonly status: string }[];
}

const faultsOf = ({ checks }: Told): string[] =>
  checks.filter(({ status }) => status === "fail").map(({ name }) => name);

/** Beside a kept run: what was run, and what nobody can ask for any more. */
interface Kept {
  readonly name: string;
  readonly world: WardWorld;
  readonly truth: number | null;
}

const KEPT = "ward.json";

/**
 * Runs a case once; its run directory stays below `out`, so that `keptRuns` finds it again.
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
  const told = JSON.parse(said.stdout) as Told;
  const truth = (await beside?.truth?.()) ?? each.size?.of(world) ?? null;
  const kept: Kept = { name: each.name, world, truth };
  writeFileSync(join(folder, KEPT), JSON.stringify(kept));
  return { findings: told.findings, truth, faults: faultsOf(told) };
}

/** What detectors of now say of runs that were made before, by folder. Nothing is run. */
export function* keptRuns(out: string): Generator<Kept & { readonly run: WardRun }> {
  for (const folder of readdirSync(out).toSorted()) {
    const file = join(out, folder, KEPT);
    if (!existsSync(file)) continue;
    const kept = JSON.parse(readFileSync(file, "utf8")) as Kept;
    const [name = ""] = readdirSync(join(out, folder, "runs"));
    const directory = new RunDirectory(join(out, folder, "runs", name));
    const findings = findingsOf(gather(directory, readManifest(directory)));
    const told = JSON.parse(readFileSync(directory.file("result.json"), "utf8")) as Told;
    yield { ...kept, run: { findings, truth: kept.truth, faults: faultsOf(told) } };
  }
}
