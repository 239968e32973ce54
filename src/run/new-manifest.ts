import { cpus, platform, release } from "node:os";
import { NS_PER_S } from "../core/index.ts";
import type { StoredProfile } from "../profile/index.ts";
import { hostFingerprint } from "./host.ts";
import type { LoadedScenario } from "./load-scenario.ts";
import { type Manifest, MANIFEST_VERSION } from "./manifest.ts";
import { type GitState, manifestRevisions } from "./revision/index.ts";
import type { Target } from "./target.ts";

/** What is known of a run when its traffic begins. */
export function newManifest(run: {
  readonly loaded: LoadedScenario;
  readonly profile: StoredProfile;
  readonly version: string;
  readonly command: string;
  readonly runId: string;
  readonly git: GitState | null;
  readonly startedAt: Date;
  readonly trafficStartedAt: Date;
  readonly seed: string;
  readonly targets: readonly Target[];
  readonly emulatorLeadNs: number;
  readonly pacing: string;
  readonly generator: Manifest["generator"];
}): Manifest {
  const { loaded, profile } = run;
  const { dependencies, scenario: name } = loaded.scenario;
  return {
    manifestVersion: MANIFEST_VERSION,
    tool: { name: "shakedown", version: run.version },
    runId: run.runId,
    ...(run.git === null ? {} : { git: run.git }),
    ...manifestRevisions(loaded.revisions),
    scenario: { name, path: loaded.path },
    profile: {
      name: profile.manifest.name,
      path: loaded.profilePath,
      records: profile.records.length,
    },
    startedAt: run.startedAt.toISOString(),
    trafficStartedAt: run.trafficStartedAt.toISOString(),
    command: run.command,
    pacing: run.pacing,
    generator: run.generator,
    seed: run.seed,
    host: {
      node: process.version,
      os: `${platform()} ${release()}`,
      cpus: cpus().length,
      ...hostFingerprint(),
    },
    emulatorLeadNs: run.emulatorLeadNs,
    dependencies: Object.entries(dependencies).map(([dependency, spec]) => {
      const ttlS = spec.protocol === "http" ? spec.cacheTtlS : null;
      return { name: dependency, cacheTtlNs: ttlS === null ? null : ttlS * NS_PER_S };
    }),
    targets: run.targets.map(({ arm, origin, pid }) => ({ arm, origin, pid })),
    ended: null,
  };
}
