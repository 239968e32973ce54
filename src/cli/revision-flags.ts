import type { Argv } from "yargs";
import { ShakedownError } from "../core/index.ts";
import type { RunOptions } from "../run/index.ts";

export interface RevisionFlags {
  readonly controlRef?: string;
  readonly variantRef?: string;
  readonly build?: string;
}

/** The flags that name two revisions of the scenario's repository. */
export const withRevisionFlags = (yargs: Argv): Argv =>
  yargs
    .option("control-ref", {
      type: "string",
      describe: "start control in this revision of the scenario's git repository",
    })
    .option("variant-ref", { type: "string", describe: "and the variant in this one" })
    .option("build", {
      type: "string",
      describe: "for a shell: how each revision is built, at its top, before the run",
    });

/** Both revisions, or none. @throws USAGE for half of it */
export function revisionsOf(flags: RevisionFlags): Pick<RunOptions, "revisions"> {
  const { build, controlRef, variantRef } = flags;
  const given = [build, controlRef, variantRef].filter((each) => each !== undefined);
  if (given.length === 0) return {};
  const empty = given.some((each) => each.trim() === "");
  if (controlRef === undefined || variantRef === undefined || empty) {
    const message =
      "--control-ref and --variant-ref go together, and --build with them; none may be empty";
    throw new ShakedownError("USAGE", message, {
      hint: "HEAD is the commit that is checked out: --control-ref main --variant-ref HEAD",
    });
  }
  const built = build === undefined ? {} : { build };
  return { revisions: { control: controlRef, variant: variantRef, ...built } };
}
