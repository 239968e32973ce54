import type { CommandModule } from "yargs";
import { EXIT, formatCount } from "../core/index.ts";
import { describeProfile, diffProfiles, type Profile, readProfile } from "../profile/index.ts";
import type { CliIo, Command } from "./command.ts";
import { DISTIL_COMMANDS } from "./profile-distil.ts";
import { dependencyDetailLines } from "./profile-dependencies.ts";
import { dependencyLines, headerLines, routeValueLines } from "./profile-makeup-view.ts";
import type { ProfilePageArguments } from "./profile-page.ts";
import {
  ledgerLines,
  mixLines,
  overviewLines,
  redactionLines,
  warningLines,
} from "./profile-view.ts";

interface ProfileArguments {
  readonly file: string;
  readonly top: number;
  readonly json: boolean;
  readonly diff?: string;
  readonly html?: string;
  readonly exitZero: boolean;
}

function summaryLines(profile: Profile, rowsMax: number): string[] {
  const { manifest } = profile;
  const summary = describeProfile(profile);
  const { attribution, licence } = manifest.provenance;
  const origin = [attribution, licence].filter((part) => part !== undefined).join(", ");
  return [
    `profile ${manifest.name}${origin === "" ? "" : ` (${origin})`}`,
    ...manifest.source.map(
      ({ file, format, bytes, sha256 }) =>
        `  from ${file}: ${format}, ${formatCount(bytes)} B, sha256 ${sha256.slice(0, 16)}…`,
    ),
    "",
    ...overviewLines(summary),
    ...ledgerLines(manifest.ledger),
    ...redactionLines(manifest.redaction),
    "",
    ...sections([
      mixLines("route", summary.routes, rowsMax),
      routeValueLines(summary, rowsMax),
      dependencyLines(manifest.dependencies),
      dependencyDetailLines(manifest.dependencies),
      headerLines(summary),
      warningLines(manifest.warnings),
    ]),
  ];
}

/** Lists of lines with an empty line between them; empty ones are left out. */
const sections = (lists: readonly (readonly string[])[]): string[] =>
  lists
    .filter(({ length }) => length > 0)
    .flatMap((list, index) => (index === 0 ? list : ["", ...list]));

async function show(io: CliIo, given: ProfileArguments): Promise<void> {
  const read = await readProfile(given.file);
  const text = given.json
    ? JSON.stringify(describeProfile(read), null, 2)
    : summaryLines(read, Math.max(2, given.top)).join("\n");
  io.stdout.write(`${text}\n`);
}

/** Exits as a run that is on hold does when something drifted: look at it. */
async function compare(io: CliIo, given: ProfileArguments, other: string): Promise<void> {
  const diff = diffProfiles(await readProfile(given.file), await readProfile(other));
  const { diffLines } = await import("./profile-diff-view.ts");
  const text = given.json ? JSON.stringify(diff, null, 2) : diffLines(diff).join("\n");
  io.stdout.write(`${text}\n`);
  if (diff.drifted && !given.exitZero) io.exitCode = EXIT.hold;
}

export const profileCommand: Command = (io) => ({
  builder: (yargs) => {
    for (const command of DISTIL_COMMANDS) yargs.command(command(io));
    return yargs.command(showCommand(io)).demandCommand(0);
  },
  handler: () => {},
});

const showCommand = (io: CliIo): CommandModule => ({
  command: "$0 <file>",
  describe: "say what a profile holds: rates, burstiness, routes, keys, what was redacted",
  builder: (yargs) =>
    yargs
      .positional("file", {
        type: "string",
        demandOption: true,
        describe: "a profile (.ndjson.zst or .ndjson.gz), as `capture` writes it",
      })
      .option("top", { type: "number", default: 20, describe: "rows in the table of routes" })
      .option("json", {
        type: "boolean",
        default: false,
        describe: "print the manifest and all figures, or the differences, as JSON",
      })
      .option("diff", {
        type: "string",
        requiresArg: true,
        describe:
          "compare with this newer profile: what drifted, and whether that is more than chance " +
          "(exit 2 when something did)",
      })
      .option("html", {
        type: "string",
        describe:
          "write a page with pictures instead: <file>.html in this folder unless a name is given; " +
          "with --diff, of both",
      })
      .option("force", { type: "boolean", default: false, describe: "replace the page" })
      .option("exit-zero", {
        type: "boolean",
        default: false,
        describe: "exit 0 when something drifted, too",
      })
      .example("$0 profile profiles/storefront.ndjson.gz", "a summary to read")
      .example("$0 profile storefront.ndjson.gz --json | jq .sessions", "one part, for a machine")
      .example("$0 profile storefront.ndjson.gz --html", "pictures: storefront.html")
      .example("$0 profile march.ndjson.zst --diff june.ndjson.zst", "whether March is stale"),
  handler: async (given) => {
    const { diff, ...rest } = given as unknown as ProfileArguments;
    if (rest.html !== undefined) {
      const { writeProfilePage } = await import("./profile-page.ts");
      return writeProfilePage(io, given as unknown as ProfilePageArguments);
    }
    return diff === undefined ? show(io, rest) : compare(io, rest, diff);
  },
});
