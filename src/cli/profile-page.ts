import { writeFile } from "node:fs/promises";
import { EXIT, messageOf, ShakedownError } from "../core/index.ts";
import { diffProfiles, pictureProfile, readProfile } from "../profile/index.ts";
import { type ProfilePage, renderProfileHtml } from "../report/profile/index.ts";
import type { CliIo } from "./command.ts";
import { checkOutput, withoutEnding } from "./output-file.ts";
import { version } from "./version.ts";

export interface ProfilePageArguments {
  readonly file: string;
  /** Where to; empty: a name made of the profile's. */
  readonly html: string;
  readonly diff?: string;
  readonly force: boolean;
  readonly json: boolean;
  readonly exitZero: boolean;
}

/** `march.html`, or of two `march-june.html`, in the current folder. */
function nameOf({ diff, file }: ProfilePageArguments): string {
  const names = [file, ...(diff === undefined ? [] : [diff])].map(withoutEnding);
  return `${names.join("-")}.html`;
}

async function pageOf({ diff, file }: ProfilePageArguments): Promise<ProfilePage> {
  const tool = { name: "shakedown", version };
  const profile = await readProfile(file);
  const picture = pictureProfile(profile);
  if (diff === undefined) return { tool, picture, other: null };
  const other = await readProfile(diff);
  const drift = diffProfiles(profile, other);
  return { tool, picture, other: { picture: pictureProfile(other), diff: drift } };
}

/**
 * Writes the page of a profile, or of two. Exits as `--diff` does.
 * @throws USAGE with --json, OUTPUT_UNWRITABLE
 */
export async function writeProfilePage(io: CliIo, given: ProfilePageArguments): Promise<void> {
  if (given.json) {
    throw new ShakedownError("USAGE", "--html writes a page, --json prints: choose one", {});
  }
  const out = given.html === "" ? nameOf(given) : given.html;
  const inputs = [given.file, ...(given.diff === undefined ? [] : [given.diff])];
  checkOutput(out, given.force, inputs, "--html");
  const page = await pageOf(given);
  await writeFile(out, renderProfileHtml(page)).catch((cause: unknown) => {
    throw new ShakedownError("OUTPUT_UNWRITABLE", `cannot write ${out}: ${messageOf(cause)}`, {
      hint: "name a file in a folder that exists and can be written to with --html",
      cause,
    });
  });
  io.stdout.write(`wrote ${out}\n`);
  if (page.other?.diff.drifted === true && !given.exitZero) io.exitCode = EXIT.hold;
}
