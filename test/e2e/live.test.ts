import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readAuditFile } from "../../src/experiment/index.ts";
import { LIVE_FILE, liveEntrySchema, resultSchema } from "../../src/report/index.ts";
import { Running, scenarioText, Scratch, shakedown } from "./cli.ts";

const addressIn = (stdout: string): string =>
  /http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]+\//.exec(stdout)![0];

/** The entries of a page's events until one of this kind, or its end. */
async function until(address: string, kind: string): Promise<{ kind: string }[]> {
  const { body } = await fetch(new URL("events", address));
  let text = "";
  const entries = (): { kind: string }[] =>
    [...text.matchAll(/^data: (\{.*\})$/gm)].map(
      ([, data]) => JSON.parse(data!) as { kind: string },
    );
  for await (const piece of body!.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (entries().some((entry) => entry.kind === kind)) break;
  }
  return entries();
}

it("a run is watched from another process, held, and rolled back from there", async () => {
  const told: string[] = [];
  const hook = createServer((request, response) => {
    request.setEncoding("utf8").on("data", (text: string) => told.push(text));
    request.on("end", () => response.end());
  });
  await new Promise<void>((resolve) => hook.listen(0, "127.0.0.1", resolve));
  const { port } = hook.address() as AddressInfo;
  using scratch = new Scratch();
  const text = scenarioText({
    stages: "[ { name: all, from: 20%, rate: 100%, for: 100s } ]",
    extra: `onRollBack: { webhook: "http://127.0.0.1:${port}/off" }\n`,
  });
  const scenario = scratch.file("live.yaml", text);
  const run = new Running(["run", scenario, "--out", join(scratch.path, "runs"), "--live"]);
  await run.until(/replaying/);
  const path = scratch.run();
  const watching = new Running(["watch", path]);
  await watching.until(/until Ctrl-C/);
  const watched = addressIn(watching.stdout);
  expect(watched).not.toBe(addressIn(run.stdout));
  await until(watched, "tick");

  const headers = { "content-type": "application/json" };
  const ask = async (what: string, reason: string): Promise<unknown> => {
    const body = JSON.stringify({ ask: what, reason, by: "Ada" });
    return (await fetch(new URL("ask", watched), { method: "POST", headers, body })).json();
  };
  expect(await ask("pause", "a look")).toEqual({ done: "pause" });
  expect(await ask("pause", "")).toEqual({ error: "it is held already" });
  expect(await ask("go-on", "")).toEqual({ done: "go-on" });
  expect(await ask("roll-back", "queues grow")).toEqual({ done: "roll-back" });
  const entries = await until(watched, "verdict");
  const { code, stderr } = await run.ended;
  expect([code, stderr]).toEqual([1, ""]);
  watching.child.kill("SIGINT");
  await watching.ended;
  hook.close().closeAllConnections();

  const result = resultSchema.parse(JSON.parse(readFileSync(join(path, "result.json"), "utf8")));
  expect(result.reason).toMatch(/^rolled back by hand \(Ada\): queues grow; no rule of the plan/);
  expect(result.stoppedEarly?.rule).toBe("person");
  const because = "paused by hand (Ada): a look";
  const untilS = expect.any(Number) as number;
  expect(result.heldRamps).toMatchObject([{ stage: "all", because, untilS }]);
  expect(told.map((each) => JSON.parse(each) as unknown)).toMatchObject([
    { event: "roll-back", reason: "rolled back by hand (Ada): queues grow" },
  ]);
  const trail = readAuditFile(join(path, "audit.ndjson")).entries;
  expect(trail.find(({ event }) => event === "override")?.detail).toEqual({
    decision: "roll-back",
    reason: "queues grow",
    by: "Ada",
  });
  const lines = readFileSync(join(path, LIVE_FILE), "utf8").trimEnd().split("\n");
  expect(lines.map((line) => liveEntrySchema.parse(JSON.parse(line)))).toEqual(entries);
  expect(existsSync(join(path, "live.json"))).toBe(false);
  const verified = await shakedown("verify", path);
  expect([verified.code, verified.stderr]).toEqual([0, ""]);
}, 180_000);
