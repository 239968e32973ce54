import { describe, expect, it } from "vitest";
import { captureProfile } from "../../src/capture/index.ts";
import { captureTexts, fixture, itemsOf, KEYED, reasonsOf, requestOf } from "./reading.ts";

const line = (
  over: { time?: string; request?: string; tail?: string; who?: string } = {},
): string => {
  const { who = "203.0.113.9 - -", time = "10/Oct/2000:13:55:36 -0700" } = over;
  return `${who} [${time}] "${over.request ?? "GET /a HTTP/1.1"}" ${over.tail ?? "200 12"}`;
};
const read = (...lines: string[]) => itemsOf("access-log", Buffer.from(lines.join("\n")));

describe("access log", () => {
  it("the real excerpt: one malformed line, named by file and line, and the ledger adds up", async () => {
    const { profile, rejected } = await captureProfile([fixture("apache-excerpt.log")], KEYED);
    expect(profile.manifest.ledger).toEqual({
      records: 100,
      kept: 99,
      filtered: 0,
      rejected: [{ reason: "unterminated quote", count: 1 }],
    });
    expect(rejected).toEqual([{ place: "apache-excerpt.log:91", reason: "unterminated quote" }]);
    expect(profile.manifest.warnings[0]).toBe("apache-excerpt.log:91 unterminated quote");
    expect(profile.manifest.timePrecisionNs).toBe(1e9);
    expect(profile.manifest.startedAt?.slice(0, 17)).toBe("2015-05-17T10:05:");
  });

  it("combined lines give agent and referrer, common ones none; `-` is nothing", async () => {
    const combined = line({ tail: String.raw`304 - "http://a/?q=\"x\"" "curl/8 \x41"` });
    const items = await read(combined, line(), line({ tail: '200 1 "-" "-"' }));
    const requests = items.map((item) => (item.kind === "request" ? item.request : undefined));
    expect(requests[0]).toMatchObject({
      status: 304,
      client: "203.0.113.9",
      headers: [
        ["user-agent", "curl/8 A"],
        ["referer", 'http://a/?q="x"'],
      ],
    });
    expect(requests.slice(1).map((request) => request?.headers)).toEqual([[], []]);
  });

  it("the zone counts, and a virtual host in front is the host", async () => {
    const items = await read(line({ who: "shop.example:443 ::1 - bob" }));
    const { arrivalNs, host, client } = requestOf(items);
    expect(arrivalNs).toBe(BigInt(Date.UTC(2000, 9, 10, 20, 55, 36)) * 1_000_000n);
    expect([host, client]).toEqual(["shop.example:443", "::1"]);
  });

  it("garbage is rejected line by line with a reason", async () => {
    const items = await read(
      line({ request: "-", tail: "408 0" }),
      line({ request: String.raw`\x16\x03\x01`, tail: "400 0" }),
      line({ time: "10/Foo/2000:13:55:36 -0700" }),
      line({ tail: "abc 1" }),
      line({ request: "GET /a b HTTP/1.1" }),
      "hello",
      "",
      line({ request: "GET /ok HTTP/1.1" }),
    );
    expect(reasonsOf(items)).toEqual([
      "no request was read",
      "the request line is not METHOD PATH HTTP/x",
      "the time is not [day/Mon/year:hh:mm:ss ±zone]",
      "the status is not a number of three digits",
      "the request line is not METHOD PATH HTTP/x",
      "there is no [time]",
    ]);
    expect(requestOf(items).path).toBe("/ok");
  });

  it("arrivals of one second are spread over it, in file order, the same at each reading", async () => {
    const lines = Array.from({ length: 200 }, (_, i) => line({ request: `GET /p/${i} HTTP/1.1` }));
    const log = { "a.log": lines.join("\n") };
    const { records } = (await captureTexts(log)).profile;
    const offsets = records.map(({ offsetNs }) => offsetNs);
    expect(records.map(({ path }) => path)).toEqual(lines.map((_, i) => `/p/${i}`));
    expect(offsets.at(-1)).toBeLessThan(1e9);
    // Uniform: each quarter of the second has a share of 50 ± 5 standard deviations.
    for (let quarter = 0; quarter < 4; quarter++) {
      const count = offsets.filter((ns) => Math.floor(ns / 2.5e8) === quarter).length;
      expect(Math.abs(count - 50)).toBeLessThan(31);
    }
    expect((await captureTexts(log)).profile.records).toEqual(records);
  });

  it("lines that go back in time are sorted, and counted in a warning", async () => {
    const { profile } = await captureTexts({
      "a.log": [
        line({ time: "10/Oct/2000:13:55:38 -0700", request: "GET /late HTTP/1.1" }),
        line({ time: "10/Oct/2000:13:55:36 -0700", request: "GET /early HTTP/1.1" }),
      ].join("\r\n"),
    });
    expect(profile.records.map(({ path }) => path)).toEqual(["/early", "/late"]);
    expect(profile.manifest.warnings.join("\n")).toContain(
      "1 of 2 requests stood after a later one",
    );
  });
});
