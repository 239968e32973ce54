import { formatCount } from "../core/index.ts";
import { describeProfile, type Profile, readProfile } from "../profile/index.ts";
import type { CliIo, Command } from "./command.ts";
import { DISTIL_COMMANDS } from "./profile-distil.ts";
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
}

function summaryLines(profile: Profile, rowsMax: number): string[] {
  const { manifest } = profile;
  const summary = describeProfile(profile);
  const { attribution, licence } = manifest.provenance;
  const origin = [attribution, licence].filter((part) => part !== undefined).join(", ");
  const names = summary.headerNames.map(({ value }) => value).join(", ");
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
    ...mixLines("route", summary.routes, rowsMax),
    "",
    `headers      ${names === "" ? "none" : names}`,
    ...warningLines(manifest.warnings),
  ];
}

async function show(io: CliIo, given: ProfileArguments): Promise<void> {
  const read = await readProfile(given.file);
  const text = given.json
    ? JSON.stringify(read.manifest, null, 2)
    : summaryLines(read, Math.max(2, given.top)).join("\n");
  io.stdout.write(`${text}\n`);
}

export const profileCommand: Command = (io) => ({
  command: "profile",
  describe: "say what a profile holds; make a smaller one of it, or one of several",
  builder: (yargs) => {
    for (const command of DISTIL_COMMANDS) yargs.command(command(io));
    return yargs.command(showCommand(io)).demandCommand(0);
  },
  handler: () => {},
});

const showCommand: Command = (io) => ({
  command: "$0 <file>",
  describe: "say what a profile holds: rates, burstiness, routes, keys, what was redacted",
  builder: (yargs) =>
    yargs
      .positional("file", {
        type: "string",
        demandOption: true,
        describe: "a profile (.ndjson.gz), as `capture` writes it",
      })
      .option("top", { type: "number", default: 20, describe: "rows in the table of routes" })
      .option("json", { type: "boolean", default: false, describe: "print the manifest as JSON" })
      .example("$0 profile profiles/storefront.ndjson.gz", "a summary to read")
      .example("$0 profile storefront.ndjson.gz --json | jq .ledger", "one part, for a machine"),
  handler: (given) => show(io, given as unknown as ProfileArguments),
});
