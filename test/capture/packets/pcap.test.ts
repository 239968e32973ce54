import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { captureProfile } from "../../../src/capture/index.ts";
import { captureTexts, fixture, itemsOf, KEYED, reasonsOf } from "../reading.ts";
import { pcapOf, type Segment } from "./write-pcap.ts";

function present(): boolean {
  try {
    execFileSync("tshark", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const TSHARK = present();
/** Each start of tshark takes a third of a second, and more where the machine is busy. */
const TIMEOUT_MS = 60_000;

it.skipIf(process.env["CI"] !== "true")("tshark is there, where all tests have to run", () => {
  expect(TSHARK).toBe(true);
});

it("without tshark, a packet capture is refused with what to install", async () => {
  const path = process.env["PATH"];
  process.env["PATH"] = "/nowhere";
  try {
    // The shell itself is named by its path, so that it is found all the same.
    await expect(captureTexts({ "a.pcap": pcapOf([]) })).rejects.toMatchObject({
      code: "TOOL_MISSING",
      hint: expect.stringContaining("apt install tshark") as string,
    });
  } finally {
    process.env["PATH"] = path;
  }
});

/** One request and its answer on one of a few connections. */
const talks = fc.array(
  fc.record({
    connection: fc.nat(3),
    method: fc.constantFrom("GET", "POST", "DELETE"),
    path: fc.stringMatching(/^\/[a-z0-9/]{0,20}(\?[a-z]=[0-9]{1,3})?$/),
    body: fc.stringMatching(/^[a-z]{1,60}$/),
    status: fc.constantFrom(200, 201, 404, 503),
    answer: fc.stringMatching(/^[a-z]{0,40}$/),
    gapUs: fc.integer({ min: 1_000, max: 900_000 }),
    tookUs: fc.integer({ min: 10, max: 500_000 }),
    pieces: fc.integer({ min: 1, max: 3 }),
  }),
  { minLength: 30, maxLength: 60 },
);
type Talk = ReturnType<typeof sampleTalks>[number];
const sampleTalks = (seed: number) => fc.sample(talks, { numRuns: 1, seed })[0]!;

const requestText = ({ body, method, path }: Talk): string => {
  const sent = method === "POST" ? body : "";
  const length = method === "POST" ? `Content-Length: ${sent.length}\r\n` : "";
  return `${method} ${path} HTTP/1.1\r\nHost: shop:8080\r\n${length}\r\n${sent}`;
};

/** The conversations as packets: each request in so many pieces, a millisecond apart. */
function segmentsOf(all: readonly Talk[]): Segment[] {
  let atUs = 0;
  return all.flatMap((talk) => {
    const { answer, connection, gapUs, pieces, status, tookUs } = talk;
    atUs += gapUs;
    const beganUs = atUs;
    const bytes = Buffer.from(requestText(talk));
    const cut = Math.ceil(bytes.length / pieces);
    const parts = Array.from({ length: pieces }, (_, i) => bytes.subarray(i * cut, (i + 1) * cut));
    const asked = parts
      .filter((part) => part.length > 0)
      .map((part, i) => ({ connection, fromClient: true, atUs: beganUs + i * 1_000, bytes: part }));
    atUs = beganUs + (asked.length - 1) * 1_000 + tookUs;
    const text = `HTTP/1.1 ${status} X\r\nContent-Length: ${answer.length}\r\n\r\n${answer}`;
    return [...asked, { connection, fromClient: false, atUs, bytes: Buffer.from(text) }];
  });
}

describe.skipIf(!TSHARK)("packet captures (skipped: tshark is not installed)", () => {
  it(
    "conversations come back: what was asked, when its first packet came, and the answer",
    async () => {
      const all = sampleTalks(7);
      const segments = segmentsOf(all);
      const { profile } = await captureTexts({ "a.pcap": pcapOf(segments) });
      const { manifest, records } = profile;
      expect(manifest.ledger).toMatchObject({ records: all.length, kept: all.length });
      const firsts = segments.filter(
        ({ fromClient }, i) => fromClient && segments[i - 1]?.fromClient !== true,
      );
      const lasts = segments.filter(({ fromClient }) => !fromClient);
      expect(records).toHaveLength(all.length);
      for (const [i, talk] of all.entries()) {
        expect(records[i]).toMatchObject({
          method: talk.method,
          path: talk.path,
          status: talk.status,
          offsetNs: (firsts[i]!.atUs - firsts[0]!.atUs) * 1_000,
          serviceTimeUs: lasts[i]!.atUs - firsts[i]!.atUs,
        });
        expect(records[i]!.body?.data).toBe(talk.method === "POST" ? talk.body : undefined);
        expect(records[i]!.connection === records[0]!.connection).toBe(
          talk.connection === all[0]!.connection,
        );
      }
    },
    TIMEOUT_MS,
  );

  it(
    "requests that share a packet are all read",
    async () => {
      const one = "GET /a HTTP/1.1\r\nHost: shop\r\n\r\n";
      const two = "POST /b HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\n\r\nhi";
      const bytes = Buffer.from(one + two + one);
      const items = await itemsOf(
        "pcap",
        pcapOf([{ connection: 0, fromClient: true, atUs: 0, bytes }]),
      );
      const paths = items.flatMap((item) => (item.kind === "request" ? [item.request.path] : []));
      expect(paths).toEqual(["/a", "/b", "/a"]);
    },
    TIMEOUT_MS,
  );

  it(
    "a real one: 57 requests, on 6 of its 9 connections, each with its answer",
    async () => {
      const { profile } = await captureProfile([fixture("http-packets2.pcap")], KEYED);
      const { manifest, records } = profile;
      expect(manifest.ledger).toEqual({ records: 57, kept: 57, filtered: 0, rejected: [] });
      expect(manifest.warnings.join()).toContain("6 of 9 TCP connections have requests");
      expect(new Set(records.map(({ connection }) => connection)).size).toBe(6);
      expect(records.filter(({ status }) => status !== undefined)).toHaveLength(57);
    },
    TIMEOUT_MS,
  );

  it(
    "a packet that was not captured costs what was in it; a file cut off keeps what came before",
    async () => {
      const { profile } = await captureProfile([fixture("missing-packet.pcap")], KEYED);
      expect(profile.records).toHaveLength(1);
      const whole = readFileSync(fixture("http-packets2.pcap"));
      const items = await itemsOf("pcap", whole.subarray(0, 40_000));
      const requests = items.filter(({ kind }) => kind === "request").length;
      expect(requests).toBeGreaterThan(5);
      expect(requests).toBeLessThan(57);
      expect(reasonsOf(items)).toContain("the packet capture is damaged or cut off");
    },
    TIMEOUT_MS,
  );

  it(
    "damage anywhere is no crash, and invents no request",
    async () => {
      const whole = readFileSync(fixture("http-packets2.pcap"));
      const damages = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), {
        minLength: 1,
        maxLength: 30,
      });
      await fc.assert(
        fc.asyncProperty(damages, async (places) => {
          const bytes = Buffer.from(whole);
          for (const [at, byte] of places) bytes[at] = byte;
          const items = await itemsOf("pcap", bytes);
          const requests = items.filter(({ kind }) => kind === "request");
          expect(requests.length).toBeLessThanOrEqual(57);
        }),
        { numRuns: 6, seed: 11 },
      );
    },
    TIMEOUT_MS,
  );
});
