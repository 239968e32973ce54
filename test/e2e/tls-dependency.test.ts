import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Agent, request } from "undici";
import { describe, expect, it } from "vitest";
import { readCalls } from "../../src/measure/index.ts";
import { ROOT, Running, Scratch, shakedown } from "./cli.ts";

/** Asks its dependency by https for each request, and says whom it was told to trust. */
const TARGET = `
import { createServer } from "node:http";
console.log("trusts " + process.env.SSL_CERT_FILE);
createServer(async (request, response) => {
  if (request.url === "/healthz") return response.end();
  const headers = { traceparent: request.headers.traceparent };
  const { status } = await fetch(process.env.STOCK_URL + request.url, { headers })
    .catch((error) => (console.log(error.cause?.code), { status: 502 }));
  response.writeHead(status).end();
}).listen(process.env.PORT, "127.0.0.1");
process.once("SIGTERM", () => process.exit());
`;

const SCENARIO = `
scenario: a dependency by https
profile: ${join(ROOT, "profiles/storefront.ndjson.gz")}
rate: 40/s
arms: { target: { command: node target.mjs, ready: /healthz } }
dependencies: { stock: { latency: { kind: constant, value: 1ms }, tls: generated } }
stages: [ { rate: 100%, for: 1s } ]
`;

const authoritiesIn = (path: string): readonly string[] =>
  readFileSync(path, "utf8").match(/-----BEGIN CERTIFICATE-----[^-]+/g) ?? [];

describe("a dependency with tls: generated", () => {
  it("is called by https by the target that a scenario starts, which trusts it", async () => {
    using scratch = new Scratch();
    scratch.file("target.mjs", TARGET);
    const scenario = scratch.file("scenario.yaml", SCENARIO);
    const out = join(scratch.path, "runs");
    const { stderr } = await shakedown("run", scenario, "--out", out, "--exit-zero");
    const run = scratch.run();
    const log = readFileSync(join(run, "logs/target.log"), "utf8");
    const calls = [...readCalls(join(run, "emulated/calls.spool"))];
    expect(calls.length, stderr + log).toBeGreaterThan(20);
    expect(new Set(calls.map(({ outcome }) => outcome))).toEqual(new Set(["ok"]));
    const bundle = join(run, "dependencies-ca-bundle.pem");
    expect(log).toBe(`trusts ${bundle}\n`);
    const [own] = authoritiesIn(join(run, "dependencies-ca.pem"));
    const all = authoritiesIn(bundle);
    expect(all[0]).toBe(own);
    // Whoever else a target calls is trusted as before.
    expect(all.length).toBeGreaterThan(10);
  });

  it("`emulate` says where the authority's file is, for as long as it serves", async () => {
    using scratch = new Scratch();
    const file = scratch.file("dependencies.yaml", SCENARIO.split("\n")[5]!);
    const running = new Running(["emulate", file, "--no-admin"]);
    await running.until(/until Ctrl-C/);
    const told = Object.fromEntries(
      [...running.stdout.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]),
    );
    const path = told["NODE_EXTRA_CA_CERTS"]!;
    const agent = new Agent({ connect: { ca: readFileSync(path, "utf8") } });
    const answer = await request(told["STOCK_URL"]!, { dispatcher: agent });
    expect(answer.statusCode).toBe(200);
    await answer.body.dump();
    await agent.destroy();
    running.child.kill("SIGINT");
    expect((await running.ended).code).toBe(0);
    expect(existsSync(path)).toBe(false);
  });
});
