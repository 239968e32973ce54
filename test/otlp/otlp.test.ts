import {
  JsonMetricsSerializer,
  JsonTraceSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
} from "@opentelemetry/otlp-transformer";
import { SpanKind } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import * as metrics from "@opentelemetry/sdk-metrics";
import * as tracing from "@opentelemetry/sdk-trace";
import { assert, json as anyJson, property, uint8Array } from "fast-check";
import { describe, expect, it } from "vitest";
import { type OtlpPoint, readPoints, readSpans } from "../../src/otlp/index.ts";

const resource = resourceFromAttributes({ "service.name": "cart", "process.pid": 7 });

/** What a real SDK hands to its exporters. */
async function collected(exponential: boolean) {
  const reader = new (class extends metrics.MetricReader {
    protected override async onShutdown() {}
    protected override async onForceFlush() {}
  })();
  const type = metrics.AggregationType.EXPONENTIAL_HISTOGRAM as const;
  const views = exponential ? [{ instrumentName: "*wait_time", aggregation: { type } }] : [];
  const provider = new metrics.MeterProvider({ resource, readers: [reader], views });
  const meter = provider.getMeter("test");
  meter.createUpDownCounter("db.client.connection.count").add(4, { state: "used" });
  meter.createCounter("calls", { unit: "{call}" }).add(12);
  meter.createGauge("load").record(0.5);
  const waits = meter.createHistogram("db.client.connection.wait_time", { unit: "s" });
  for (let ms = 1; ms <= 100; ms++) waits.record(ms / 1_000, { pool: "payments" });
  return (await reader.collect()).resourceMetrics;
}

const sorted = (points: readonly { readonly item: OtlpPoint }[]) =>
  points.map(({ item }) => item).toSorted((a, b) => (a.name < b.name ? -1 : 1));

describe("metrics as a real SDK sends them", () => {
  it.each([false, true])("are the same in protobuf and in JSON (exponential: %s)", async (wide) => {
    const given = await collected(wide);
    const proto = readPoints(ProtobufMetricsSerializer.serializeRequest(given)!, "protobuf");
    const json = readPoints(JsonMetricsSerializer.serializeRequest(given)!, "json");
    expect(proto).toEqual(json);
    expect(proto.damaged).toBe(0);
    const [calls, count, waits, load] = sorted(proto.items);
    expect(calls).toMatchObject({ kind: "sum", monotonic: true, delta: false, value: 12 });
    expect(count).toMatchObject({ kind: "sum", monotonic: false, value: 4 });
    expect(count!.attributes).toEqual(new Map([["state", "used"]]));
    expect(load).toMatchObject({ kind: "gauge", value: 0.5 });
    expect(waits).toMatchObject({ kind: "histogram", unit: "s" });
    expect(proto.items[0]!.resource.get("process.pid")).toBe("7");
  });

  it("an exponential histogram keeps its count, its sum, and where its values lie", async () => {
    const body = ProtobufMetricsSerializer.serializeRequest(await collected(true))!;
    const { value } = readPoints(body, "protobuf").items.find(
      ({ item }) => item.kind === "histogram",
    )!.item;
    if (typeof value === "number") throw new Error("no histogram");
    expect(value.count).toBe(100);
    expect(value.sum).toBeCloseTo(5.05, 9);
    for (const wanted of [0.01, 0.05, 0.09]) {
      const below = value.counts
        .slice(0, value.bounds.findIndex((bound) => bound >= wanted) + 1)
        .reduce((sum, each) => sum + each, 0);
      // A bucket is 9 % wide.
      expect(below / 1_000).toBeGreaterThanOrEqual(wanted);
      expect(below / 1_000).toBeLessThan(wanted * 1.1);
    }
  });
});

describe("spans as a real SDK sends them", () => {
  it("are the same in protobuf and in JSON", async () => {
    const exporter = new tracing.InMemorySpanExporter();
    const spanProcessors = [new tracing.SimpleSpanProcessor({ exporter })];
    const provider = new tracing.TracerProvider({ resource, spanProcessors });
    const attributes = { "server.port": 8080, "http.request.resend_count": 2 };
    provider.getTracer("test").startSpan("GET", { kind: SpanKind.CLIENT, attributes }).end();
    await provider.forceFlush();
    const spans = exporter.getFinishedSpans();
    const proto = readSpans(ProtobufTraceSerializer.serializeRequest(spans)!, "protobuf");
    expect(proto.items[0]!.item).toMatchObject({ kind: "CLIENT", name: "GET", failed: false });
    expect(proto.items[0]!.item.attributes.get("server.port")).toBe("8080");
    const json = readSpans(JsonTraceSerializer.serializeRequest(spans)!, "json");
    // JSON leaves out a parent that there is none of; protobuf has it empty.
    const unparented = ({ items }: typeof json) =>
      items.map(({ item: { parentId: _parent, ...item } }) => item);
    expect(unparented(json)).toEqual(unparented(proto));
  });
});

type Given = Parameters<typeof readPoints>;

describe("what is no message", () => {
  it("is refused as a whole, or counted by the piece, and never anything else", () => {
    const outcome = (read: typeof readPoints | typeof readSpans, ...given: Given): unknown => {
      try {
        return read(...given).damaged;
      } catch (thrown) {
        return thrown;
      }
    };
    const thrownOrCounted = (...given: Given): void => {
      for (const read of [readPoints, readSpans]) {
        const came = outcome(read, ...given);
        expect(came instanceof Error || Number.isSafeInteger(came)).toBe(true);
      }
    };
    assert(
      property(uint8Array({ maxLength: 400 }), (bytes) => {
        thrownOrCounted(bytes, "protobuf");
        thrownOrCounted(bytes, "json");
      }),
    );
    assert(
      property(anyJson(), (text) => {
        const nested = `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[${text}]}]}]}`;
        for (const each of [text, nested]) thrownOrCounted(Buffer.from(each), "json");
      }),
    );
  });

  it("a histogram whose counts do not fit its bounds, and numbers that are none, are damaged", () => {
    const point = (data: object): Uint8Array =>
      Buffer.from(JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [data] }] }] }));
    const damaged = (data: object) => readPoints(point(data), "json");
    const histogram = { count: "3", sum: 1, bucketCounts: ["1", "2", "0"], explicitBounds: [1] };
    expect(damaged({ name: "a", histogram: { dataPoints: [histogram] } })).toMatchObject({
      items: [],
      damaged: 1,
    });
    expect(damaged({ name: "a", gauge: { dataPoints: [{ asDouble: "NaN" }] } }).damaged).toBe(1);
    expect(damaged({ name: "a", gauge: { dataPoints: [{ flags: 1 }] } })).toEqual({
      items: [],
      damaged: 0,
    });
  });
});
