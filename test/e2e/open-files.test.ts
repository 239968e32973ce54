import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { MAIN, ROOT, Scratch } from "./cli.ts";

/** Holds more connections to its dependency than a run with 1,000 open files has room for. */
const TARGET = `
import { createServer } from "node:http";
import { connect } from "node:net";
const { hostname, port } = new URL(process.env.STOCK_URL);
for (let i = 0; i < 900; i++) connect(Number(port), hostname).on("error", () => {});
createServer((request, response) => response.end()).listen(process.env.PORT, "127.0.0.1");
process.once("SIGTERM", () => process.exit());
`;

const SCENARIO = `
scenario: too few files
profile: ${join(ROOT, "profiles/storefront.ndjson.gz")}
rate: 20/s
arms: { target: { command: node target.mjs } }
dependencies: { stock: { latency: { kind: constant, value: 1ms } } }
stages: [ { rate: 100%, for: 30s } ]
`;

describe("a run whose emulator has no file left for a connection", () => {
  it("is stopped, and says what to raise", async () => {
    using scratch = new Scratch();
    scratch.file("target.mjs", TARGET);
    const scenario = scratch.file("scenario.yaml", SCENARIO);
    const args = [MAIN, "run", scenario, "--out", join(scratch.path, "runs")];
    const command = 'ulimit -n 1000; exec "$0" "$@"';
    const child = spawn("sh", ["-c", command, process.execPath, ...args], { stdio: "ignore" });
    const [code] = (await once(child, "exit")) as [number];
    expect(code).toBe(70);
    const result = JSON.parse(readFileSync(join(scratch.run(), "result.json"), "utf8")) as unknown;
    expect(JSON.stringify(result)).toContain(
      "the emulator turns connections away, as this process has too many open files: 1,000 are allowed",
    );
  }, 60_000);
});
