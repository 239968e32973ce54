import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import {
  type OtlpHistogram,
  type OtlpPoint,
  type OtlpSpan,
  readPoints,
  readSpans,
} from "../../src/otlp/index.ts";
import { type RunEvent, runScenario } from "../../src/run/index.ts";
import { scratch } from "./run-fixture.ts";

const folder = scratch();
afterAll(() => folder.remove());

async function listening(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Takes what comes, as a collector does; `status` is what it answers. */
function collector(status: number) {
  const spans: OtlpSpan[] = [];
  const points: OtlpPoint[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const bytes = Buffer.concat(chunks);
      const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes;
      if (request.url === "/v1/traces") {
        spans.push(...readSpans(body, "protobuf").items.map(({ item }) => item));
      } else points.push(...readPoints(body, "protobuf").items.map(({ item }) => item));
      response.writeHead(status, { "content-type": "application/x-protobuf" }).end();
    });
  });
  return { points, server, spans };
}

/** A run of a second, both arms being one server, that tells of itself to this endpoint. */
async function toldTo(endpoint: string) {
  const wire: string[] = [];
  const server = createServer((request, response) => {
    wire.push(String(request.headers["traceparent"]));
    request.resume().on("end", () => response.end());
  });
  const url = await listening(server);
  const scenario = join(folder.path, "told.yaml");
  const text = `scenario: told
profile: ${new URL("../../profiles/storefront.ndjson.gz", import.meta.url).pathname}
rate: 40/s
arms: { control: { url: "${url}" }, variant: { url: "${url}" } }
hypothesis: { if: nothing, then: { metric: response_time_p50, changesBy: less-than, margin: 50% } }
stages: [ { name: all, rate: 100%, for: 1s } ]
telemetry: { export: { endpoint: "${endpoint}", sample: 50% } }
`;
  writeFileSync(scenario, text);
  const warnings: string[] = [];
  const onEvent = (event: RunEvent): void => {
    if (event.kind === "warning") warnings.push(event.message);
  };
  const options = { scenario, out: folder.path, version: "0.0.0", command: "test", onEvent };
  try {
    const outcome = await runScenario(options, new AbortController().signal);
    return { ...outcome, warnings, wire };
  } finally {
    server.close();
  }
}

const ofArm = (points: readonly OtlpPoint[], name: string, arm: string) =>
  points.findLast((point) => point.name === name && point.attributes.get("shakedown.arm") === arm)
    ?.value;

describe("what a run tells others", () => {
  it("is what its result says, and its requests have the ids that they had on the wire", async () => {
    const { points, server, spans } = collector(200);
    const endpoint = await listening(server);
    const { model, warnings, wire } = await toldTo(endpoint);
    server.close();
    expect(warnings.filter((message) => message.includes("telemetry"))).toEqual([]);
    for (const [arm, { dropped, planned, responses }] of Object.entries(model.result.arms)) {
      expect(ofArm(points, "shakedown.requests.planned", arm)).toBe(planned);
      expect(ofArm(points, "shakedown.requests.responses", arm)).toBe(responses);
      const times = ofArm(points, "shakedown.response_time", arm) as OtlpHistogram;
      expect(times.count).toBe(planned - dropped);
    }
    const experiment = spans.find(({ name }) => name === "experiment");
    const run = spans.find(({ name }) => name === "run");
    const stage = spans.find(({ name }) => name === "stage all");
    expect(run!.parentId).toBe(experiment!.id);
    expect(stage!.parentId).toBe(run!.id);
    expect(experiment!.attributes.get("shakedown.decision")).toBe(model.result.decision);
    const sent = new Set(wire.map((text) => text.split("-").slice(1, 3).join("-")));
    const requests = spans.filter(({ kind }) => kind === "CLIENT");
    expect(requests.length).toBeGreaterThan(0);
    expect(requests.length).toBeLessThan(sent.size);
    for (const { id, traceId } of requests) expect(sent).toContain(`${traceId}-${id}`);
    // The same starts of both arms: each is there twice, or not at all.
    expect(2 * new Set(requests.map(({ traceId }) => traceId)).size).toBe(requests.length);
  }, 60_000);

  it.each([
    ["refuses", async () => listening(collector(400).server)],
    ["is not there", async () => "http://127.0.0.1:9"],
  ])(
    "goes on without a collector that %s, with one warning",
    async (_, start) => {
      const { model, warnings } = await toldTo(await start());
      expect(Object.values(model.result.arms).every(({ responses }) => responses > 0)).toBe(true);
      const told = warnings.filter((message) => message.startsWith("telemetry of the run"));
      expect(told).toHaveLength(1);
    },
    60_000,
  );
});
