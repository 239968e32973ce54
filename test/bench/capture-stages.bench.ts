/*
 * What each stage of importing a combined log costs, in microseconds of processor time a line, each
 * with all stages before it; in one process, so without the start:
 *
 *     taskset -c 1 node test/bench/capture-stages.bench.ts [megabytes]
 *
 * The bar of 250,000 lines a second on one core is 4 us for all of them together.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { AccessLine } from "../../src/capture/access-line.ts";
import { AccessRecords, type Asked } from "../../src/capture/access-requests.ts";
import { CapturedRoutes } from "../../src/capture/captured-routes.ts";
import { DistinctIds } from "../../src/capture/distinct.ts";
import { captureToFile, createPseudonyms, Redactor } from "../../src/capture/index.ts";
import { RecordText } from "../../src/capture/record-text.ts";
import { Spill } from "../../src/capture/spill/index.ts";
import { makeLog } from "./access-log.ts";

const [megabytes = 100] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(process.cwd(), ".capture-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "stages.log");
const lines = makeLog(path, megabytes * 1e6);
const log = readFileSync(path);
const key = Buffer.alloc(32, 7);
const FROM_SEC = Date.UTC(2026, 2, 2) / 1_000;
const LF = 10;

async function stage(name: string, work: () => unknown): Promise<void> {
  const before = process.cpuUsage();
  await work();
  const { system, user } = process.cpuUsage(before);
  const usPerLine = (system + user) / lines;
  process.stdout.write(
    `${usPerLine.toFixed(2).padStart(6)} us/line = ${Math.round(1e6 / usPerLine)
      .toLocaleString("en")
      .padStart(10)} lines/s  ${name}\n`,
  );
}

function eachLine(take: (from: number, to: number) => void): void {
  let from = 0;
  for (let at = log.indexOf(LF); at !== -1; at = log.indexOf(LF, from)) {
    take(from, at);
    from = at + 1;
  }
}

/** Times of day alone: what is remembered of the last one is what counts. */
const secOf = (time: string): number =>
  FROM_SEC + +time.slice(12, 14) * 3_600 + +time.slice(15, 17) * 60 + +time.slice(18, 20);

function askedOf(request: string): Asked | undefined {
  const [method = "", target = "", version] = request.split(" ");
  return version === undefined ? undefined : { method, path: target, bodyLost: false };
}

function parsed(take?: (line: AccessLine) => void): void {
  const line = new AccessLine(secOf);
  line.attach(log);
  eachLine((from, to) => {
    if (line.read(from, to)) take?.(line);
  });
}

function made(redactor: Redactor | undefined): void {
  const text = new RecordText(redactor, new CapturedRoutes());
  using spill = new Spill(join(folder, "stages"));
  const { texts } = spill;
  const sessions = new DistinctIds();
  const pseudonyms = createPseudonyms(key);
  const records = new AccessRecords({ text, texts, sessions, pseudonyms, redactor });
  parsed((line) => void records.make(line, askedOf));
}

process.stdout.write(`${lines.toLocaleString("en")} lines, ${megabytes} MB\n`);
await stage("splitting into lines", () => eachLine(() => {}));
await stage("+ finding the fields", () => parsed());
await stage("+ records, clients' pseudonyms, routes learnt; not redacted", () => made(undefined));
await stage("the same, redacted", () => made(new Redactor(key)));
await stage("all: reading the file, holding, merging, writing the packed profile", () =>
  captureToFile(join(folder, "stages.zst"), [path], { name: "stages", key, redact: true }),
);
