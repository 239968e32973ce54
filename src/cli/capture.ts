import { createHash, randomBytes } from "node:crypto";
import { basename } from "node:path";
import {
  type CaptureFormat,
  captureFormats,
  type CapturedFile,
  type CaptureFilter,
  captureToFile,
} from "../capture/index.ts";
import { messageOf, ShakedownError, STANDARD_INPUT } from "../core/index.ts";
import type { CliIo, Command } from "./command.ts";
import { checkOutput, PROFILE_ENDING } from "./output-file.ts";
import {
  briefLines,
  ledgerLines,
  overviewLines,
  redactionLines,
  warningLines,
} from "./profile-view.ts";
import { READING_FLAGS, type ReadingArguments, readingOf } from "./reading-flags.ts";

interface CaptureArguments extends ReadingArguments {
  readonly files: readonly string[];
  readonly out?: string;
  readonly force: boolean;
  readonly name?: string;
  readonly attribution?: string;
  readonly licence?: string;
  readonly host?: readonly string[];
  readonly method?: readonly string[];
  readonly path?: string;
  readonly route?: readonly string[];
  readonly redact: boolean;
  readonly redactKey?: string;
  readonly json: boolean;
}

/** `logs/access.log.1.gz` → `access`: what the capture is called without its endings. */
function bareName(file: string): string {
  const bare = basename(file)
    .replace(/\.(?:gz|zst)$/i, "")
    .replace(/(?:\.(?:gor|har|log|json|txt|pcap|pcapng))?(?:\.\d+)?$/i, "");
  return bare === "" || file === STANDARD_INPUT ? "capture" : bare;
}

function pathFilter(source: string | undefined): { path?: RegExp } {
  if (source === undefined) return {};
  try {
    return { path: new RegExp(source) };
  } catch (cause) {
    throw new ShakedownError("USAGE", `--path: ${messageOf(cause)}`, {
      hint: "--path takes a regular expression, such as '^/api/'",
      cause,
    });
  }
}

function filterOf({ host, method, path }: CaptureArguments): CaptureFilter {
  return {
    ...(host === undefined ? {} : { hosts: host.map((name) => name.toLowerCase()) }),
    ...(method === undefined ? {} : { methods: method.map((name) => name.toUpperCase()) }),
    ...pathFilter(path),
  };
}

function redactionKey({ redact, redactKey }: CaptureArguments): Buffer {
  if (redactKey === undefined) return randomBytes(32);
  if (!redact) {
    throw new ShakedownError("USAGE", "--redact-key makes no sense with --no-redact");
  }
  if (redactKey === "") throw new ShakedownError("USAGE", "--redact-key is empty");
  return createHash("sha256").update(redactKey).digest();
}

function reportHuman(io: CliIo, { manifest, summary }: CapturedFile, out: string): void {
  const lines = [
    `wrote ${out}`,
    "",
    ...(summary === undefined
      ? [...briefLines(manifest), `more         shakedown profile ${out}`]
      : overviewLines(summary)),
    ...ledgerLines(manifest.ledger),
    ...redactionLines(manifest.redaction),
  ];
  io.stdout.write(`${lines.join("\n")}\n`);
  const warnings = warningLines(manifest.warnings);
  if (warnings.length > 0) io.stderr.write(`${warnings.join("\n")}\n`);
}

function checkInputs(files: readonly string[]): void {
  const inputs = files.filter((file) => file === STANDARD_INPUT).length;
  if (inputs > 1) throw new ShakedownError("USAGE", "standard input can be read once only");
  if (!files.includes("")) return;
  throw new ShakedownError("USAGE", "no file has an empty name", {
    hint: "name the capture's file, or - for standard input",
  });
}

async function capture(io: CliIo, given: CaptureArguments): Promise<void> {
  const [first = ""] = given.files;
  const out = given.out ?? `${bareName(first)}${PROFILE_ENDING}`;
  checkInputs(given.files);
  // Asked before the reading, which may take long.
  checkOutput(out, given.force, given.files);
  const captured = await captureToFile(out, given.files, {
    name: given.name ?? bareName(first),
    ...(given.attribution === undefined ? {} : { attribution: given.attribution }),
    ...(given.licence === undefined ? {} : { licence: given.licence }),
    filter: filterOf(given),
    ...(given.route === undefined ? {} : { routes: given.route }),
    ...readingOf(io, given),
    key: redactionKey(given),
    redact: given.redact,
    signal: io.signal,
  });
  if (given.json) io.stdout.write(`${JSON.stringify({ ...captured.manifest.ledger, out })}\n`);
  else reportHuman(io, captured, out);
}

const description = (
  formats: readonly CaptureFormat[],
): string => `make a profile from captured traffic

Formats, recognised by their content (gzip and zstd are undone): ${formats.map((format) => format.description).join("; ")}; and tables of requests (CSV, JSON lines), whose columns --columns names. Several files become one profile, merged by time.

Secrets and personal data are replaced before anything is written: credentials, cookie values, keys named like secrets, JWTs, e-mail addresses, card numbers and IP addresses become pseudonyms of the same length; equal values stay equal.`;

export const captureCommand: Command = (io) => ({
  builder: async (yargs) =>
    yargs
      .usage(`$0 capture <files..>\n\n${description(await captureFormats())}`)
      .positional("files", {
        type: "string",
        array: true,
        demandOption: true,
        describe: "capture files, or - for standard input",
      })
      .option("out", {
        alias: "o",
        type: "string",
        describe: `the profile to write (<first file>${PROFILE_ENDING} in this folder unless given); .gz for gzip`,
      })
      .option("force", { type: "boolean", default: false, describe: "replace the profile" })
      .option("name", { type: "string", describe: "the profile's name (the file's unless given)" })
      .option("attribution", { type: "string", describe: "whose data it is, kept in the profile" })
      .option("licence", { type: "string", describe: "its licence, kept in the profile" })
      .option("host", {
        type: "string",
        array: true,
        nargs: 1,
        describe: "keep requests to this host only (may be repeated)",
      })
      .option("method", {
        type: "string",
        array: true,
        nargs: 1,
        describe: "keep requests of this method only (may be repeated)",
      })
      .option("path", {
        type: "string",
        describe: "keep requests whose path and query match this regular expression",
      })
      .options(READING_FLAGS)
      .option("route", {
        type: "string",
        array: true,
        nargs: 1,
        describe:
          "paths like this one are one route, instead of what is inferred: /users/{name}/photos " +
          "(may be repeated; the most specific one counts)",
      })
      .option("redact", {
        type: "boolean",
        default: true,
        describe: "--no-redact keeps secrets as captured: dangerous, for data without any",
      })
      .option("redact-key", {
        type: "string",
        describe:
          "make pseudonyms from this text, so that the profile can be made again alike; " +
          "who knows it can test guesses (a random key, forgotten at once, unless given)",
      })
      .option("json", { type: "boolean", default: false, describe: "print the ledger as JSON" })
      .example("$0 capture requests_0.gor", `writes requests_0${PROFILE_ENDING}`)
      .example("$0 capture node1.log node2.log.gz -o day.ndjson.zst", "merges two logs by time")
      .example("zcat day*.gz | $0 capture - -o day.ndjson.zst", "reads standard input")
      .example(
        `$0 capture access.log --log-format '$remote_addr [$msec] "$request" $status $request_time'`,
        "reads nginx's own format",
      )
      .example("$0 capture shop.har --host shop.example --path '^/api/'", "keeps one host's API"),
  handler: (given) => capture(io, given as unknown as CaptureArguments),
});
