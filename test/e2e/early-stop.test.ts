import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { brokenAuditLine, readAuditFile } from "../../src/experiment/index.ts";
import { resultSchema } from "../../src/report/index.ts";
import { Running, scenarioText, Scratch, shakedown } from "./cli.ts";

async function listening(answer: RequestListener) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): void => server.close().closeAllConnections();
  return { url: `http://127.0.0.1:${port}`, [Symbol.dispose]: close };
}

const answersAfter = (delayMs: number) =>
  listening((request, response) => {
    request.resume();
    setTimeout(() => response.end("well"), delayMs);
  });

describe("a variant that is many times as slow", () => {
  it("is cut long before the run's end, the hook is told so, signed, and the trail has every look", async () => {
    const told: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
    using hook = await listening((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => (body += text));
      request.on("end", () => {
        told.push({ headers: request.headers, body });
        response.end();
      });
    });
    using control = await answersAfter(5);
    using variant = await answersAfter(200);
    using scratch = new Scratch();
    const text = scenarioText({
      control: JSON.stringify({ url: control.url }),
      variant: JSON.stringify({ url: variant.url }),
      stages: "[ { name: all, rate: 100%, for: 40s } ]",
      extra: `onRollBack: { webhook: "${hook.url}/off", secretEnv: HOOK_SECRET }\n`,
    });
    const scenario = scratch.file("slow.yaml", text);
    const args = ["run", scenario, "--out", join(scratch.path, "runs")];
    const running = new Running(args, { env: { HOOK_SECRET: "a secret" } });
    const { code, stderr } = await running.ended;
    expect(stderr).toBe("");

    const run = scratch.run();
    const result = resultSchema.parse(JSON.parse(readFileSync(join(run, "result.json"), "utf8")));
    expect(result.stoppedEarly).toMatchObject({ rule: "harm" });
    expect(result.run.complete).toBe(true);
    expect(result.looks!.some(({ reached }) => reached)).toBe(true);
    // On a busy machine the instrument itself may be late: its failure comes before what it saw.
    const failed = result.checks.some(({ status }) => status === "fail");
    expect([result.decision, code]).toEqual(failed ? ["hold", 2] : ["roll-back", 1]);

    const trail = join(run, "audit.ndjson");
    expect(brokenAuditLine(readFileSync(trail, "utf8"))).toBeNull();
    const { entries } = readAuditFile(trail);
    const places = (wanted: string): number[] =>
      entries.flatMap(({ event }, index) => (event === wanted ? [index] : []));
    const looks = places("look");
    expect(looks).toHaveLength(result.looks![0]!.blocks);
    expect(looks.map((place) => entries[place]!.detail["block"])).toEqual([...looks.keys()]);
    // The hook waits for the verdict then, and a hold asks for none.
    const waits = places("roll-back action waits").length > 0;
    const done = waits && failed ? 0 : 1;
    const [stopped, action, verdict] = ["stopped", "roll-back action", "verdict"].map(places);
    expect([stopped, action, verdict].map((found) => found!.length)).toEqual([1, done, 1]);
    expect(places("roll-back action not borne out")).toHaveLength(failed && !waits ? 1 : 0);
    expect(looks.at(-1)).toBeLessThan(stopped![0]!);
    expect(stopped![0]).toBeLessThan(verdict![0]!);
    expect(told).toHaveLength(done);
    for (const { body, headers } of told) {
      const because = waits ? result.reason : result.stoppedEarly!.because;
      expect(stopped![0]).toBeLessThan(action![0]!);
      expect(entries[action![0]!]!.detail).toMatchObject({ ok: true, reason: because });
      const signature = String(headers["x-shakedown-signature"]);
      const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature)!;
      expect(v1).toBe(createHmac("sha256", "a secret").update(`${t}.${body}`).digest("hex"));
      expect(JSON.parse(body)).toMatchObject({ event: "roll-back", reason: because });
    }

    const verified = await shakedown("verify", run);
    expect([verified.code, verified.stderr]).toEqual([0, ""]);
  }, 120_000);
});

describe("a stage that halves its load when harm is suspected", () => {
  it("sends half to both arms, tells so, and is stopped by harm that is shown all the same", async () => {
    using control = await answersAfter(5);
    using variant = await answersAfter(200);
    using scratch = new Scratch();
    const text = scenarioText({
      control: JSON.stringify({ url: control.url }),
      variant: JSON.stringify({ url: variant.url }),
      stages: "[ { name: all, rate: 100%, for: 14s, onBreach: halve } ]",
    });
    const scenario = scratch.file("halved.yaml", text);
    const { stderr, stdout } = await shakedown(
      "run",
      scenario,
      "--out",
      join(scratch.path, "runs"),
    );
    expect(stderr).toBe("");
    expect(stdout).toContain("load halved, to 50 % of what was planned");

    const run = scratch.run();
    const result = resultSchema.parse(JSON.parse(readFileSync(join(run, "result.json"), "utf8")));
    const [halved] = result.throttlings!;
    expect(halved).toMatchObject({ stage: "all", share: 0.5 });
    expect(halved!.fromS).toBeGreaterThan(halved!.evidenceUntilS);
    expect(result.stoppedEarly).toMatchObject({ rule: "harm" });
    const [left, right] = Object.values(result.arms).map(
      ({ dropCounts }) => dropCounts["throttled"],
    );
    expect(left).toBeGreaterThan(0);
    expect(right).toBe(left);
    const first = result.comparisons.find(({ stage }) => stage === "all")!;
    expect(first.status).toBe("inconclusive");
    const { entries } = readAuditFile(join(run, "audit.ndjson"));
    const events = entries.map(({ event }) => event);
    expect(events.indexOf("load halved")).toBeLessThan(events.indexOf("stopped"));
    const verified = await shakedown("verify", run);
    expect([verified.code, verified.stderr]).toEqual([0, ""]);
  }, 120_000);
});
