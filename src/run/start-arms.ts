import type { RunEmulator } from "./load-maker.ts";
import { writeAuthority } from "./authority.ts";
import type { RunEvent } from "./live.ts";
import type { LoadedScenario } from "./load-scenario.ts";
import type { RunDirectory } from "./run-directory.ts";
import type { ScenarioArm } from "./scenario/index.ts";
import { envOfDependency, envOfInstances } from "./dependency-env.ts";
import { startTarget, type Target } from "./target.ts";

export async function stopAll(targets: readonly Target[]): Promise<void> {
  await Promise.all(targets.map((target) => target.stop()));
}

/**
 * Brings all arms up, one after the other in the order of `slots`: an arm gets its port and is ready
 * before the next is begun. Whether an arm has the first slot is what an experiment of several runs
 * balances. In the result they stand in the scenario's order. When one fails, all are stopped.
 * @throws what `startTarget` throws
 */
export async function startArms(
  given: {
    readonly loaded: LoadedScenario;
    readonly directory: RunDirectory;
    readonly slots: readonly string[];
    readonly emulator: RunEmulator | null;
    /** What an arm's environment has besides; its own `env` goes before. */
    readonly envOf: (arm: string) => Readonly<Record<string, string>>;
    readonly onEvent: (event: RunEvent) => void;
  },
  signal: AbortSignal,
): Promise<Target[]> {
  const { directory, emulator, envOf, onEvent, slots } = given;
  const { revisions, scenario } = given.loaded;
  const authority = emulator?.authority ?? null;
  const trust = authority === null ? {} : writeAuthority(directory.path, authority);
  const addresses = Object.entries(emulator?.addresses ?? {});
  const arms = new Map<string, ScenarioArm>(Object.entries(scenario.arms));
  const up = new Map<string, Target>();
  try {
    for (const arm of slots) {
      const spec = arms.get(arm);
      if (spec === undefined) continue;
      onEvent({ kind: "starting", what: `arm ${arm}` });
      const env = addresses.map(([name, byArm]) => ({
        ...envOfDependency(name, byArm[arm] ?? ""),
        ...envOfInstances(name, emulator?.instances?.[name]?.[arm] ?? []),
      }));
      const dependencyEnv = Object.assign({ ...trust, ...envOf(arm) }, ...env);
      const logPath = directory.log(arm);
      const dir = revisions?.arms.get(arm)?.dir ?? given.loaded.dir;
      // oxlint-disable-next-line no-await-in-loop -- the order is the point
      up.set(arm, await startTarget({ arm, spec, dir, dependencyEnv, logPath }, signal));
    }
  } catch (thrown) {
    await stopAll([...up.values()]);
    throw thrown;
  }
  return [...arms.keys()].flatMap((arm) => up.get(arm) ?? []);
}
