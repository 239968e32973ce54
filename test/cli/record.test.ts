import { describe, expect, it } from "vitest";
import { newScratch } from "../e2e/replay-fixture.ts";
import { shakedown } from "../e2e/cli.ts";

const PAIR = ["--listen", ":0", "--upstream", "http://127.0.0.1:1"];

describe("shakedown record: its flags", () => {
  it.each([
    ["without a pair", [], /--listen and --upstream are needed/],
    [
      "an upstream with a path",
      ["--listen", ":0", "--upstream", "http://x/api"],
      /more than a host/,
    ],
    ["a dependency without an address", [...PAIR, "--dependency", "a=b"], /NAME=\[host\]:port=URL/],
    ["a name twice", [...PAIR, "--dependency", "service=:0=http://x"], /have the name service/],
    ["no count", [...PAIR, "--max", "0"], /--max takes a number/],
    ["a key for nothing", [...PAIR, "--no-redact", "--redact-key", "x"], /makes no sense/],
    ["nothing to finish", ["--finish"], /there is no recording/],
  ])("%s is told", async (_what, flags, message) => {
    const scratch = newScratch();
    const { code, stderr } = await shakedown("record", ...flags, "-o", `${scratch.path}/x.gz`);
    scratch[Symbol.dispose]();
    expect(stderr).toMatch(message);
    expect(stderr.split("\n").length).toBeGreaterThan(2);
    expect(code).toBe(64);
  });

  it("a profile is not replaced unless it is said", async () => {
    const scratch = newScratch();
    const out = scratch.file("there.ndjson.gz", "kept");
    const { code, stderr } = await shakedown("record", ...PAIR, "-o", out);
    scratch[Symbol.dispose]();
    expect([code, stderr]).toEqual([64, expect.stringMatching(/exists already[^]*--force/)]);
  });
});
