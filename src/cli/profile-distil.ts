import type { Argv, CommandModule } from "yargs";
import { formatCount, parseDurationNs, parseRatio, ShakedownError } from "../core/index.ts";
import {
  type Align,
  cutRecords,
  describeProfile,
  filterRecords,
  isStatusPattern,
  mergeProfiles,
  partOf,
  type Profile,
  type ProfileRecord,
  readProfile,
  sampleRecords,
  sampleWithTail,
  writeProfile,
} from "../profile/index.ts";
import type { CliIo } from "./command.ts";
import { checkOutput, PROFILE_ENDING, withoutEnding } from "./output-file.ts";
import { fidelityLines } from "./profile-fidelity.ts";

interface OutputArguments {
  readonly out?: string;
  readonly force: boolean;
  readonly name?: string;
}

interface PartArguments extends OutputArguments {
  readonly file: string;
}

const withOutput = <T>(yargs: Argv<T>) =>
  yargs
    .option("out", {
      alias: "o",
      type: "string",
      describe: `the profile to write (<file>-<what is done>${PROFILE_ENDING} in this folder unless given)`,
    })
    .option("force", { type: "boolean", default: false, describe: "replace the profile" })
    .option("name", { type: "string", describe: "the new profile's name" });

const fileOf = <T>(yargs: Argv<T>) =>
  yargs.positional("file", { type: "string", demandOption: true, describe: "a profile" });

/** Makes a part of a profile, writes it, and says what was lost on the way. */
async function writePart(
  io: CliIo,
  given: PartArguments,
  action: string,
  choose: (profile: Profile) => readonly ProfileRecord[],
): Promise<void> {
  const out = given.out ?? `${withoutEnding(given.file)}-${action}${PROFILE_ENDING}`;
  checkOutput(out, given.force, [given.file]);
  const whole = await readProfile(given.file);
  const name = given.name ?? `${whole.manifest.name}-${action}`;
  const part = partOf(whole, choose(whole), { name, by: `shakedown profile ${action}` });
  await writeProfile(out, part);
  const lines = fidelityLines(describeProfile(whole), describeProfile(part));
  io.stdout.write(`${[`wrote ${out}`, "", ...lines].join("\n")}\n`);
}

interface SampleArguments extends PartArguments {
  readonly share: string;
  readonly by: "session" | "request";
  readonly tail: boolean;
  readonly seed: string;
}

const sample = (io: CliIo): CommandModule => ({
  command: "sample <file>",
  describe: "keep a share of a profile's sessions, or requests",
  builder: (yargs) =>
    withOutput(fileOf(yargs))
      .option("share", { type: "string", demandOption: true, describe: "how much: 10%, 0.1" })
      .option("by", {
        choices: ["session", "request"] as const,
        default: "session" as const,
        describe: "what is drawn: whole sessions, or single requests",
      })
      .option("tail", {
        type: "boolean",
        default: true,
        describe: "keep at least one of each route; --no-tail draws alone",
      })
      .option("seed", { type: "string", default: "1", describe: "the same seed, the same sample" })
      .example("$0 profile sample day.ndjson.zst --share 5%", "one user in twenty"),
  handler: async (given) => {
    const { by, seed, share: text, tail, ...rest } = given as unknown as SampleArguments;
    const share = parseRatio(text);
    if (!(share > 0 && share <= 1)) {
      throw new ShakedownError("USAGE", `a share of ${text} cannot be kept`, {
        hint: "give one above 0 and up to 100%",
      });
    }
    const draw = tail ? sampleWithTail : sampleRecords;
    await writePart(io, rest, "sample", ({ records }) => draw(records, { by, share }, seed));
  },
});

interface CutArguments extends PartArguments {
  readonly from: string;
  readonly to?: string;
  readonly for?: string;
}

const cut = (io: CliIo): CommandModule => ({
  command: "cut <file>",
  describe: "keep a window of a profile's time",
  builder: (yargs) =>
    withOutput(fileOf(yargs))
      .option("from", { type: "string", default: "0s", describe: "where it begins: 90s, 1h30m" })
      .option("to", { type: "string", describe: "where it ends (the profile's end unless given)" })
      .option("for", { type: "string", describe: "how long it is, instead of --to" })
      .conflicts("to", "for")
      .example("$0 profile cut day.ndjson.zst --from 9h --for 10m", "ten minutes of the morning"),
  handler: async (given) => {
    const { for: length, from, to, ...rest } = given as unknown as CutArguments;
    const fromNs = parseDurationNs(from);
    const endNs = to === undefined ? Number.POSITIVE_INFINITY : parseDurationNs(to);
    const toNs = length === undefined ? endNs : fromNs + parseDurationNs(length);
    await writePart(io, rest, "cut", ({ records }) => cutRecords(records, { fromNs, toNs }));
  },
});

interface FilterArguments extends PartArguments {
  readonly method?: readonly string[];
  readonly route?: readonly string[];
  readonly status?: readonly string[];
}

/** `GET,HEAD`, or each by itself. */
const listed = (texts: readonly string[] | undefined): readonly string[] | undefined =>
  texts?.flatMap((text) => text.split(",").map((each) => each.trim()));

/** @throws USAGE where one is no status */
function statusesOf(texts: readonly string[] | undefined): readonly string[] | undefined {
  const all = listed(texts)?.map((text) => text.toLowerCase());
  const wrong = all?.find((text) => !isStatusPattern(text));
  if (wrong === undefined) return all;
  throw new ShakedownError("USAGE", `--status ${wrong} is no status`, {
    hint: "write a status such as 404, or a class such as 5xx",
  });
}

const filter = (io: CliIo): CommandModule => ({
  command: "filter <file>",
  describe: "keep the requests of some methods, routes or statuses",
  builder: (yargs) =>
    withOutput(fileOf(yargs))
      .option("method", { type: "string", array: true, nargs: 1, describe: "GET, or GET,HEAD" })
      .option("route", {
        type: "string",
        array: true,
        nargs: 1,
        describe: "'GET /products/*': a star stands for anything (may be repeated)",
      })
      .option("status", { type: "string", array: true, nargs: 1, describe: "404, or 404,5xx" })
      .check(({ method, route, status }) => {
        if (method !== undefined || route !== undefined || status !== undefined) return true;
        throw new ShakedownError("USAGE", "say what is kept", {
          hint: "with --method, --route or --status",
        });
      })
      .example("$0 profile filter day.ndjson.zst --route 'GET /api/*'", "the API's reads"),
  handler: async (given) => {
    const { method, route, status, ...rest } = given as unknown as FilterArguments;
    const methods = listed(method)?.map((each) => each.toUpperCase());
    const wanted = { method: methods, route, status: statusesOf(status) };
    await writePart(io, rest, "filter", ({ records }) => filterRecords(records, wanted));
  },
});

interface MergeArguments extends OutputArguments {
  readonly align: Align;
  readonly files: readonly string[];
}

const merge = (io: CliIo): CommandModule => ({
  command: "merge <files..>",
  describe: "make one profile of several, by the time at which requests arrived",
  builder: (yargs) =>
    withOutput(
      yargs.positional("files", {
        type: "string",
        array: true,
        demandOption: true,
        describe: "profiles",
      }),
    )
      .option("align", {
        choices: ["time", "begin"] as const,
        default: "time" as const,
        describe: "beside each other as they were captured, or all from one beginning",
      })
      .example(
        "$0 profile merge node1.ndjson.zst node2.ndjson.zst -o both.ndjson.zst",
        "two nodes' traffic",
      ),
  handler: async (given) => {
    const { align, files, force, name, out: wanted } = given as unknown as MergeArguments;
    const out = wanted ?? `${withoutEnding(files[0]!)}-merge${PROFILE_ENDING}`;
    checkOutput(out, force, files);
    const profiles: Profile[] = [];
    for (const file of files) profiles.push(await readProfile(file));
    const made = { name: name ?? withoutEnding(out), by: "shakedown profile merge", align };
    const merged = mergeProfiles(profiles, made);
    await writeProfile(out, merged);
    const { records, routes } = merged.manifest.counts;
    const of = `${formatCount(records)} requests of ${formatCount(routes)} routes`;
    io.stdout.write(`wrote ${out}: ${of}, from ${formatCount(files.length)} profiles\n`);
    const { warnings } = merged.manifest;
    if (warnings.length > 0) io.stderr.write(`${warnings.map((each) => `! ${each}`).join("\n")}\n`);
  },
});

/** What makes profiles of profiles. */
export const DISTIL_COMMANDS: readonly ((io: CliIo) => CommandModule)[] = [
  sample,
  cut,
  filter,
  merge,
];
