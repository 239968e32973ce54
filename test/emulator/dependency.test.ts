import { describe, expect, it } from "vitest";
import { goodAnswers } from "../../src/emulator/answer.ts";
import { dependencySchema, type HttpSpec } from "../../src/emulator/index.ts";
import { dataFaults } from "../../src/run/data-faults.ts";

const latency = { kind: "constant", value: "1ms" };
const answer = (written: Record<string, unknown>, method = "GET") =>
  goodAnswers(
    "stock",
    dependencySchema.parse({ latency, ...written }) as HttpSpec,
  )({ method, path: "/items?id=1" });
const problem = (written: Record<string, unknown>): string | undefined => {
  const data = { latency, ...written };
  const issues = dependencySchema.safeParse(data).error?.issues ?? [];
  const faults = dataFaults(dependencySchema, issues, { data, what: "a dependency" });
  return faults.map(({ message, path }) => `${path.join(".")}: ${message}`).join("; ");
};

describe("a good answer", () => {
  it("says by default what was asked, as JSON, and may not be kept", () => {
    const { status, headers, body } = answer({});
    expect(status).toBe(200);
    expect(headers).toEqual({
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
    });
    const said = JSON.parse(String(body)) as unknown;
    expect(said).toEqual({ dependency: "stock", method: "GET", path: "/items?id=1" });
  });

  it("may be kept for cacheTtl when it answers a GET, and only then", () => {
    expect(answer({ cacheTtl: "30s" }).headers["cache-control"]).toBe("max-age=30");
    expect(answer({ cacheTtl: "30s" }, "POST").headers["cache-control"]).toBe("no-store");
    const missing = answer({ cacheTtl: "30s", response: { status: 404 } });
    expect(missing.headers["cache-control"]).toBe("no-store");
  });

  it("has the status, the headers and the body that it is given", () => {
    const text = answer({ response: { status: 201, headers: { "x-a": "b" }, body: "hello" } });
    expect(text).toMatchObject({ status: 201, headers: { "x-a": "b" } });
    expect(text.headers["content-type"]).toBe("text/plain; charset=utf-8");
    expect(String(text.body)).toBe("hello");
    expect(String(answer({ response: { body: { price: 3 } } }).body)).toBe('{"price":3}');
    expect(answer({ response: { status: 204 } }).body).toBeNull();
  });
});

describe("a dependency as written", () => {
  it.each([
    ["a header that cannot be sent", { response: { headers: { "x-a": "b\r\nc: d" } } }, /x-a/],
    [
      "its own framing",
      { response: { headers: { "Content-Length": "3" } } },
      /set by the emulator/,
    ],
    ["a cacheTtl of half a second", { cacheTtl: "1500ms" }, /cacheTtl: .*whole seconds/],
    [
      "two rules for caches",
      { cacheTtl: "1s", response: { headers: { "Cache-Control": "private" } } },
      /not both/,
    ],
    ["a word it does not know", { latencies: latency }, /latencies/],
    ["a port that is none", { ports: { control: 70_000 } }, /ports.control/],
    ["errors above 100 %", { errors: { ratio: "101%" } }, /errors.ratio/],
  ])("refuses %s", (_what, written, message) => {
    expect(problem(written)).toMatch(message);
  });
});
