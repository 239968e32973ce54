import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type Observation, readObservations } from "../../src/measure/index.ts";
import { type ArmRow, type Result, resultSchema } from "../../src/report/index.ts";
import { RunDirectory } from "../../src/run/index.ts";
import {
  type LoopbackHandler,
  type LoopbackTarget,
  loopbackTarget,
} from "../../src/testing/index.ts";
import { type Ended, Running, Scratch } from "./cli.ts";

export const MS = 1e6;
/** A moment to count nanoseconds from, as GoReplay writes them. */
const EPOCH_NS = 1_700_000_000_000_000_000n;

export interface Planned {
  readonly offsetNs: number;
  readonly path: string;
}

/** A GoReplay file with these requests, in the order in which they are given. */
const gorText = (requests: readonly Planned[]): string =>
  requests
    .map(({ offsetNs, path }, i) => {
      const head = `1 ${i.toString(16).padStart(40, "0")} ${EPOCH_NS + BigInt(offsetNs)}`;
      return `${head}\nGET ${path} HTTP/1.1\r\nHost: shop.example\r\nAccept: */*\r\n\r\n`;
    })
    .join("\n🐵🙈🙉\n");

/** Evenly spaced requests, each to one of the paths in turn. */
export const evenly = (
  count: number,
  gapNs: number,
  paths: readonly string[] = ["/a", "/b"],
): Planned[] =>
  Array.from({ length: count }, (_, i) => ({
    offsetNs: i * gapNs,
    path: paths[i % paths.length]!,
  }));

export const OK: LoopbackHandler = () => ({ kind: "answer", body: "hello" });
const open: { readonly targets: LoopbackTarget[]; readonly scratches: Scratch[] } = {
  targets: [],
  scratches: [],
};

/** Ends the targets and removes the folders of the test that is over. */
export async function tidyUp(): Promise<void> {
  await Promise.all(open.targets.splice(0).map((target) => target.refuse()));
  for (const scratch of open.scratches.splice(0)) scratch[Symbol.dispose]();
}

/** A folder that goes away with the test. */
export function newScratch(): Scratch {
  const scratch = new Scratch();
  open.scratches.push(scratch);
  return scratch;
}

/** A target that goes away with the test. */
export async function serve(handler: LoopbackHandler = OK): Promise<LoopbackTarget> {
  const target = await loopbackTarget(handler);
  open.targets.push(target);
  return target;
}

export interface Replayed extends Ended {
  readonly directory: RunDirectory;
  readonly result: Result;
  readonly observations: readonly Observation[];
}

/** A replay that is under way, into a folder of its own. */
export function begin(requests: readonly Planned[], ...flags: readonly string[]) {
  const scratch = newScratch();
  const capture = scratch.file("capture.gor", gorText(requests));
  const out = join(scratch.path, "runs");
  return { running: new Running(["replay", capture, "--out", out, ...flags]), scratch };
}

/** Does a replay to its end, and reads what it left. */
export async function replayed(
  requests: readonly Planned[],
  ...flags: readonly string[]
): Promise<Replayed> {
  const { running, scratch } = begin(requests, ...flags);
  return read(await running.ended, scratch);
}

/** What a replay left behind. */
export function read(ended: Ended, scratch: Scratch): Replayed {
  if (![0, 1, 2, 69, 130].includes(ended.code ?? -1)) throw new Error(ended.stderr + ended.stdout);
  const directory = new RunDirectory(scratch.run());
  const text = readFileSync(directory.file("result.json"), "utf8");
  const result = resultSchema.parse(JSON.parse(text));
  const observations = [...readObservations(...directory.observationSpools())];
  for (const [index, arm] of Object.values(result.arms).entries()) {
    // The ledger is exact, in the result and in the files.
    expect(arm.planned).toBe(arm.responses + arm.errors + arm.dropped);
    const own = observations.filter((each) => each.arm === index);
    const counts = own.map((each) => (each.kind === "dropped" ? each.count : 1));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(arm.planned);
  }
  return { ...ended, directory, result, observations };
}

/** One arm, measured well. On a busy machine the generator itself may be late, which is a hold. */
export function expectMeasured({ code, result, stderr }: Replayed): void {
  expect(stderr).toBe("");
  const saturated = /generator saturated/.test(result.reason);
  expect({ code, decision: result.decision }).toEqual(
    saturated ? { code: 2, decision: "hold" } : { code: 0, decision: null },
  );
}

/** The one arm. */
export const targetOf = ({ result }: Replayed): ArmRow => result.arms["target"]!;
/** Intended starts of an arm, in order. */
export const intendedOf = (all: readonly Observation[], arm = 0): number[] =>
  all
    .filter((each) => each.arm === arm)
    .toSorted((a, b) => a.seq - b.seq)
    .map(({ intendedNs }) => intendedNs);

/** One request of a user, who has a connection to call their own. */
export function harEntry(user: string, path: string, atMs: number) {
  const started = new Date(1_700_000_000_000 + atMs).toISOString();
  const headers = [
    { name: "x-user", value: user },
    { name: "x-token", value: "captured" },
  ];
  const common = { cookies: [], headersSize: -1, bodySize: -1, httpVersion: "HTTP/1.1" };
  return {
    startedDateTime: started,
    time: 5,
    connection: `connection of ${user}`,
    request: {
      method: "GET",
      url: `http://shop.example${path}`,
      headers,
      queryString: [],
      ...common,
    },
    response: {
      status: 200,
      statusText: "OK",
      headers: [],
      content: { size: 0, mimeType: "text/plain" },
      redirectURL: "",
      ...common,
    },
    cache: {},
    timings: { send: 0, wait: 5, receive: 0 },
  };
}
