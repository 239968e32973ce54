import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Captured, type CaptureItem, captureProfile } from "../../../src/capture/index.ts";
import type { ProfileRecord } from "../../../src/profile/index.ts";
import { fitLatency } from "../../../src/stats/index.ts";
import { captureTexts, fixture, itemsOf, KEYED, reasonsOf, requestOf } from "../reading.ts";

const bytesOf = async (name: string): Promise<Buffer> => {
  const bytes = await readFile(fixture(name));
  return name.endsWith(".gz") ? gunzipSync(bytes) : bytes;
};

/** Of each real file: format, spans of kind SERVER, and what the ledger must say. */
const FILES = [
  ["smartthings.json.gz", "zipkin", { records: 326, kept: 14, filtered: 312 }],
  ["yelp-zipkin.json", "zipkin", { records: 4, kept: 1, filtered: 3 }],
  ["kafka-zipkin.json", "zipkin", { records: 0, kept: 0, filtered: 0 }],
  ["rides-jaeger.json", "jaeger", { records: 1, kept: 1, filtered: 0 }],
  ["genai-jaeger.json.gz", "jaeger", { records: 30, kept: 1, filtered: 29 }],
  ["otlp-excerpt.json", "otlp-json", { records: 2, kept: 0, filtered: 0 }],
  ["otlp-proto-example.json", "otlp-json", { records: 1, kept: 0, filtered: 0 }],
  ["otlp-lines.jsonl", "otlp-json", { records: 0, kept: 0, filtered: 0 }],
] as const;

const ledgerOf = (items: readonly CaptureItem[]) => {
  const count = (kind: CaptureItem["kind"]): number =>
    items.filter((item) => item.kind === kind).length;
  const [kept, filtered] = [count("request"), count("filtered")];
  return { records: kept + filtered + count("rejected"), kept, filtered };
};
const warningsOf = (items: readonly CaptureItem[]): string =>
  items.flatMap((item) => (item.kind === "warning" ? [item.text] : [])).join("\n");

const smartthings = (service: string): Promise<Captured> =>
  captureProfile([fixture("smartthings.json.gz")], { ...KEYED, service });
const latenciesOf = (records: readonly ProfileRecord[], dependency: string): number[] =>
  records
    .flatMap(({ dependencyCalls = [] }) => dependencyCalls)
    .filter((call) => call.dependency === dependency)
    .map(({ latencyUs }) => latencyUs)
    .toSorted((a, b) => a - b);
const quantile = (sorted: readonly number[], p: number): number =>
  sorted[Math.floor(p * sorted.length)] ?? Number.NaN;

describe("traces", () => {
  it.each(FILES)("%s: every SERVER span is in the ledger, once", async (name, format, ledger) => {
    const bytes = await bytesOf(name);
    const items = await itemsOf(format, bytes);
    expect(ledgerOf(items)).toEqual(ledger);
    // However the file is cut into chunks.
    const cuts = [1, 7, 1_000, Math.floor(bytes.length / 2), bytes.length - 1];
    expect(await itemsOf(format, bytes, cuts)).toEqual(items);
  });

  it("SmartThings: Cassandra authorisation calls take 0.95 ms at p50 and 2.2 ms at p95", async () => {
    const { profile } = await smartthings("auth");
    expect(profile.manifest.counts.records).toBe(56);
    const dependency = profile.manifest.dependencies?.["auth"];
    expect(dependency?.calls).toBe(132);
    expect(dependency?.callsPerRequest).toBeCloseTo(132 / 56, 6);
    const latencies = latenciesOf(profile.records, "auth");
    expect([0.5, 0.95].map((p) => quantile(latencies, p))).toEqual([950, 2_157]);
    const routes = dependency?.fits.map(({ route }) => route);
    expect(routes).toEqual([null, "blacklist_get_by_id", "client-select-by-id"]);
  });

  it("SmartThings: the bimodal client of bookie is a mixture", async () => {
    const { profile } = await smartthings("bookie");
    const latencies = latenciesOf(profile.records, "bookie");
    expect(latencies).toHaveLength(120);
    expect(fitLatency(latencies)?.best.law.kind).toBe("lognormal-mixture");
    expect(Object.keys(profile.manifest.dependencies ?? {})).toContain("account");
  });

  it("SmartThings: each of the 628 CLIENT spans is accounted for", async () => {
    const text = warningsOf(await itemsOf("zipkin", await bytesOf("smartthings.json.gz")));
    expect(text).toMatch(
      /1,041 spans: 326 SERVER, 628 CLIENT \((.*)\), 87 of other kinds; .* coreSrv/,
    );
    const [, told = ""] = /CLIENT \((.*?)\)/.exec(text) ?? [];
    const counts = told.split(", ").map((part) => Number.parseInt(part, 10));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(628);
  });

  it("Jaeger: a request with its path, and the times to the microsecond", async () => {
    const items = await itemsOf("jaeger", await bytesOf("rides-jaeger.json"));
    expect(requestOf(items)).toMatchObject({ method: "GET", path: "/bike", host: "ap-south:5000" });
    const items2 = await itemsOf("jaeger", await bytesOf("genai-jaeger.json.gz"));
    expect(requestOf(items2)).toMatchObject({
      method: "POST",
      path: "/api/graphql",
      status: 200,
      serviceTimeUs: 44_000_000,
      arrivalNs: 1_770_000_000_001_000_000n,
    });
  });

  it("Jaeger: every form of the file gives the same", async () => {
    const whole = JSON.parse((await bytesOf("genai-jaeger.json.gz")).toString("utf8")) as object;
    const kinds = await Promise.all(
      [whole, { data: whole }, { data: [whole], total: 0 }, [whole]].map((form) =>
        itemsOf("jaeger", Buffer.from(JSON.stringify(form))),
      ),
    );
    for (const items of kinds) {
      expect(requestOf(items).arrivalNs).toBe(1_770_000_000_001_000_000n);
      expect(ledgerOf(items)).toEqual({ records: 30, kept: 1, filtered: 29 });
    }
  });

  it("OTLP: protobuf, with lengths or without, and JSON give the same, to the nanosecond", async () => {
    const read = async (name: string) => (await captureProfile([fixture(name)], KEYED)).profile;
    const [plain, lengths, json] = [
      await read("otlp-orders.pb"),
      await read("otlp-orders-lengths.pb"),
      await read("otlp-orders.json"),
    ];
    expect(lengths.records).toEqual(plain.records);
    expect(json.records).toEqual(plain.records);
    expect(plain.manifest.timePrecisionNs).toBe(1);
    expect(plain.records.map(({ offsetNs }) => offsetNs)).toEqual([
      0, 1_000_000_007, 2_000_000_014,
    ]);
    expect(plain.records[1]).toEqual({
      offsetNs: 1_000_000_007,
      method: "GET",
      path: "/orders/1?full=1",
      headers: [["user-agent", "curl/8"]],
      route: "GET /orders/{id}",
      status: 200,
      serviceTimeUs: 5_000.001,
      dependencyCalls: [
        {
          dependency: "postgresql",
          route: "SELECT orders",
          offsetUs: 200,
          latencyUs: 700,
          failed: true,
          // A statement's pseudonym.
          key: expect.stringMatching(/^[0-9a-f]{16}$/),
        },
        {
          dependency: "stock",
          route: "GET /stock/{id}",
          offsetUs: 1_000,
          latencyUs: 2_000.5,
          status: 200,
          key: "1",
        },
      ],
    });
    expect(plain.manifest.dependencies?.["stock"]?.errorRatio).toBeCloseTo(1 / 3, 9);
    expect(JSON.stringify(plain)).not.toContain("ann@example.com");
  });

  it("OTLP: nanoseconds may be numbers beyond 2^53, and ids in any case, with zeros in front", async () => {
    const span = (over: string): string =>
      `{"traceId":"AB","spanId":"CD","kind":2,"name":"GET","startTimeUnixNano":1544712660123456789,${over}
       "attributes":[{"key":"url.path","value":{"stringValue":"/a"}}]}`;
    const child = JSON.stringify({
      traceId: "ab",
      spanId: "e",
      parentSpanId: "00cd",
      kind: 3,
      name: "x",
      startTimeUnixNano: "1544712660123457000",
      endTimeUnixNano: "1544712660123458000",
    });
    const otlp = (spans: string): string =>
      `{"resourceSpans":[{"scopeSpans":[{"spans":[${spans}]}]}]}`;
    const request = requestOf(
      await itemsOf("otlp-json", Buffer.from(`${otlp(span(""))}\n${otlp(child)}\n`)),
    );
    expect(request.arrivalNs).toBe(1_544_712_660_123_456_789n);
    expect(request.calls).toEqual([
      { dependency: "x", route: "x", offsetUs: 0.211, latencyUs: 1, parent: "ab cd" },
    ]);
  });

  it("Zipkin: who was called is told by the span that shares the id, and calls go to their caller", async () => {
    const at = (id: string, kind: string, service: string, over: object = {}) => ({
      traceId: "1",
      id,
      kind,
      name: "get",
      timestamp: 1_700_000_000_000_000,
      duration: 900,
      localEndpoint: { serviceName: service },
      ...over,
    });
    const http = { tags: { "http.path": "/a", "http.method": "GET" } };
    const spans = [
      at("2", "SERVER", "back", { parentId: "1", shared: true, ...http }),
      at("3", "CLIENT", "back", { parentId: "2", remoteEndpoint: { ipv4: "10.0.0.1", port: 53 } }),
      at("2", "CLIENT", "front", { parentId: "1", tags: { "http.path": "/b/1" } }),
      at("1", "SERVER", "front", http),
      at("4", "CLIENT", "front", { parentId: "1", duration: undefined }),
      // An SDK's span around the request that it makes.
      at("5", "CLIENT", "front", { parentId: "1", name: "chat" }),
      at("6", "CLIENT", "front", { parentId: "5", remoteEndpoint: { serviceName: "model" } }),
    ];
    const capture = async (service?: string) => {
      const options = { redact: false, ...(service === undefined ? {} : { service }) };
      return (await captureTexts({ "x.json": JSON.stringify([spans]) }, options)).profile;
    };
    const front = await capture();
    expect(front.manifest.ledger).toMatchObject({ records: 2, kept: 1, filtered: 1 });
    expect(front.records[0]?.dependencyCalls).toEqual([
      { dependency: "back", route: "GET /b/{id}", offsetUs: 0, latencyUs: 900, key: "1" },
      { dependency: "model", route: "get", offsetUs: 0, latencyUs: 900 },
    ]);
    expect(front.manifest.warnings.join("\n")).toMatch(
      /2 are dependency calls of its requests, 1 are calls of other services, 1 have no time or no duration, 1 enclose/,
    );
    const back = await capture("back");
    expect(back.records[0]?.dependencyCalls?.[0]?.dependency).toBe("10.0.0.1:53");
  });

  it("spans that tell too little to be sent again are rejected by reason; loops end", async () => {
    const tags = { "http.path": "/a" };
    const server = { traceId: "1", kind: "SERVER", name: "get", timestamp: 5, tags };
    const spans = [
      { ...server, id: "1", parentId: "2" },
      { ...server, id: "2", parentId: "1" },
      { ...server, id: "1", parentId: "2" },
      { ...server, id: "3", timestamp: undefined },
      { ...server, id: "4", name: "receive" },
      { ...server, id: "5", tags: {} },
      { ...server, id: "6", tags: { "http.route": "/users/:id" } },
      { ...server, id: "7", tags: { "http.route": "/users" } },
      { ...server, traceId: undefined },
      { ...server, id: "0000" },
    ];
    const items = await itemsOf("zipkin", Buffer.from(JSON.stringify(spans)));
    expect(ledgerOf(items).kept).toBe(3);
    expect(reasonsOf(items).toSorted()).toEqual(
      [
        "the span has no trace id",
        "the span has no id",
        "the span is there twice",
        "the SERVER span has no start time",
        "the SERVER span tells no HTTP method",
        "the SERVER span tells no HTTP path",
        "the SERVER span tells a route, but not the path",
      ].toSorted(),
    );
  });

  it.each([
    ["zipkin", "yelp-zipkin.json", "SERVER"],
    ["jaeger", "rides-jaeger.json", "server"],
    ["otlp-json", "otlp-orders.json", '"kind": 2'],
    ["otlp-protobuf", "otlp-orders.pb", "GET /orders/{id}"],
  ] as const)(
    "a damaged %s file never crashes, hangs or brings forth a record",
    async (format, name, mark) => {
      const whole = await bytesOf(name);
      const marks = whole.toString("latin1").split(mark).length - 1;
      const bytes = Buffer.from('"{}[]:,\0\xff\x0a\x12', "latin1");
      const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.constantFrom(...bytes)), {
        maxLength: 12,
      });
      await fc.assert(
        fc.asyncProperty(damage, fc.nat(whole.length), async (changes, length) => {
          const damaged = Buffer.from(whole);
          for (const [at, byte] of changes) damaged[at] = byte;
          const items = await itemsOf(format, damaged.subarray(0, length));
          const { kept, filtered } = ledgerOf(items);
          expect(kept + filtered).toBeLessThanOrEqual(marks);
        }),
        { numRuns: 150 },
      );
    },
  );
});

describe("a service", () => {
  it("is asked for of traces only, and one that is not there is told with those that are", async () => {
    const log = '1.2.3.4 - - [01/Jan/2024:00:00:00 +0000] "GET / HTTP/1.1" 200 5\n';
    await expect(captureTexts({ "x.log": log }, { service: "shop" })).rejects.toMatchObject({
      code: "USAGE",
    });
    const orders = captureProfile([fixture("otlp-orders.pb")], { ...KEYED, service: "shops" });
    await expect(orders).rejects.toMatchObject({
      code: "CAPTURE_EMPTY",
      hint: expect.stringContaining("--service names one: shop 3") as string,
    });
  });
});
