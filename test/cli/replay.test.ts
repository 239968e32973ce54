import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import yargs from "yargs";
import type { CliIo } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { NS_PER_S, ShakedownError } from "../../src/core/index.ts";
import { readProfile, writeProfile } from "../../src/profile/index.ts";
import { type LoadedScenario, type ReplayFlags, replayScenario } from "../../src/run/index.ts";
import { usedCalibration } from "../../src/run/used-calibration.ts";
import { ROOT } from "../e2e/cli.ts";
import { scratch } from "../run/run-fixture.ts";

const folder = scratch();
afterAll(() => folder.remove());

const PROFILE = join(ROOT, "profiles/storefront.ndjson.gz");
const { signal } = new AbortController();
/** Nothing listens there; flags are refused before anything is sent. */
const NOWHERE = "http://127.0.0.1:1";

/** What the command says of a command line that it does not take. */
async function refused(...args: readonly string[]): Promise<ShakedownError> {
  const io: CliIo = {
    stdout: { write: () => true },
    stderr: { write: () => true },
    signal,
    exitCode: 0,
  };
  const target = args.includes("--target") ? [] : ["--target", NOWHERE];
  try {
    await yargs(["replay", PROFILE, ...target, "--out", folder.path, ...args])
      .command(COMMANDS.map((command) => command(io)))
      .strict()
      .exitProcess(false)
      .showHelpOnFail(false)
      .fail((message, error: unknown) => {
        if (error instanceof Error) throw error;
        throw new ShakedownError("USAGE", message);
      })
      .parseAsync();
  } catch (thrown) {
    if (thrown instanceof ShakedownError) return thrown;
    throw thrown;
  }
  throw new Error("it was taken");
}

describe("flags that cannot be meant", () => {
  it.each([
    ["a rate without a unit", ["--rate", "500"], /"500" is not a rate/],
    ["a rate of nothing", ["--rate", "0/s"], /"0\/s" is not a rate/],
    ["a multiple of nothing", ["--rate", "0x"], /"0x" is not a multiple/],
    ["arrivals that there are not", ["--arrivals", "poison"], /"poison" is not an arrival process/],
    [
      "bursts of too much",
      ["--arrivals", "burst:ratio=9,share=50%"],
      /cannot hold for 50% of the time/,
    ],
    [
      "speed with another rhythm",
      ["--arrivals", "poisson", "--speed", "2"],
      /speed.*recorded arrivals/,
    ],
    ["speed of nothing", ["--speed", "0"], /speed/],
    ["a duration of nothing", ["--duration", "0s"], /--duration is nothing/],
    ["a duration without a unit", ["--duration", "30"], /"30" is not a duration/],
    ["a loop without an end", ["--loop"], /--loop has no end by itself/],
    ["a ramp that is all", ["--duration", "5s", "--ramp", "5s"], /--ramp 5s leaves no time/],
    ["a ramp of nothing", ["--duration", "5s", "--ramp", "0s"], /--ramp 0s leaves no time/],
    ["a header without a value", ["--header", "x-flag"], /--header "x-flag" has no name and value/],
    ["a header that we set", ["--header", "traceparent: x"], /set by the generator/],
    ["no filter", ["--filter", "verb=GET"], /--filter "verb=GET" is not a filter/],
    ["a status that there is not", ["--filter", "status=9xx"], /^--filter: a status such as 404/],
    ["a sample that is too much", ["--sample", "200%"], /^--sample: /],
    ["a rule that is none", ["--substitute", "token -> header"], /token -> header/],
    ["workers that are none", ["--workers", "0"], /workers/],
    ["workers that are no number", ["--workers", "many"], /workers/],
    ["connections that are none", ["--connections", "0"], /connections/],
    ["a limit without a unit", ["--body-limit", "64"], /"64" is not a size/],
    ["a timeout of nothing", ["--timeout", "0s"], /timeout: more than 0/],
    ["TLS for plain http", ["--insecure"], /are for https/],
    ["a target with a path", ["--target", "http://127.0.0.1:1/base"], /an address alone/],
    ["a target that is none", ["--target", "somewhere"], /an http\(s\) address/],
    [
      "a metric that there is not",
      ["--control", NOWHERE, "--metric", "latency"],
      /"latency" is not a metric/,
    ],
  ])("are refused with 64 and a sentence: %s", async (_, args, message) => {
    const error = await refused(...args);
    expect(error.message).toMatch(message);
    expect({ code: error.code, exitCode: error.exitCode }).toEqual({ code: "USAGE", exitCode: 64 });
    expect(error.message).not.toMatch(/\[object|undefined|NaN/);
  });
});

const FLAGS: ReplayFlags = {
  profile: PROFILE,
  target: NOWHERE,
  loop: false,
  rekey: true,
  keepConnections: false,
  transport: "auto",
  pacing: "auto",
  headers: {},
  filter: {},
  substitute: [],
  redact: true,
  http2: false,
  tls: { insecure: false },
};
const loadedOf = async (flags: Partial<ReplayFlags> = {}): Promise<LoadedScenario> => {
  const loaded = await replayScenario({ ...FLAGS, ...flags }, signal);
  loaded.captured?.profile[Symbol.dispose]();
  return loaded;
};
const made = async (flags: Partial<ReplayFlags> = {}): Promise<LoadedScenario["scenario"]> =>
  (await loadedOf(flags)).scenario;

describe("what the flags come to", () => {
  it("without any: the capture as it was recorded, once, against one arm", async () => {
    const scenario = await made();
    expect(scenario).toMatchObject({
      arms: { target: { url: NOWHERE } },
      arrivals: { kind: "recorded" },
      rate: { multiple: 1 },
      speed: 1,
      loop: false,
    });
    expect(scenario.hypothesis).toBeUndefined();
    const { records } = await readProfile(PROFILE);
    const lastNs = records.at(-1)!.offsetNs;
    // As long as the capture, and a mean gap after its last request.
    const [stage] = scenario.stages;
    expect(stage?.for).toBe(Math.ceil((lastNs * records.length) / (records.length - 1)));
  });

  it("a speed shortens it by as much", async () => {
    const [once, fast] = [await made(), await made({ speed: 4 })];
    expect(fast.stages[0]!.for).toBeCloseTo(once.stages[0]!.for / 4, -1);
    expect(fast).toMatchObject({ speed: 4, rate: { multiple: 1 } });
  });

  it("a sample or a filter is what the length is taken from", async () => {
    const [whole, gets] = [await made(), await made({ filter: { method: ["POST"] } })];
    expect(gets.stages[0]!.for).not.toBe(whole.stages[0]!.for);
  });

  it("a capture that is over in a moment lasts that moment", async () => {
    const { manifest, records } = await readProfile(PROFILE);
    const two = records.slice(0, 2).map((record, i) => ({ ...record, offsetNs: i * 50 }));
    const profile = join(folder.path, "two.ndjson.gz");
    const counts = { ...manifest.counts, records: 2 };
    await writeProfile(profile, { manifest: { ...manifest, counts }, records: two });
    expect((await made({ profile })).stages[0]!.for).toBe(100);
  });

  it("a ramp is a stage of its own, that is not judged, within the duration", async () => {
    const { stages } = await made({ duration: "10s", ramp: "2.5s" });
    expect(stages).toMatchObject([
      { rate: { shareOfRate: 1 }, from: { shareOfRate: 0 }, for: 2.5 * NS_PER_S, judge: false },
      { rate: { shareOfRate: 1 }, for: 7.5 * NS_PER_S, judge: true },
    ]);
  });

  it("a control makes the target the variant, with something to decide", async () => {
    const control = "http://127.0.0.1:2";
    const headers = { "x-flag": "new" };
    const scenario = await made({ control, headers, margin: "5%", betweenRunSd: "2%" });
    expect(scenario).toMatchObject({
      arms: { control: { url: control, headers }, variant: { url: NOWHERE, headers } },
      hypothesis: {
        if: `${NOWHERE} takes the traffic instead of ${control}`,
        then: { metric: "response_time_p99", margin: 0.05 },
      },
      design: { betweenRunSd: 0.02 },
    });
  });

  it("a calibration that does not hold is told by its flag", async () => {
    const place = join(folder.path, "none.json");
    const control = "http://127.0.0.1:2";
    const loaded = await loadedOf({ control, calibration: place });
    expect(loaded.scenario.design.calibration).toBe(place);
    expect(() => usedCalibration(loaded, { profileSha256: "p", version: "1" })).toThrow(
      expect.objectContaining({
        code: "USAGE",
        message: `--calibration: there is no calibration ${place}`,
      }),
    );
  });

  it("TLS is said of https targets alone", async () => {
    const tls = { insecure: true, servername: "shop.example" };
    const { arms } = await made({ target: "https://127.0.0.1:1", tls });
    expect(arms).toMatchObject({ target: { tls } });
  });

  it("rules, limits and the rest arrive as they were typed", async () => {
    const rule = "response.json(token) -> request.header(authorization)";
    const scenario = await made({
      substitute: [`${rule} as "Bearer {}" on "POST /login"`],
      bodyLimit: "64kB",
      timeout: "1.5s",
      sample: "25%",
      by: "request",
      workers: "3",
      connections: 7,
      maxInFlight: 9,
      seed: "42",
    });
    expect(scenario).toMatchObject({
      substitute: [
        {
          from: { kind: "json", path: ["token"] },
          to: { kind: "header", name: "authorization" },
          as: "Bearer {}",
          on: "POST /login",
        },
      ],
      bodyLimit: 64_000,
      timeout: 1.5 * NS_PER_S,
      sample: { share: 0.25, by: "request" },
      workers: 3,
      connections: 7,
      inFlightMax: 9,
      seed: "42",
    });
  });
});
