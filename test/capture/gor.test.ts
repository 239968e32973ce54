import { readFile } from "node:fs/promises";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  captureTexts,
  fixture,
  gorOf,
  gorRequest,
  itemsOf,
  reasonsOf,
  requestOf,
} from "./reading.ts";

const excerpt = await readFile(fixture("storefront-excerpt.gor"));

describe("gor", () => {
  it("what is read does not depend on where chunks begin and end", async () => {
    const whole = await itemsOf("gor", excerpt);
    expect(whole.filter(({ kind }) => kind === "request")).toHaveLength(20);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: excerpt.length }), { maxLength: 60 }),
        async (cuts) => {
          expect(await itemsOf("gor", excerpt, cuts)).toEqual(whole);
        },
      ),
      { numRuns: 50 },
    );
    const around = excerpt.indexOf("🐵");
    for (let at = around - 2; at < around + 15; at++) {
      expect(await itemsOf("gor", excerpt, [at, at + 1])).toEqual(whole);
    }
  });

  it("headers of three and of four fields are both read", async () => {
    const four = gorRequest("GET /a").replace("000\n", "000 12345\n");
    const items = await itemsOf("gor", Buffer.from(gorOf(gorRequest("GET /b"), four)));
    expect(items.map((item) => item.kind === "request" && item.request.path)).toEqual(["/b", "/a"]);
  });

  it("a last record without a separator counts", async () => {
    const text = gorOf(gorRequest("GET /a")) + gorRequest("GET /last");
    expect(await itemsOf("gor", Buffer.from(text))).toHaveLength(2);
  });

  it("bodies are bytes: not decoded, and cut at their length or undone from chunks", async () => {
    const bytes = Buffer.from([0xff, 0x00, 0x0a, 0xf0, 0x9f, 0x90]);
    const head = Buffer.from(
      "1 a1 1700000000000000000\nPOST /up HTTP/1.1\r\nContent-Length: 6\r\n\r\n",
    );
    const separator = Buffer.from("\n🐵🙈🙉\n");
    const items = await itemsOf("gor", Buffer.concat([head, bytes, separator]));
    expect(requestOf(items).body).toEqual(bytes);
    const chunked = gorRequest("POST /up", {
      headers: "Transfer-Encoding: chunked\r\n",
      body: "4;x=y\r\nWiki\r\nA\r\npedia in\r\n\r\n0\r\nTrailer: x\r\n\r\n",
    });
    const undone = requestOf(await itemsOf("gor", Buffer.from(gorOf(chunked)))).body;
    expect(undone?.toString()).toBe("Wikipedia in\r\n");
  });

  it("what cannot be sent again is rejected with its reason, and the next record is read", async () => {
    const items = await itemsOf(
      "gor",
      Buffer.from(
        gorOf(
          "1 a1\nGET / HTTP/1.1\r\n\r\n",
          "7 a1 1700000000000000000\nx",
          gorRequest("POST /a", { headers: "Content-Length: 9\r\n", body: "short" }),
          gorRequest("POST /a", { headers: "Transfer-Encoding: chunked\r\n", body: "5\r\nab" }),
          gorRequest("PATCHp /a"),
          gorRequest("OPTIONS *"),
          gorRequest("CONNECT shop:443"),
          "1 a1 1700000000000000000\nGET / HTTP/1.1\r\nHost: x\r\n",
          gorRequest("GET /fine"),
        ),
      ),
    );
    expect(reasonsOf(items)).toEqual([
      "the record's first line is not TYPE ID TIME [LATENCY]",
      "the record type is not 1, 2 or 3",
      "the body is shorter than its content-length",
      "the chunked body is cut off",
      "the method is not a word in capitals",
      "the request target is not a path",
      "the request target is not a path",
      "the HTTP head does not end",
    ]);
    expect(requestOf(items).path).toBe("/fine");
  });

  it("responses give status and time to the last byte, before or after their request", async () => {
    const { profile } = await captureTexts({
      "x.gor": gorOf(
        "2 b2 1700000000030000000 5000000\nHTTP/1.1 503 Busy\r\n\r\n",
        gorRequest("GET /first", { id: "a1", ns: "1700000000000000000 1000" }),
        gorRequest("GET /second", { id: "b2", ns: "1700000000010000000 1000" }),
        "2 a1 1700000000002000000 500000\nHTTP/1.1 200 OK\r\n\r\n",
        "3 a1 1700000000002000000 500000\nHTTP/1.1 200 OK\r\n\r\n",
        "2 zz 1700000000002000000 500000\nHTTP/1.1 200 OK\r\n\r\n",
      ),
    });
    expect(profile.records.map(({ status, serviceTimeUs }) => [status, serviceTimeUs])).toEqual([
      [200, 2_500],
      [503, 25_000],
    ]);
    expect(profile.manifest.ledger).toEqual({ records: 2, kept: 2, filtered: 0, rejected: [] });
    expect(profile.manifest.warnings).toEqual([
      "x.gor: 1 replayed responses (type 3) were passed over",
      "x.gor: 1 responses belong to no request that was read",
    ]);
  });

  it("records are sorted by time to the nanosecond, equal ones in file order", async () => {
    const { profile } = await captureTexts({
      "x.gor": gorOf(
        gorRequest("GET /late", { ns: "1700000000000000003" }),
        gorRequest("GET /early", { ns: "1700000000000000001" }),
        gorRequest("GET /also-early", { ns: "1700000000000000001" }),
      ),
    });
    expect(profile.records.map(({ path, offsetNs }) => [path, offsetNs])).toEqual([
      ["/early", 0],
      ["/also-early", 0],
      ["/late", 2],
    ]);
  });

  it("the first 16 digits of an addressed id are the connection, as a pseudonym", async () => {
    const { profile } = await captureTexts({
      "x.gor": gorOf(
        gorRequest("GET /1", { id: "1f900050c0a80001aaaaaaaa" }),
        gorRequest("GET /2", { id: "1f900050c0a80001bbbbbbbb" }),
        gorRequest("GET /3", { id: "1f910050c0a80001aaaaaaaa" }),
      ),
    });
    const [one, two, three] = profile.records.map(({ connection }) => connection);
    expect(one).toBe(two);
    expect(one).not.toBe(three);
    expect(JSON.stringify(profile)).not.toContain("1f900050c0a80001");
    expect(profile.records.map(({ session }) => session)).toEqual([one, two, three]);
  });

  it("what belongs to a connection is left out of the headers, with what `connection` names", async () => {
    const headers =
      "Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nExpect: 100-continue\r\n" +
      "TE: x\r\nProxy-Foo: 1\r\nUpgrade: h2c\r\nAccept: */*\r\n";
    const { profile } = await captureTexts({ "x.gor": gorOf(gorRequest("GET /", { headers })) });
    expect(profile.records[0]?.headers).toEqual([["accept", "*/*"]]);
  });
});
