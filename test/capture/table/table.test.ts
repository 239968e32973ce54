import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Captured, captureProfile, parseColumns } from "../../../src/capture/index.ts";
import { ShakedownError } from "../../../src/core/index.ts";
import type { ProfileRecord } from "../../../src/profile/index.ts";
import { indexOfDispersion } from "../../../src/stats/index.ts";
import { captureTexts, fixture, KEYED } from "../reading.ts";

const AZURE = parseColumns("time=TIMESTAMP,method:=POST,path:=/v1/completions");
const CALLS = parseColumns(
  "time=at,method=verb,path=url,status=code,duration(ms)=took,host=where,client=who,body=sent",
);
const azure = gunzipSync(await readFile(fixture("azure-llm-code.csv.gz")));

const row = {
  at: "2024-01-01T00:00:00.5Z",
  verb: "get",
  url: "/a?b=1",
  code: "200",
  took: "12.5",
  where: "Shop",
};
const only = async (
  text: string,
  columns = CALLS,
): Promise<{ record: ProfileRecord | undefined; precisionNs: number; reasons: string[] }> => {
  const { profile } = await captureTexts({ "x.csv": text }, { columns });
  const { ledger, timePrecisionNs } = profile.manifest;
  const reasons = ledger.rejected.map(({ reason }) => reason);
  return { record: profile.records[0], precisionNs: timePrecisionNs, reasons };
};

describe("a table with named columns", () => {
  it("the Azure code trace: 8,819 arrivals to 100 ns, with its burstiness", async () => {
    const path = fixture("azure-llm-code.csv.gz");
    const { profile } = await captureProfile([path], { ...KEYED, columns: AZURE });
    const { ledger, timePrecisionNs, startedAt, durationNs } = profile.manifest;
    expect(ledger).toEqual({ records: 8_819, kept: 8_819, filtered: 0, rejected: [] });
    expect([timePrecisionNs, startedAt]).toEqual([100, "2023-11-16T18:17:03.979Z"]);
    // Every stamp again, from the text itself, by whole tens of nanoseconds.
    const lines = azure.toString("utf8").trim().split("\n").slice(1);
    const ticks = lines.map((line) => {
      const [, day, hour, minute, second, digits] =
        /-(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{7})/.exec(line) ?? [];
      return (
        (((Number(day) * 24 + Number(hour)) * 60 + Number(minute)) * 60 + Number(second)) * 1e7 +
        Number(digits)
      );
    });
    const first = Math.min(...ticks);
    const offsetsNs = profile.records.map(({ offsetNs }) => offsetNs);
    expect(offsetsNs).toEqual(ticks.map((tick) => (tick - first) * 100).toSorted((a, b) => a - b));

    const gaps = offsetsNs.slice(1).map((at, i) => at - offsetsNs[i]!);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    expect(Math.sqrt(variance) / mean).toBeCloseTo(13.15, 2);
    // As the figures were made: the last, partial window counted in, and n for n − 1.
    const dispersion = (s: number): number => {
      const windows = Math.ceil(durationNs / (s * 1e9));
      return (indexOfDispersion(offsetsNs, s * 1e9, windows * s * 1e9) * (windows - 1)) / windows;
    };
    expect([
      dispersion(1).toFixed(1),
      dispersion(10).toFixed(0),
      dispersion(60).toFixed(0),
    ]).toEqual(["13.2", "71", "161"]);
  });

  it("CSV with any delimiter, JSON lines and a JSON array give the same record", async () => {
    const keys = Object.keys(row);
    const csv = (delimiter: string): string =>
      [keys, Object.values(row)].map((cells) => cells.join(delimiter)).join("\r\n");
    const texts = [
      csv(","),
      `\ufeff${csv(";")}\n`,
      csv("\t"),
      csv("|"),
      `${JSON.stringify(row)}\n\n`,
      JSON.stringify([{ ...row, code: 200, took: 12.5 }], null, 2),
    ];
    const columns = parseColumns(
      "time=at,method=verb,path=url,status=code,duration(ms)=took,host=where",
    );
    for (const text of texts) {
      const { record, precisionNs } = await only(text, columns);
      expect(record).toMatchObject({
        method: "GET",
        path: "/a?b=1",
        status: 200,
        serviceTimeUs: 12_500,
      });
      expect(precisionNs).toBe(1e8);
    }
  });

  it("any instant, in any of the forms, is the same instant to the nanosecond", async () => {
    const instant = fc.bigInt({ min: 100_000_000n * 10n ** 9n, max: 4_102_444_800n * 10n ** 9n });
    await fc.assert(
      fc.asyncProperty(instant, async (ns) => {
        const [whole, digits] = [ns / 10n ** 9n, String(ns % 10n ** 9n).padStart(9, "0")];
        const utc = new Date(Number(whole) * 1_000).toISOString().slice(0, 19);
        const east = new Date(Number(whole) * 1_000 + 19_800_000).toISOString().slice(0, 19);
        const micro = `${ns / 1_000n}.${String(ns % 1_000n).padStart(3, "0")}`;
        const forms = [
          `"${utc}.${digits}Z"`,
          `"${utc.replace("T", " ")}.${digits}"`,
          `"${east}.${digits}+05:30"`,
          `"${whole}.${digits}"`,
          String(ns),
          `"${micro}"`,
        ];
        const rows = forms.map((form) => `{"t":${form}}`);
        const columns = parseColumns("time=t,method:=GET,path:=/");
        const { profile } = await captureTexts({ "x.jsonl": rows.join("\n") }, { columns });
        expect(profile.records).toHaveLength(forms.length);
        expect(profile.manifest.durationNs).toBe(0);
        expect(profile.manifest.startedAt).toBe(new Date(Number(ns / 1_000_000n)).toISOString());
      }),
      { numRuns: 40 },
    );
  });

  it("a count from another beginning needs its unit, and then is taken", async () => {
    const text = "t\n0\n1500\n";
    const bare = parseColumns("time=t,method:=GET,path:=/");
    await expect(captureTexts({ "x.csv": text }, { columns: bare })).rejects.toMatchObject({
      code: "CAPTURE_EMPTY",
      message: expect.stringContaining("say its unit") as string,
    });
    const columns = parseColumns("time(ms)=#1,method:=GET,path:=/");
    const { profile } = await captureTexts({ "x.csv": "0\n1500\n" }, { columns });
    expect(profile.records.map(({ offsetNs }) => offsetNs)).toEqual([0, 1.5e9]);
    expect(profile.manifest.timePrecisionNs).toBe(1e6);
  });

  it("quoted cells hold delimiters, quotes and line ends; a lost quote costs one row", async () => {
    const head = "at,verb,url,code,took,where,who,sent";
    const good = (sent: string): string => `2024-01-01 00:00:00,PUT,/a,200,1,h,me,${sent}`;
    const { record } = await only(`${head}\n${good('"a,""b""\nc"')}`);
    expect(record?.body?.data).toBe('a,"b"\nc');
    const rows = Array.from({ length: 300 }, () => good("x"));
    const text = [head, good('"x'), ...rows].join("\n");
    const { profile } = await captureTexts({ "x.csv": text }, { columns: CALLS });
    expect(profile.manifest.ledger).toEqual({
      records: 301,
      kept: 300,
      filtered: 0,
      rejected: [{ reason: "unterminated quote", count: 1 }],
    });
  });

  it("rows that are no request are rejected by reason, at their line", async () => {
    const bad: Record<string, object> = {
      "the row has no path": { url: "-" },
      "the path does not begin with /, and is no URL": { url: "a/b" },
      "the method is not a word": { verb: "G T" },
      "the time is no date that there is": { at: "2024-02-31T00:00:00Z" },
      "the time is in no form that is known": { at: "yesterday" },
      "the status is not a number of three digits": { code: "OK" },
      "the duration is not a number from 0": { took: "-3" },
    };
    const lines = [row, ...Object.values(bad).map((over) => ({ ...row, ...over }))];
    const text = [...lines.map((one) => JSON.stringify(one)), "{", "7"].join("\n");
    const { profile, rejected } = await captureTexts({ "x.jsonl": text }, { columns: CALLS });
    const reasons = profile.manifest.ledger.rejected.map(({ reason }) => reason);
    expect(reasons.toSorted()).toEqual(
      [...Object.keys(bad), "the row is not JSON", "the row is not a JSON object"].toSorted(),
    );
    expect(rejected[0]?.place).toBe("x.jsonl:2");
  });

  it("a column that is not there, and a mapping that cannot be read, are told with what there is", async () => {
    const columns = parseColumns("time=at,method:=GET,path=nowhere");
    await expect(captureTexts({ "x.csv": "at,url\n1,2\n" }, { columns })).rejects.toMatchObject({
      message: "x.csv has no column nowhere",
      hint: expect.stringContaining("at, url") as string,
    });
    const wrong: Record<string, RegExp> = {
      "time=a,method:=GET": /path missing/,
      "time=a,method:=GET,path=p,duration=d": /duration needs its unit/,
      "time=a,method:=GET,path=p,duration(h)=d": /h is no unit/,
      "time=a,method(s):=GET,path=p": /method has no unit/,
      "time=a,time=b,method:=GET,path=p": /time is given twice/,
      "tiem=a": /no field tiem/,
      time: /cannot read "time"/,
      "time=,method:=GET": /time is given nothing/,
    };
    for (const [text, message] of Object.entries(wrong)) {
      expect(() => parseColumns(text)).toThrow(message);
    }
    expect(parseColumns('time="a,b",method:=GET,path=p').time.source).toEqual({
      kind: "column",
      name: "a,b",
    });
  });

  it("a damaged table never crashes, hangs or brings forth a record", async () => {
    const part = azure.subarray(0, 4_000);
    const damage = fc.array(
      fc.tuple(fc.nat(part.length - 1), fc.constantFrom(...Buffer.from('"\n,\0\xff{1 ', "latin1"))),
      { maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(part.length), async (changes, length) => {
        const bytes = Buffer.from(part);
        for (const [at, byte] of changes) bytes[at] = byte;
        const damaged = bytes.subarray(0, length);
        const breaks = damaged.toString("latin1").split("\n").length;
        const outcome = await captureTexts({ "x.csv": damaged }, { columns: AZURE }).catch(
          (thrown: unknown) => thrown,
        );
        const captured = outcome instanceof ShakedownError ? undefined : (outcome as Captured);
        const kept = captured?.profile.manifest.ledger.kept ?? 0;
        expect(kept).toBe(captured?.profile.records.length ?? 0);
        expect(kept).toBeLessThanOrEqual(breaks);
      }),
      { numRuns: 150 },
    );
  });
});
