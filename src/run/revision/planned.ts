import type { Plan } from "../../experiment/index.ts";
import type { Result } from "../../report/index.ts";
import type { Manifest } from "../manifest.ts";
import type { BuiltRevisions } from "./built.ts";

/** A plan with the commits that its arms are, where they are revisions: other commits, another plan. */
export function withRevisions(plan: Plan, revisions: BuiltRevisions | undefined): Plan {
  if (revisions === undefined) return plan;
  const { arms, build } = revisions;
  const commits = Object.fromEntries([...arms].map(([arm, { commit }]) => [arm, commit]));
  const built = build === undefined ? {} : { revisionBuild: build };
  return { ...plan, inputs: { ...plan.inputs, revisions: commits, ...built } };
}

/** What a manifest says of the revisions that arms are. */
export function manifestRevisions(
  revisions: BuiltRevisions | undefined,
): Pick<Manifest, "revisions" | "revisionBuild"> {
  if (revisions === undefined) return {};
  const { arms, build } = revisions;
  const named = [...arms].map(([arm, { commit, ref }]) => [arm, { ref, commit }] as const);
  return {
    revisions: Object.fromEntries(named),
    ...(build === undefined ? {} : { revisionBuild: build }),
  };
}

/** What a result says of what its run's repository was at, and of the revisions that arms were. */
export function revisionsIn({
  git,
  revisionBuild,
  revisions,
}: Manifest): Pick<Result["run"], "git" | "revisions" | "revisionBuild"> {
  return {
    ...(git === undefined ? {} : { git }),
    ...(revisions === undefined ? {} : { revisions }),
    ...(revisionBuild === undefined ? {} : { revisionBuild }),
  };
}
