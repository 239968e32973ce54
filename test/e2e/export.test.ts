import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunDirectory } from "../../src/run/index.ts";
import { scratch, traffic, writeRun } from "../run/run-fixture.ts";
import { Running, shakedown } from "./cli.ts";

const folder = scratch();
afterAll(() => folder.remove());
let run: RunDirectory;
beforeAll(async () => {
  run = await writeRun(`${folder.path}/run`, traffic({ perSec: 400 }));
});

describe("shakedown export, as typed", () => {
  it("standard output is the table and nothing else, the same as in a file", async () => {
    const file = `${folder.path}/observations.csv`;
    const piped = await shakedown("export", run.path);
    expect(piped).toMatchObject({ code: 0, stderr: "" });
    const written = await shakedown("export", run.path, "-o", file);
    expect(written).toMatchObject({ code: 0, stderr: "" });
    expect(written.stdout).toMatch(/^wrote .*observations\.csv: [\d,]+ rows\n$/);
    expect(readFileSync(file, "utf8")).toBe(piped.stdout);
    expect(piped.stdout.split("\n")).toHaveLength(
      1 + traffic({ perSec: 400 }).observations.length + 1,
    );
  });

  it("a reader that goes away is no error", async () => {
    const running = new Running(["export", run.path]);
    const stdout = running.child.stdout!;
    await once(stdout, "data");
    stdout.destroy();
    expect(await running.ended).toMatchObject({ code: 0, stderr: "" });
  });

  it("an interrupt ends it, however much is left", async () => {
    const running = new Running(["export", run.path]);
    const stdout = running.child.stdout!;
    await once(stdout, "data");
    // It waits for its reader, and hears the signal when it may go on.
    stdout.pause();
    running.child.kill("SIGINT");
    stdout.resume();
    const { code, stderr } = await running.ended;
    expect(code).toBe(130);
    expect(stderr).toContain("interrupted by SIGINT");
  });

  it("what is no run is bad data, and an unknown subject a usage error", async () => {
    const none = await shakedown("export", folder.path);
    expect(none.code).toBe(65);
    expect(none.stderr).toContain("cannot read");
    expect((await shakedown("export", run.path, "--what", "weather")).code).toBe(64);
  });
});
