import type { Result } from "./model.ts";
import { plainText } from "./words.ts";

/** As much of a commit's hash as tells it apart. */
export const shortCommit = (commit: string): string => commit.slice(0, 12);

/** Which revisions arms were: `control main, 1a2b3c4d5e6f; variant HEAD, 6f5e4d3c2b1a`; empty where they were none. */
export function revisionsLine({ revisions = {} }: Pick<Result["run"], "revisions">): string {
  return Object.entries(revisions)
    .map(([arm, { commit, ref }]) => {
      const name = commit.startsWith(ref) ? "" : `${plainText(ref, 60)}, `;
      return `${arm} ${name}${shortCommit(commit)}`;
    })
    .join("; ");
}

/** What the scenario's repository was at: `1a2b3c4d5e6f, with changes that were not committed`; empty without one. */
export function repositoryLine({ git }: Pick<Result["run"], "git">): string {
  if (git === undefined) return "";
  return `${shortCommit(git.commit)}${git.dirty ? ", with changes that were not committed" : ""}`;
}
