import { ShakedownError } from "../../core/index.ts";
import type { RunEvent } from "../live.ts";
import type { ScenarioArm } from "../scenario/index.ts";
import { runBuild } from "./build.ts";
import { repositoryOf, type Revision, revisionOf, revisionWords } from "./repository.ts";
import { gitState } from "./state.ts";
import { Worktrees } from "./worktrees.ts";

/** Which revisions of a repository are compared, as flags name them. */
export interface WantedRevisions {
  readonly control: string;
  readonly variant: string;
  /** For a shell, at the top of each revision; what git keeps is run as it is unless given. */
  readonly build?: string;
}

/** A revision that is checked out and built. */
export interface ArmRevision extends Revision {
  /** The scenario's folder of that revision: where the arm's command runs. */
  readonly dir: string;
}

/** What arms run, by arm. */
export interface BuiltRevisions {
  readonly build?: string;
  readonly arms: ReadonlyMap<string, ArmRevision>;
}

/** Revisions that are gone with what holds them. */
interface HeldRevisions extends AsyncDisposable {
  readonly built: BuiltRevisions;
}

interface Asked {
  readonly dir: string;
  readonly arms: Readonly<Record<string, ScenarioArm>>;
  readonly wanted: WantedRevisions;
  readonly onEvent: (event: RunEvent) => void;
}

/** The arms that revisions are for. @throws USAGE where they are others than one of each, started here */
function variantOf(arms: Asked["arms"]): string {
  const usage = (message: string): ShakedownError =>
    new ShakedownError("USAGE", `--control-ref and --variant-ref: ${message}`, {
      hint: "they start the same scenario's control and variant, each in its revision",
    });
  const [variant, ...others] = Object.keys(arms).filter((arm) => arm !== "control");
  if (!Object.hasOwn(arms, "control") || variant === undefined) {
    throw usage("the scenario has no control and variant");
  }
  if (others.length > 0) {
    throw usage(`the scenario has several variants (${[variant, ...others].join(", ")})`);
  }
  const running = Object.entries(arms).find(([, spec]) => !("command" in spec));
  if (running !== undefined) {
    throw usage(`arm ${running[0]} has a \`url\`: what runs already is of no revision`);
  }
  return variant;
}

/** What the user should know of two revisions before they are compared. */
async function caveats(
  dir: string,
  control: Revision,
  variant: Revision,
): Promise<readonly string[]> {
  const state = await gitState(dir);
  const ofHead = [control, variant].some(({ commit }) => commit === state?.commit);
  return [
    ...(control.commit === variant.commit
      ? [`control and variant are the same commit (${revisionWords(control)}): an A/A run`]
      : []),
    ...(ofHead && state?.dirty === true
      ? ["files were changed since the last commit: neither revision has that; commit to test it"]
      : []),
  ];
}

/**
 * Checks out and builds what arms will run, one after the other. Disposing of the result takes all of
 * it down; so does a failure.
 * @throws USAGE, REVISION_UNKNOWN, BUILD_FAILED, TOOL_MISSING, OUTPUT_UNWRITABLE, INTERRUPTED
 */
export async function buildRevisions(asked: Asked, signal: AbortSignal): Promise<HeldRevisions> {
  const { arms, dir, onEvent, wanted } = asked;
  const variantName = variantOf(arms);
  const repository = await repositoryOf(dir, signal);
  const control = await revisionOf(repository, "--control-ref", wanted.control, signal);
  const variant = await revisionOf(repository, "--variant-ref", wanted.variant, signal);
  for (const message of await caveats(dir, control, variant)) onEvent({ kind: "warning", message });
  const worktrees = new Worktrees(repository);
  try {
    const built = new Map<string, ArmRevision>();
    for (const [arm, revision] of [
      ["control", control] as const,
      [variantName, variant] as const,
    ]) {
      const what = `${arm} (${revisionWords(revision)})`;
      onEvent({ kind: "starting", what: `revision of ${what}` });
      // oxlint-disable-next-line no-await-in-loop -- two builds at once would take each other's cores
      const place = await worktrees.add(arm, revision, signal);
      if (!place.hadDir) {
        const message = `${what} has no ${repository.within}: its command starts in an empty folder`;
        onEvent({ kind: "warning", message });
      }
      built.set(arm, { ...revision, dir: place.dir });
      if (wanted.build === undefined) continue;
      onEvent({ kind: "starting", what: `build of ${what}: ${wanted.build}` });
      // oxlint-disable-next-line no-await-in-loop -- as above
      await runBuild(wanted.build, { cwd: place.top, what }, signal);
    }
    const build = wanted.build === undefined ? {} : { build: wanted.build };
    return {
      built: { ...build, arms: built },
      [Symbol.asyncDispose]: () => worktrees[Symbol.asyncDispose](),
    };
  } catch (thrown) {
    worktrees.removeNow();
    throw thrown;
  }
}
