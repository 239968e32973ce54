import { readFile } from "node:fs/promises";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { captureProfile } from "../../src/capture/index.ts";
import { captureTexts, fixture, itemsOf, KEYED, reasonsOf, requestOf } from "./reading.ts";

const cnn = await readFile(fixture("cnn-excerpt.har"));

const entry = (over: Record<string, unknown> = {}, request: Record<string, unknown> = {}) => ({
  startedDateTime: "2024-01-01T00:00:00.000Z",
  time: 10,
  request: { method: "GET", url: "https://shop.example/a", headers: [], ...request },
  response: { status: 200 },
  timings: { send: 1, wait: 5, receive: 2 },
  ...over,
});
const har = (...entries: unknown[]): string => JSON.stringify({ log: { version: "1.2", entries } });
const only = async (one: unknown) => requestOf(await itemsOf("har", Buffer.from(har(one))));
const rejected = async (one: unknown): Promise<string[]> =>
  reasonsOf(await itemsOf("har", Buffer.from(har(one))));

describe("har", () => {
  it("what is read does not depend on where chunks begin and end", async () => {
    const whole = await itemsOf("har", cnn);
    expect(whole).toHaveLength(12);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: cnn.length }), { maxLength: 40 }),
        async (cuts) => {
          expect(await itemsOf("har", cnn, cuts)).toEqual(whole);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("a browser's archive: in time order, no pseudo header, hosts counted, lost bodies told", async () => {
    const { profile } = await captureProfile([fixture("cnn-excerpt.har")], KEYED);
    const { manifest, records } = profile;
    expect(manifest.ledger).toEqual({ records: 12, kept: 12, filtered: 0, rejected: [] });
    const names = records.flatMap(({ headers }) => headers.map(([name]) => name));
    expect(names.filter((name) => /^:|^host$|^content-length$|^connection$/.test(name))).toEqual(
      [],
    );
    expect(manifest.timePrecisionNs).toBe(1e6);
    const warnings = manifest.warnings.join("\n");
    expect(warnings).toMatch(/went to 8 hosts \(logx\.optimizely\.com 4, .*Use --host/);
    expect(warnings).toMatch(/4 requests had, or should have had, a body/);
    expect(manifest.startedAt).toBe("2017-11-13T12:03:02.736Z");
  });

  it("an API client's entry: body, times all -1, another zone", async () => {
    const { profile } = await captureProfile([fixture("pastries-excerpt.har")], KEYED);
    const [get, patch] = profile.records;
    expect(patch).toMatchObject({
      method: "PATCH",
      body: { encoding: "utf8", data: '{"price":2.6}' },
      serviceTimeUs: 48_993,
    });
    expect(get?.method).toBe("GET");
    // 2023-08-17T09:05:53.435Z after 2023-08-16T13:03:11.879Z, to the millisecond.
    expect(Math.floor((patch?.offsetNs ?? 0) / 1e6)).toBe(72_161_555);
  });

  it("arrival is after blocked, dns and connect, and -1 takes no time; ssl lies in connect", async () => {
    const timings = { blocked: 100.5, dns: -1, connect: 30, ssl: 20, send: 1, wait: 5, receive: 2 };
    const { arrivalNs, serviceTimeUs } = await only(entry({ timings }));
    expect(arrivalNs - BigInt(Date.UTC(2024, 0, 1)) * 1_000_000n).toBe(130_500_000n);
    expect(serviceTimeUs).toBe(8_000);
  });

  it("times with a zone and without are read alike on every machine", async () => {
    const zoned = await only(entry({ startedDateTime: "2024-01-01T02:00:00+02:00" }));
    const bare = await only(entry({ startedDateTime: "2024-01-01T00:00:00" }));
    expect(zoned.arrivalNs).toBe(bare.arrivalNs);
  });

  it("fields that are missing or of a wrong type do not cost the entry", async () => {
    const bare = {
      startedDateTime: "2024-01-01T00:00:00Z",
      request: { method: "get", url: "http://a" },
    };
    expect(await only(bare)).toMatchObject({ method: "GET", path: "/", host: "a", headers: [] });
    const odd = entry({ timings: { comment: "x", wait: "5" }, response: null, time: "x" });
    expect(await only(odd)).toMatchObject({
      path: "/a",
      status: undefined,
      serviceTimeUs: undefined,
    });
    const nulls = { headers: [{ name: "A", value: "1" }, { name: null }, 7], postData: 3 };
    expect((await only(entry({}, nulls))).headers).toEqual([["A", "1"]]);
  });

  it("entries without a wrapper, in a list, or one alone are read", async () => {
    for (const text of [
      JSON.stringify({ entries: [entry()] }),
      JSON.stringify([entry()]),
      JSON.stringify(entry(), null, 2),
      `\ufeff${har(entry())}`,
    ]) {
      expect((await captureTexts({ "x.json": text })).profile.records).toHaveLength(1);
    }
    const alone = await captureProfile([fixture("single_entry.har")], KEYED);
    expect(alone.profile.records[0]).toMatchObject({ path: "/", serviceTimeUs: 76_000 });
  });

  it("what was never sent, or cannot be, is rejected by name", async () => {
    expect(await rejected(entry({}, { url: "data:text/plain,x" }))).toEqual([
      "the URL is not one of http or https",
    ]);
    expect(await rejected(entry({}, { method: "CONNECT" }))).toHaveLength(1);
    expect(await rejected(entry({ _fromCache: "disk" }))).toEqual([
      "answered from the browser's cache, so never sent",
    ]);
    expect(await rejected(entry({ startedDateTime: undefined }))).toEqual([
      "the entry has no startedDateTime",
    ]);
    const list = await itemsOf("har", Buffer.from(har(null, "a, [{", 7, entry(), [entry()])));
    expect(reasonsOf(list)).toEqual(Array.from({ length: 4 }, () => "the entry is not an object"));
    expect(list).toHaveLength(5);
  });

  it("an archive that is cut off gives what is whole, and says so", async () => {
    const text = har(entry(), entry(), entry());
    const items = await itemsOf("har", Buffer.from(text.slice(0, -60)));
    expect(items.map(({ kind }) => kind)).toEqual(["request", "request", "rejected", "warning"]);
    expect(reasonsOf(items)).toEqual(["the file ends inside the entry"]);
  });

  it("form parameters become a form; multipart ones are counted as lost", async () => {
    const params = [{ name: "a b", value: "c&d" }, { name: "e" }];
    const form = { mimeType: "application/x-www-form-urlencoded", params };
    expect((await only(entry({}, { postData: form }))).body?.toString()).toBe("a+b=c%26d&e=");
    const multipart = { mimeType: "multipart/form-data; boundary=x", params };
    expect(await only(entry({}, { postData: multipart }))).toMatchObject({ bodyLost: true });
  });

  it("cookies that stand only in their own list become a header", async () => {
    const cookies = [
      { name: "a", value: "1" },
      { name: "b", value: "2" },
    ];
    expect((await only(entry({}, { cookies }))).headers).toEqual([["cookie", "a=1; b=2"]]);
  });

  it("text beyond Latin-1 in paths and headers is sent as UTF-8 bytes", async () => {
    const { path, headers } = await only(
      entry({}, { url: "http://a/é …?q=☃#top", headers: [{ name: "X", value: "☃" }] }),
    );
    expect(path).toBe("/%C3%A9%20%E2%80%A6?q=%E2%98%83");
    expect(Buffer.from(headers[0]![1], "latin1").toString("utf8")).toBe("☃");
  });
});
