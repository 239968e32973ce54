import { createHash, randomBytes } from "node:crypto";
import {
  formatCount,
  formatDurationNs,
  parseBytes,
  parseDurationNs,
  ShakedownError,
} from "../core/index.ts";
import {
  finishRecording,
  type Finished,
  parseListenAt,
  parseRecordedDependency,
  parseUpstream,
  record,
  type RecordOptions,
  type RecordOutcome,
} from "../run/index.ts";
import type { CliIo, Command } from "./command.ts";
import { checkOutput, PROFILE_ENDING, withoutEnding } from "./output-file.ts";
import { redactionLines, warningLines } from "./profile-view.ts";

interface RecordArguments {
  readonly listen?: string;
  readonly upstream?: string;
  readonly dependency: readonly string[];
  readonly out: string;
  readonly force: boolean;
  readonly finish: boolean;
  readonly name?: string;
  readonly bodyLimit: string;
  readonly for?: string;
  readonly max?: number;
  readonly redact: boolean;
  readonly redactKey?: string;
  readonly json: boolean;
}

const usage = (message: string, hint: string): ShakedownError =>
  new ShakedownError("USAGE", message, { hint });

function redactionKey({ redact, redactKey }: RecordArguments): Buffer {
  if (redactKey === undefined) return randomBytes(32);
  if (!redact) throw usage("--redact-key makes no sense with --no-redact", "leave one out");
  if (redactKey === "") throw usage("--redact-key is empty", "give a text, or leave it out");
  return createHash("sha256").update(redactKey).digest();
}

function optionsOf(io: CliIo, given: RecordArguments): RecordOptions {
  const { listen, max, out, upstream } = given;
  if (listen === undefined || upstream === undefined) {
    throw usage(
      "--listen and --upstream are needed",
      "say where clients come, and where the service is: --listen :8080 --upstream http://127.0.0.1:8081",
    );
  }
  if (max !== undefined && !(Number.isInteger(max) && max > 0)) {
    throw usage("--max takes a number of requests, 1 or more", "such as --max 100000");
  }
  const service = { name: "service", ...parseListenAt(listen), upstream: parseUpstream(upstream) };
  return {
    out,
    name: given.name ?? withoutEnding(out),
    service,
    dependencies: given.dependency.map((text) => parseRecordedDependency(text)),
    bodyBytesMax: parseBytes(given.bodyLimit),
    key: redactionKey(given),
    redact: given.redact,
    forNs: given.for === undefined ? Number.POSITIVE_INFINITY : parseDurationNs(given.for),
    requestsMax: max ?? Number.POSITIVE_INFINITY,
    signal: io.signal,
    onListening: (addresses) => tellAddresses(io, given, addresses),
  };
}

function tellAddresses(
  io: CliIo,
  given: RecordArguments,
  addresses: Readonly<Record<string, string>>,
): void {
  if (given.json) {
    io.stdout.write(`${JSON.stringify({ addresses })}\n`);
    return;
  }
  for (const [name, address] of Object.entries(addresses)) {
    io.stdout.write(`${name} http://${address}\n`);
  }
  const max = given.max === undefined ? "" : `, at most ${formatCount(given.max)} requests`;
  const until =
    given.for === undefined
      ? "until Ctrl-C"
      : `for ${formatDurationNs(parseDurationNs(given.for))}`;
  io.stderr.write(`${until}${max}\n`);
}

const listed = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([reason, count]) => `${reason}: ${formatCount(count)}`)
    .join("; ");

function proxyLine(name: string, counts: RecordOutcome["proxies"][string]): string {
  const { connections, exchanges, incomplete, unparsed, upgraded, upstreamErrors } = counts;
  const told: readonly (readonly [number, string])[] = [
    [exchanges, "exchanges"],
    [connections, "connections"],
    [upstreamErrors, "upstream errors"],
    [incomplete, "requests that did not come whole"],
    [upgraded, "connections upgraded, and not recorded from there"],
  ];
  const parts = told
    .filter(([count], index) => count > 0 || index < 2)
    .map(([count, what]) => `${formatCount(count)} ${what}`);
  const lost = Object.keys(unparsed).length === 0 ? [] : [`not parsed: ${listed(unparsed)}`];
  return `  ${name}: ${[...parts, ...lost].join(", ")}`;
}

function finishedLines(out: string, finished: Finished): string[] {
  const { bodiesNotKept, calls, joinedCalls, profile, untraced } = finished;
  const { counts, redaction } = profile.manifest;
  const lines = [
    `wrote ${out}`,
    `recorded: ${formatCount(counts.records)} requests of ${formatCount(counts.routes)} routes`,
  ];
  if (bodiesNotKept > 0) lines.push(`bodies not kept: ${formatCount(bodiesNotKept)}`);
  if (calls > 0) {
    lines.push(
      `dependency calls: ${formatCount(calls)}, of which ${formatCount(joinedCalls)} joined to their request and ${formatCount(calls - joinedCalls)} unjoined`,
    );
    if (untraced > 0) lines.push(`requests without a traceparent: ${formatCount(untraced)}`);
  }
  return [...lines, ...redactionLines(redaction)];
}

function tellFinished(io: CliIo, out: string, finished: Finished, more: readonly string[]): void {
  io.stdout.write(`${[...finishedLines(out, finished), ...more].join("\n")}\n`);
  const warnings = warningLines(finished.profile.manifest.warnings);
  if (warnings.length > 0) io.stderr.write(`${warnings.join("\n")}\n`);
}

async function recordAndTell(io: CliIo, given: RecordArguments): Promise<void> {
  checkOutput(given.out, given.force);
  const { out } = given;
  if (given.finish) {
    const finished = await finishRecording({ out, key: redactionKey(given), replaced: null });
    const { profile, ...counts } = finished;
    const recorded = profile.manifest.counts.records;
    if (given.json) io.stdout.write(`${JSON.stringify({ recorded, ...counts, out })}\n`);
    else tellFinished(io, out, finished, []);
    return;
  }
  const { profile, ...counts } = await record(optionsOf(io, given));
  if (given.json) {
    const redacted = profile.manifest.redaction.values;
    io.stdout.write(`${JSON.stringify({ ...counts, redacted, out })}\n`);
    return;
  }
  const left = Object.keys(counts.unrecorded).length === 0 ? [] : [listed(counts.unrecorded)];
  tellFinished(io, out, { profile, ...counts }, [
    ...left.map((text) => `not recorded: ${text}`),
    ...Object.entries(counts.proxies).map(([name, one]) => proxyLine(name, one)),
  ]);
}

const DESCRIPTION = `record a profile from live traffic

Stands in front of a service, and between it and its dependencies. Every byte goes on as it came: no header is added, and Host stays what the client sent, also towards an https upstream. HTTP/1 is recorded; what cannot be parsed, and websockets, pass and are counted.

A dependency's calls are joined to the request that made them by the trace id in traceparent, which the client (or what stands before this) has to send and the service has to pass on.

Secrets and personal data are replaced before anything is written, as in capture. Until its profile is written the recording is in <out>.recording; after a crash, --finish makes the profile of what is there.`;

export const recordCommand: Command = (io) => ({
  builder: (yargs) =>
    yargs
      .usage(`$0 record --listen :8080 --upstream URL\n\n${DESCRIPTION}`)
      .options({
        listen: { type: "string", describe: "[host]:port where clients come (0: any free one)" },
        upstream: { type: "string", describe: "the service, http or https: http://127.0.0.1:8081" },
        dependency: {
          type: "string",
          array: true,
          nargs: 1,
          default: [],
          describe: "NAME=[host]:port=URL: where the service reaches it here, and where it is",
        },
        out: {
          alias: "o",
          type: "string",
          default: `recorded${PROFILE_ENDING}`,
          describe: "the profile to write",
        },
        force: { type: "boolean", default: false, describe: "replace the profile" },
        finish: {
          type: "boolean",
          default: false,
          describe: "record nothing: write the profile of a recording that was cut off",
        },
        name: { type: "string", describe: "the profile's name (the file's unless given)" },
        "body-limit": {
          type: "string",
          default: "64kB",
          describe: "longer request bodies pass, and are not kept",
        },
        for: { type: "string", describe: "how long: 30s, 10m (until Ctrl-C unless given)" },
        max: { type: "number", describe: "end after so many requests of the service" },
        redact: {
          type: "boolean",
          default: true,
          describe: "--no-redact keeps secrets as they come: dangerous, for data without any",
        },
        "redact-key": {
          type: "string",
          describe:
            "make pseudonyms from this text (a random key, forgotten at once, unless given)",
        },
        json: {
          type: "boolean",
          default: false,
          describe: "print addresses, and counts at the end, as JSON",
        },
      })
      .example(
        "$0 record --listen :8080 --upstream http://127.0.0.1:8081 --dependency payments=:9001=http://127.0.0.1:9101",
        "records a service and what it asks of payments",
      ),
  handler: (given) => recordAndTell(io, given as unknown as RecordArguments),
});
