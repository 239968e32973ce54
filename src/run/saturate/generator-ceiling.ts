import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NS_PER_MS, NS_PER_US, ShakedownError } from "../../core/index.ts";
import { startAnsweringTarget } from "../../replay/index.ts";
import { readCaptured } from "../captured.ts";
import { RunDirectory } from "../run-directory.ts";
import { ArmLoad } from "./load.ts";
import { saturateOptions } from "./options.ts";
import { runStep } from "./run-step.ts";
import { bracketOf, nextStep, type StepOutcome, type TriedRate } from "./search.ts";

/** A start that is so late is late. */
const LATE_US = NS_PER_MS / NS_PER_US;
/** The share of what was to be sent that must be sent, and answered. */
const SENT_MIN = 0.995;
const SEARCH = {
  startPerSec: 4_000,
  minPerSec: 250,
  maxPerSec: 1_000_000,
  precision: 0.2,
  stepsMax: 12,
};
const STEP = "1.5s";

/** A request as browsers send them. */
const REQUEST = [
  "GET /products/17?page=2 HTTP/1.1",
  "Host: shop.example",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "Accept-Language: en-US,en;q=0.5",
  "Accept-Encoding: gzip, deflate, br",
  "Referer: https://shop.example/products",
  "Cache-Control: no-cache",
  "",
  "",
].join("\r\n");
const MARK = "\n🐵🙈🙉\n";

/** Of GoReplay: a request each millisecond. */
function captured(): string {
  const requests = Array.from({ length: 100 }, (_, i) => {
    const atNs = BigInt(i * NS_PER_MS) + 1_700_000_000_000_000_000n;
    return `1 ${i.toString(16).padStart(24, "0")} ${atNs} 0\n${REQUEST}${MARK}`;
  });
  return requests.join("");
}

/** A rate that was tried, and how late its starts were at p99. */
export interface CeilingStep {
  readonly ratePerSec: number;
  readonly held: boolean;
  readonly lagP99Us: number;
}

/**
 * How many requests a second this process sends in time: the highest rate at which at most a
 * hundredth of the starts are more than 1 ms late, and 99.5 % are answered, found by doubling and
 * bisection in short steps, to a server of our own in a thread of this process. With a
 * target elsewhere there is more: that thread takes as much of a core as a generator's.
 * @throws ShakedownError when not even 250/s are sent in time; the signal's reason
 */
export async function generatorCeiling(
  onStep: (step: CeilingStep) => void,
  signal: AbortSignal,
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "shakedown-ceiling-"));
  try {
    await using target = await startAnsweringTarget();
    return await search({ folder, origin: target.origin, onStep }, signal);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function search(
  given: {
    readonly folder: string;
    readonly origin: string;
    readonly onStep: (step: CeilingStep) => void;
  },
  signal: AbortSignal,
): Promise<number> {
  const { folder, onStep, origin } = given;
  const profile = join(folder, "capture.gor");
  writeFileSync(profile, captured());
  const options = saturateOptions({
    profile,
    target: origin,
    headers: {},
    tls: { insecure: false },
    arrivals: "poisson",
    step: STEP,
    precision: "20%",
    maxRate: `${SEARCH.maxPerSec}/s`,
    margin: "10%",
    timeout: "10s",
    transport: "wire",
    // As a fleet's runs have it.
    pacing: "alarm",
    redact: false,
  });
  const { loaded } = options.arms[0]!;
  const wanted = { scenario: loaded.scenario, seed: options.seed, signal };
  const { profile: stored } = await readCaptured(profile, wanted);
  using _held = stored;
  const directory = new RunDirectory(join(folder, "run"));
  directory.makeFolders();
  const load = new ArmLoad("target", loaded, stored, options);
  const context = { options, directory, runId: randomBytes(8).toString("hex"), p99LimitUs: null };
  return ceilingBy(async (ratePerSec, index) => {
    const step = await runStep({ load, run: 1, step: index + 1, ratePerSec }, context, signal);
    for (const path of step.observations) rmSync(directory.file(path), { force: true });
    return step;
  }, onStep);
}

/** The same, whoever sends a step. @throws USAGE when not even the lowest rate is sent in time */
export async function ceilingBy(
  send: (
    ratePerSec: number,
    index: number,
  ) => Promise<{ readonly generatorLagP99Us: number; readonly goodputRatio: number }>,
  onStep: (step: CeilingStep) => void,
): Promise<number> {
  const tried: TriedRate[] = [];
  for (;;) {
    const next = nextStep(tried, SEARCH);
    if (next.kind === "end") break;
    const { ratePerSec } = next;
    // oxlint-disable-next-line no-await-in-loop -- one step after another
    const { generatorLagP99Us: lagP99Us, goodputRatio } = await send(ratePerSec, tried.length);
    const held = lagP99Us <= LATE_US && goodputRatio >= SENT_MIN;
    // A moment of somebody else's is no ceiling: what is late is tried once more.
    const outcome: StepOutcome = held ? "holds" : "late";
    tried.push({ ratePerSec, outcome });
    onStep({ ratePerSec, held, lagP99Us });
  }
  const { kneePerSec } = bracketOf(tried);
  if (kneePerSec !== null) return kneePerSec;
  throw new ShakedownError(
    "USAGE",
    `not even ${SEARCH.minPerSec} requests/s are sent in time from here`,
    { hint: "something else wants this machine's cores; or say --ceiling yourself" },
  );
}
