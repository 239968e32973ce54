import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { request } from "undici";
import type { ShakedownError } from "../../src/core/index.ts";
import type { Calibration } from "../../src/experiment/index.ts";
import { reach } from "../../src/replay/index.ts";
import { delayed } from "../../src/run/delayed.ts";
import { hostFingerprint } from "../../src/run/host.ts";
import { loadScenario } from "../../src/run/index.ts";
import type { Target } from "../../src/run/target.ts";
import { usedCalibration } from "../../src/run/used-calibration.ts";
import { scratch } from "./run-fixture.ts";
import { GOOD, said } from "./scenario-text.ts";

const folder = scratch();
afterAll(() => folder.remove());

const HERE = { profileSha256: "profile", version: "0.1.0" };
const SOUND: Calibration = {
  calibrationVersion: 1,
  madeAt: "2026-01-01T00:00:00.000Z",
  expiresAt: "2999-01-01T00:00:00.000Z",
  tool: { name: "shakedown", version: "0.1.0" },
  host: hostFingerprint(),
  scenario: "payment pool cut",
  profileSha256: "profile",
  design: "duet",
  metric: "response_time_p95",
  alpha: 0.05,
  runs: [],
  betweenRunSd: 0.012,
  betweenRunSdEstimate: 0.008,
  positive: null,
  interference: null,
  faults: [],
};

/** A scenario that names a calibration of this text. */
function naming(text: string) {
  const path = join(folder.path, "pool.yaml");
  writeFileSync(path, `${GOOD}design: { calibration: pool.calibration.json }\n`);
  writeFileSync(join(folder.path, "pool.calibration.json"), text);
  return loadScenario(path);
}

const refusal = (text: string): string => {
  try {
    usedCalibration(naming(text), HERE);
  } catch (thrown) {
    return (thrown as ShakedownError).message;
  }
  return "none";
};

describe("a calibration that a scenario names", () => {
  it("gives the plan what runs differ by", () => {
    const used = usedCalibration(naming(JSON.stringify(SOUND)), HERE);
    expect(used).toMatchObject({ betweenRunSd: 0.012 });
    expect(used?.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ["expired", { expiresAt: "2026-01-02T00:00:00.000Z" }, /expired at 2026-01-02/],
    [
      "another host",
      { host: { fingerprint: "x", description: "64 cores" } },
      /another host \(64 cores\)/,
    ],
    ["another profile", { profileSha256: "other" }, /another profile/],
    ["another metric", { metric: "error_ratio" }, /the primary metric is response_time_p95/],
    ["unsound", { faults: ["one arm is favoured"] }, /unsound: one arm is favoured/],
    ["no calibration at all", { runs: "none" }, /is not a calibration at runs/],
  ])("%s: is refused, with line and column", (_, change, why) => {
    const message = refusal(JSON.stringify({ ...SOUND, ...change }));
    expect(message).toMatch(/pool\.yaml:\d+:\d+ design\.calibration: /);
    expect(message).toMatch(why);
  });

  it("of a share is refused: how much runs differ in it is no ratio", () => {
    const loaded = naming(JSON.stringify({ ...SOUND, metric: "error_ratio" }));
    const hypothesis = {
      ...loaded.scenario.hypothesis!,
      then: { metric: "error_ratio", margin: 0.01 },
    };
    const scenario = { ...loaded.scenario, hypothesis };
    expect(() => usedCalibration({ ...loaded, scenario }, HERE)).toThrow(
      /design\.calibration: pool\.calibration\.json is of error_ratio, whose arms are compared by a diff/,
    );
  });

  it("is not JSON, or not there, or stands beside betweenRunSd", () => {
    expect(refusal("{")).toMatch(
      /pool\.yaml:\d+:\d+ design\.calibration: what it names is not JSON/,
    );
    const both = `${GOOD}design: { calibration: a.json, betweenRunSd: 1% }\n`;
    expect(said(both)).toMatch(/design\.betweenRunSd: comes from `calibration` already/);
    const scenario = loadScenario(join(folder.path, "pool.yaml"));
    const missing = { ...scenario, dir: join(folder.path, "nowhere") };
    expect(() => usedCalibration(missing, HERE)).toThrow(
      /pool\.yaml:\d+:\d+ design\.calibration: .*pool\.calibration\.json/,
    );
  });
});

describe("a known delay before an arm", () => {
  it("the delayed arm answers what it answers, no sooner than the delay; the other is not delayed", async () => {
    const server = createServer((asked, answer) => answer.end(`you asked ${asked.url}`));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { signal } = new AbortController();
    const stop = (): Promise<void> => Promise.resolve();
    const targets = await Promise.all(
      ["control", "variant"].map(async (arm): Promise<Target> => {
        const address = await reach({ arm, url: origin, tls: null, http2: false }, signal);
        const died = new Promise<string>(() => {});
        return {
          arm,
          origin,
          address,
          headers: {},
          pid: null,
          died,
          stop,
          [Symbol.asyncDispose]: stop,
        };
      }),
    );
    {
      await using late = await delayed(targets, { variant: 40_000 }, signal);
      expect(late.targets.map(({ arm }) => arm)).toEqual(["control", "variant"]);
      for (const target of late.targets) {
        const startMs = performance.now();
        // oxlint-disable-next-line no-await-in-loop -- one after the other, to be told apart
        const { body } = await request(`${target.origin}/a`);
        // oxlint-disable-next-line no-await-in-loop -- as above
        expect(await body.text()).toBe("you asked /a");
        // A bound that no noise can break: a delayed answer cannot come before its delay.
        const leastMs = target.arm === "variant" ? 39 : 0;
        expect(performance.now() - startMs).toBeGreaterThanOrEqual(leastMs);
      }
    }
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
