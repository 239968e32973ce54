import { describe, expect, it } from "vitest";
import { answerBodyBytes } from "../../src/capture/http-message.ts";
import { parseColumns } from "../../src/capture/index.ts";
import { captureTexts, gorOf, gorRequest } from "./reading.ts";

const bytesOf = async (...args: Parameters<typeof captureTexts>) =>
  (await captureTexts(...args)).profile.records.map(({ responseBytes }) => responseBytes);

describe("how much was answered", () => {
  it.each([
    ["HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nabcdefg", 7],
    ["HTTP/1.1 200 OK\r\n\r\nabcdefg", 7],
    // Chunks count by what is in them.
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 5],
    ["HTTP/1.1 304 Not Modified\r\nContent-Length: 512\r\n\r\n", 0],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", undefined],
    ["HTTP/1.1 200 OK\r\nContent-Le", undefined],
  ])("of the answer %j", (answer, bytes) => {
    expect(answerBodyBytes(Buffer.from(answer))).toBe(bytes);
  });

  it("of a GoReplay file: of the answer, wherever it stands; of a HEAD, nothing", async () => {
    const answer = (id: string): string =>
      `2 ${id} 1700000000000200000\nHTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n`;
    const ask = (head: string, id: string): string => gorRequest(head, { id });
    const text = gorOf(ask("GET /a", "a1"), answer("a1"), answer("a2"), ask("HEAD /b", "a2"));
    expect(await bytesOf({ "a.gor": `${text}${gorOf(ask("GET /c", "a3"))}` })).toEqual([
      12,
      0,
      undefined,
    ]);
  });

  it("of an archive: as sent, less what compression took off where that is said", async () => {
    const entry = (response: object, second: number) => ({
      startedDateTime: `2026-01-01T00:00:0${second}.000Z`,
      request: { method: "GET", url: "http://shop/", headers: [] },
      response: { status: 200, ...response },
    });
    const entries = [
      entry({ bodySize: 40, content: { size: 100 } }, 1),
      entry({ bodySize: -1, content: { size: 100, compression: 60 } }, 2),
      entry({ bodySize: 0, content: { size: 100 } }, 3),
      entry({ bodySize: 0, content: { size: 0 } }, 4),
      entry({ bodySize: -1 }, 5),
      entry({ bodySize: 5, status: 0 }, 6),
    ];
    expect(await bytesOf({ "a.har": JSON.stringify({ log: { entries } }) })).toEqual([
      40,
      40,
      100,
      0,
      undefined,
      undefined,
    ]);
  });

  it("of a common log, and of a table by its column", async () => {
    const line = (bytes: string): string =>
      `203.0.113.9 - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.1" 200 ${bytes}`;
    const log = ["12", "-", "?"].map(line).join("\n");
    expect(await bytesOf({ "a.log": log })).toEqual([12, 0, undefined]);
    const columns = parseColumns("time=t,method:=GET,path:=/,responseBytes=sent");
    const table = "t,sent\n1700000000,512\n1700000001,512.0\n1700000002,\n1700000003,many\n";
    expect(await bytesOf({ "a.csv": table }, { columns })).toEqual([512, 512, undefined]);
  });
});
