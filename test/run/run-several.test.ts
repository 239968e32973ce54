import { existsSync, mkdirSync, renameSync, rmdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { EXIT } from "../../src/core/index.ts";
import { judgeAndReport, type RunEvent, runScenario, verifyRun } from "../../src/run/index.ts";
import { scratch } from "./run-fixture.ts";

const folder = scratch();
afterAll(() => folder.remove());

/** Does a scenario of two runs of a second, both arms being one server. */
async function twoRuns(name: string, onEvent: (event: RunEvent) => void, signal: AbortSignal) {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const scenario = join(folder.path, `${name}.yaml`);
  const text = `scenario: ${name}
profile: ${new URL("../../profiles/storefront.ndjson.gz", import.meta.url).pathname}
rate: 40/s
arms: { control: { url: "${url}" }, variant: { url: "${url}" } }
hypothesis: { if: nothing, then: { metric: response_time_p50, changesBy: less-than, margin: 50% } }
stages: [ { name: all, rate: 100%, for: 1s } ]
design: { runs: 2 }
`;
  writeFileSync(scenario, text);
  const options = { scenario, out: folder.path, version: "0.0.0", command: "test", onEvent };
  try {
    return await runScenario(options, signal);
  } finally {
    server.close();
  }
}

describe("an experiment of several runs that ends before its time", () => {
  it("keeps the runs that were done when the next is interrupted as it begins", async () => {
    const stopping = new AbortController();
    const interrupt = (event: RunEvent): void => {
      if (event.kind === "run" && event.run === 2) stopping.abort();
    };
    const { directory, exitCode, model } = await twoRuns("cut", interrupt, stopping.signal);
    expect(exitCode).toBe(EXIT.interrupted);
    expect(model.result.runs!.map(({ complete, run }) => [run, complete])).toEqual([[1, true]]);
    expect(model.result.decision).toBe("hold");
    expect(existsSync(directory.run(2).path)).toBe(false);
    expect((await verifyRun(directory, "0.0.0")).broken).toBeNull();
    const alone = await verifyRun(directory.run(1), "0.0.0");
    expect(alone.broken?.summary).toMatch(/^it is one run of several.*: verify the experiment$/);
    // Reporting one of the runs by itself leaves files in its folder.
    await judgeAndReport(directory.run(1));
    expect((await verifyRun(directory, "0.0.0")).broken).toBeNull();
  }, 120_000);

  it("keeps what its first run has measured when the trail of that can be written no more", async () => {
    let trail = "";
    const block = (event: RunEvent): void => {
      if (event.kind === "traffic") trail = join(event.directory, "audit.ndjson");
      if (event.kind === "stage-end") {
        renameSync(trail, `${trail}.part`);
        mkdirSync(trail);
      }
      if (event.kind === "judging") {
        rmdirSync(trail);
        renameSync(`${trail}.part`, trail);
      }
    };
    const { directory, exitCode, model } = await twoRuns(
      "full",
      block,
      new AbortController().signal,
    );
    expect(exitCode).toBe(EXIT.badData);
    expect(model.result.arms["control"]!.responses).toBeGreaterThan(0);
    expect(existsSync(directory.run(1).observations(0))).toBe(true);
  }, 120_000);
});
