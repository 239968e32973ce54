import { gzipSync, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { captureProfile } from "../../src/capture/index.ts";
import type { Ledger } from "../../src/profile/index.ts";
import { captureTexts, fixture, gorOf, gorRequest, KEYED } from "./reading.ts";

const total = ({ rejected }: Ledger): number => rejected.reduce((sum, { count }) => sum + count, 0);
const LOG_LINE = '203.0.113.9 - - [10/Oct/2000:13:55:36 +0000] "GET /log HTTP/1.1" 200 12';

describe("the ledger", () => {
  it("access log: records = kept + filtered + rejected, whatever the lines are", async () => {
    const part = fc.constantFrom(...'" [ ] \\ - / 200 GET HTTP/1.1'.split(" "), " ", LOG_LINE);
    const garbage = fc.oneof(
      fc.string({ unit: "binary-ascii", maxLength: 60 }).map((text) => text.replaceAll("\n", "")),
      fc.array(part, { maxLength: 12 }).map((parts) => parts.join("")),
      fc.nat({ max: LOG_LINE.length }).map((at) => LOG_LINE.slice(0, at)),
      fc.constant(LOG_LINE),
      fc.constant(LOG_LINE.replace("/log", "/other")),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(garbage, { maxLength: 40 }), async (lines) => {
        const all = [LOG_LINE, ...lines];
        const { profile } = await captureTexts(
          { "a.log": all.join("\n") },
          { filter: { path: /^\/log/ } },
        );
        const { ledger, counts } = profile.manifest;
        expect(ledger.records).toBe(all.filter((line) => line.trim() !== "").length);
        expect(ledger.records).toBe(ledger.kept + ledger.filtered + total(ledger));
        expect(ledger.kept).toBe(profile.records.length);
        expect(counts.records).toBe(ledger.kept);
        expect(ledger.filtered).toBeGreaterThanOrEqual(
          all.filter((line) => line.includes("/other")).length,
        );
      }),
      { numRuns: 60 },
    );
  });

  it("gor: records = kept + filtered + rejected, whatever the records are", async () => {
    const whole = gorRequest("POST /a", { headers: "Content-Length: 3\r\n", body: "abc" });
    const garbage = fc.oneof(
      fc
        .string({ unit: "binary", minLength: 3, maxLength: 60 })
        .filter((text) => text.trim().length > 2),
      fc.integer({ min: 3, max: whole.length }).map((at) => whole.slice(0, at)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(garbage, { maxLength: 20 }), async (records) => {
        const { profile } = await captureTexts({ "a.gor": gorOf(whole, ...records) });
        const { ledger } = profile.manifest;
        expect(ledger.records).toBe(records.length + 1);
        expect(ledger.records).toBe(ledger.kept + ledger.filtered + total(ledger));
        expect(ledger.kept).toBe(profile.records.length);
      }),
      { numRuns: 60 },
    );
  });

  it("names the first five rejected records in the warnings, and counts the rest", async () => {
    const { profile, rejected } = await captureTexts({
      "a.log": [LOG_LINE, ...Array.from({ length: 7 }, () => "nonsense")].join("\n"),
    });
    expect(rejected.map(({ place }) => place)).toEqual([2, 3, 4, 5, 6].map((n) => `a.log:${n}`));
    expect(profile.manifest.warnings.slice(4, 6)).toEqual([
      "a.log:6 there is no [time]",
      "and 2 more records were rejected",
    ]);
  });
});

describe("capture", () => {
  it("filters by host, method and path; the rest is counted as filtered", async () => {
    const files = {
      "x.gor": gorOf(
        gorRequest("GET /api/1"),
        gorRequest("POST /api/2"),
        gorRequest("GET /home"),
        gorRequest("GET http://other:81/api/3"),
      ),
    };
    const paths = async (filter: object): Promise<string[]> => {
      const { profile } = await captureTexts(files, { filter });
      expect(profile.manifest.ledger.filtered).toBe(4 - profile.records.length);
      return profile.records.map(({ path }) => path);
    };
    expect(await paths({ hosts: ["shop"] })).toEqual(["/api/1", "/api/2", "/home"]);
    expect(await paths({ hosts: ["other"] })).toEqual(["/api/3"]);
    expect(await paths({ hosts: ["other:81", "nobody"] })).toEqual(["/api/3"]);
    expect(await paths({ methods: ["POST"] })).toEqual(["/api/2"]);
    expect(await paths({ path: /^\/api/, methods: ["GET"] })).toEqual(["/api/1", "/api/3"]);
  });

  it("merges files of several formats by time, gzipped ones too, and keeps the coarsest precision", async () => {
    const startNs = BigInt(Date.UTC(2000, 9, 10, 13, 55, 35)) * 1_000_000n;
    const { profile } = await captureTexts({
      "b.log.gz": gzipSync(LOG_LINE),
      "a.gor": gorOf(
        gorRequest("GET /before", { ns: String(startNs) }),
        gorRequest("GET /after", { ns: String(startNs + 3_000_000_000n) }),
      ),
    });
    expect(profile.records.map(({ path }) => path)).toEqual(["/before", "/log", "/after"]);
    expect(profile.manifest).toMatchObject({
      timePrecisionNs: 1e9,
      startedAt: "2000-10-10T13:55:35.000Z",
      durationNs: 3e9,
      source: [
        { file: "b.log.gz", format: "access-log", bytes: gzipSync(LOG_LINE).length },
        { file: "a.gor", format: "gor" },
      ],
    });
  });

  it("sessions: a steady cookie, else the connection, else address and agent", async () => {
    const cookie = (value: string): string => `Cookie: csrftoken=x; sid=${value}; a=1\r\n`;
    const ns = String(BigInt(Date.UTC(2000, 9, 10)) * 1_000_000n);
    const { profile } = await captureTexts({
      "x.gor": gorOf(
        gorRequest("GET /1", { ns, headers: cookie("ann") }),
        gorRequest("GET /2", { ns, headers: cookie("bob") }),
        gorRequest("GET /3", { ns, headers: cookie("ann") }),
        gorRequest("GET /4", { ns, headers: cookie("bob") }),
        gorRequest("GET /5", { ns, id: "1f900050c0a80001aaaaaaaa" }),
        gorRequest("GET /6", { ns }),
      ),
      "a.log": [LOG_LINE, LOG_LINE, LOG_LINE.replace("113.9", "113.8")].join("\n"),
    });
    const sessions = new Map(profile.records.map(({ path, session }) => [path, session]));
    expect(sessions.get("/1")).toBe(sessions.get("/3"));
    expect(sessions.get("/2")).toBe(sessions.get("/4"));
    expect(new Set(["/1", "/2", "/5", "/6"].map((path) => sessions.get(path))).size).toBe(4);
    expect(sessions.get("/6")).toBeUndefined();
    const logged = profile.records.filter(({ path }) => path === "/log");
    expect(logged[0]?.session).toBe(logged[1]?.session);
    expect(logged[2]?.session).not.toBe(logged[1]?.session);
    expect(JSON.stringify(profile)).not.toMatch(/=ann|=bob|203\.0\.113/);
  });

  it.each([gzipSync, zstdCompressSync])(
    "packed files that were put together are read whole",
    async (pack) => {
      const days = ["10", "11"].map((day) => pack(`${LOG_LINE.replace("10/Oct", `${day}/Oct`)}\n`));
      const { profile } = await captureTexts({ "days.log.packed": Buffer.concat(days) });
      expect(profile.manifest.ledger.kept).toBe(2);
    },
  );

  it("what looks like a capture and is none is refused by its name", async () => {
    const refusal = (path: string) => captureProfile([path], KEYED);
    await expect(refusal(fixture("java-spandata-excerpt.json"))).rejects.toMatchObject({
      code: "CAPTURE_FORMAT_UNKNOWN",
      message: expect.stringContaining("OpenTelemetry Java's SpanData") as string,
    });
    const named: Record<string, string | Buffer> = {
      "OpenTelemetry logs or metrics": '{"resourceLogs":[{"scopeLogs":[]}]}',
      "a shakedown profile already": gzipSync('{"shakedownProfile":1}\n'),
      "x.har is empty": "",
      "text in UTF-16": Buffer.from(`\uFEFF${LOG_LINE}`, "utf16le"),
    };
    for (const [name, text] of Object.entries(named)) {
      await expect(captureTexts({ "x.har": text })).rejects.toMatchObject({
        code: "CAPTURE_FORMAT_UNKNOWN",
        message: expect.stringContaining(name) as string,
      });
    }
  });

  it("what is in no known format is refused with its first bytes and the formats there are", async () => {
    await expect(captureTexts({ "x.csv": "a,b\n1,2\n" })).rejects.toMatchObject({
      code: "CAPTURE_FORMAT_UNKNOWN",
      message: 'x.csv is in no format that is known; it begins with "a,b\\n1,2\\n"',
      hint: expect.stringMatching(/GoReplay.*HTTP archive.*access log/) as string,
    });
  });

  it("nothing usable, nothing there, or damaged gzip or zstd: each has its own code", async () => {
    await expect(captureProfile([fixture("missing_page.har")], KEYED)).rejects.toMatchObject({
      code: "CAPTURE_EMPTY",
      message: expect.stringContaining("the entry has no request.url: 1") as string,
    });
    await expect(
      captureTexts({ "a.log": LOG_LINE }, { filter: { methods: ["PUT"] } }),
    ).rejects.toMatchObject({
      code: "CAPTURE_EMPTY",
      hint: expect.stringContaining("filters") as string,
    });
    await expect(captureProfile(["/nowhere.gor"], KEYED)).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
    });
    for (const pack of [gzipSync, zstdCompressSync]) {
      await expect(captureTexts({ "a.log": pack(LOG_LINE).subarray(0, 12) })).rejects.toMatchObject(
        {
          code: "CAPTURE_INVALID",
          message: expect.stringMatching(
            /^a\.log is damaged (?:gzip|zstd): .*nothing of it can be/,
          ) as string,
        },
      );
    }
  });

  it.each([gzipSync, zstdCompressSync])(
    "of a packed file that is cut off what was before is kept, and it is told",
    async (pack) => {
      const text = Array.from({ length: 9_999 }, (_, i) => `${LOG_LINE} ${i * i}`).join("\n");
      const { profile } = await captureTexts({ "a.log": pack(text).subarray(0, -20) });
      const { ledger, warnings } = profile.manifest;
      expect(ledger.kept).toBeGreaterThan(500);
      expect(ledger.kept).toBeLessThan(9_999);
      expect(warnings.join("\n")).toMatch(
        /a\.log is damaged (?:gzip|zstd): .*; what was before that is kept/,
      );
    },
  );

  it("a capture that spans more than a profile can hold is refused", async () => {
    const later = LOG_LINE.replace("2000:", "2001:");
    await expect(captureTexts({ "a.log": `${LOG_LINE}\n${later}` })).rejects.toMatchObject({
      code: "CAPTURE_INVALID",
      message: "the requests span 365 days; a profile holds at most 104",
    });
  });
});
