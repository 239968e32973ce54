import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import {
  AuditLog,
  type Look,
  type LookedMetric,
  readAuditFile,
} from "../../src/experiment/index.ts";
import { BreachAlert } from "../../src/run/breach-alert.ts";
import { onBreachSchema } from "../../src/run/scenario/index.ts";
import { PLAN } from "../experiment/plan-fixture.ts";

const looked = (arm: string, metric: string, reached: boolean): LookedMetric => ({
  arm,
  metric,
  blocks: 22,
  widening: 1,
  harm: 0.31,
  band: null,
  margin: 0.1,
  lnE: reached ? 7 : 1,
  lnBoundary: 5,
  reached,
});

const look = (
  block: number,
  ...metrics: readonly LookedMetric[]
): { kind: "look"; look: Look } => ({
  kind: "look",
  look: { stage: "everybody", block, atS: block, metrics, conditionalPower: null },
});

it("a breach is told once for each metric of each variant, and how that went is on record", async () => {
  const bodies: Record<string, unknown>[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      bodies.push(JSON.parse(body) as Record<string, unknown>);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const dir = mkdtempSync(join(tmpdir(), "shakedown-breach-"));
  const audit = new AuditLog(join(dir, "audit.ndjson"), () => "2026-01-01T00:00:00.000Z");
  const { signal } = new AbortController();
  const seen: string[] = [];
  const onEvent = ({ kind }: { readonly kind: string }): void => void seen.push(kind);
  const webhook = `http://127.0.0.1:${port}/alert`;
  const alert = new BreachAlert(onBreachSchema.parse({ webhook }), {
    audit,
    onEvent,
    plan: PLAN,
    id: "aa",
    dir,
    signal,
  });
  const hear = alert.before(onEvent);
  hear(look(1, looked("b", "response_time_p90", false), looked("c", "response_time_p90", true)));
  hear(look(2, looked("b", "response_time_p90", true), looked("c", "response_time_p90", true)));
  hear(look(3, looked("b", "error_ratio", true), looked("c", "response_time_p90", true)));
  await alert.settled();
  server.close().closeAllConnections();
  const told = bodies.map(({ arm, event, metric }) => [event, arm, metric].join(" "));
  expect(told.toSorted()).toEqual([
    "breach b error_ratio",
    "breach b response_time_p90",
    "breach c response_time_p90",
  ]);
  expect(bodies[0]).toMatchObject({ scenario: "pool cut", runId: "aa", stage: "everybody" });
  const { entries } = readAuditFile(join(dir, "audit.ndjson"));
  expect(entries.map(({ detail, event }) => [event, detail["ok"]])).toEqual([
    ["breach told", true],
    ["breach told", true],
    ["breach told", true],
  ]);
  expect(seen).toEqual(["look", "look", "look"]);
  rmSync(dir, { recursive: true });
});
