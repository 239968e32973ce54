import { request } from "undici";
import { describe, expect, it } from "vitest";
import { Changes, startAdmin, startEmulator } from "../../src/emulator/index.ts";
import { dependencyReader } from "../../src/run/emulated-file.ts";
import { optionsOf, STARTS } from "./emulator-fixture.ts";

const WRITTEN = { latency: { kind: "constant", value: "0ms" }, errors: { ratio: 1, status: 500 } };

async function admin(start: typeof startEmulator, stock: object = WRITTEN) {
  const written = { stock: { ...stock } };
  const emulator = await start({ ...optionsOf(written), journal: 3 });
  const read = dependencyReader({
    dir: ".",
    manifestOf: () => Promise.reject(new Error("no fit is asked for")),
    warn() {},
  });
  const changes = new Changes(emulator, written, read);
  const served = await startAdmin({ emulator, changes });
  const ask = async (method: string, path: string, more: object = {}) => {
    const { body, headers, statusCode } = await request(`${served.address}${path}`, {
      method: method as "GET",
      ...more,
    });
    const text = await body.text();
    const isJson = String(headers["content-type"]).startsWith("application/json");
    return { status: statusCode, text, json: isJson ? (JSON.parse(text) as unknown) : null };
  };
  const call = async (path = "/"): Promise<number> => {
    const { body, statusCode } = await request(`${emulator.addresses["stock"]!["control"]}${path}`);
    await body.dump();
    return statusCode;
  };
  return {
    ask,
    call,
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]();
      await emulator.stop();
    },
  };
}

describe.each(STARTS)("the admin API over an emulator %s", (_where, start) => {
  it("changes a dependency while it is served, field by field or whole", async () => {
    await using bed = await admin(start);
    expect(await bed.call()).toBe(500);
    const patched = await bed.ask("PATCH", "/dependencies/stock", { body: '{"errors": null}' });
    expect(patched.json).toMatchObject({ written: { latency: WRITTEN.latency } });
    expect(await bed.call()).toBe(200);
    const response = { status: 418 };
    const whole = JSON.stringify({ latency: WRITTEN.latency, response });
    expect((await bed.ask("PUT", "/dependencies/stock", { body: whole })).status).toBe(200);
    expect(await bed.call()).toBe(418);
    expect((await bed.ask("GET", "/dependencies")).json).toMatchObject({
      stock: { written: { response }, arms: { control: { calls: 3, errors: 1 }, variant: {} } },
    });
  });

  it("tells the last calls, and forgets them", async () => {
    await using bed = await admin(start);
    for (const path of ["/a", "/b", "/c", "/d"]) await bed.call(path);
    const paths = async (query: string) =>
      ((await bed.ask("GET", `/journal${query}`)).json as { path: string }[]).map(
        ({ path }) => path,
      );
    expect(await paths("")).toEqual(["/b", "/c", "/d"]);
    expect(await paths("?limit=1&arm=control")).toEqual(["/d"]);
    expect(await paths("?arm=variant")).toEqual([]);
    expect((await bed.ask("DELETE", "/journal")).status).toBe(204);
    expect(await paths("")).toEqual([]);
  });

  it("tells the states of stubs, and puts them into others, in all arms or in one", async () => {
    const job = { request: { path: "/job" }, scenario: "job" };
    const stubs = [
      { ...job, whenState: "Started", thenState: "Done", response: { status: 202 } },
      { ...job, whenState: "Done", response: { status: 204 } },
    ];
    await using bed = await admin(start, { latency: WRITTEN.latency, stubs });
    const states = async () => (await bed.ask("GET", "/states")).json;
    const inStates = (control: string, variant: string) => ({
      stock: { control: { job: control }, variant: { job: variant } },
    });
    expect([await bed.call("/job"), await states()]).toEqual([202, inStates("Done", "Started")]);
    const put = (body: string, query = "") => bed.ask("PUT", `/states/stock${query}`, { body });
    expect((await put('{"job": "Started"}')).json).toEqual(inStates("Started", "Started").stock);
    await put('{"job": "Done"}', "?arm=variant");
    expect(await states()).toEqual(inStates("Started", "Done"));
    for (const [body, query] of [
      ['{"jab": "Done"}', ""],
      ['{"job": 1}', ""],
      ['{"job": "Done"}', "?arm=third"],
    ] as const) {
      expect((await put(body, query)).status).toBe(400);
    }
    expect(await bed.call("/job")).toBe(202);
  });

  it("counts for Prometheus", async () => {
    await using bed = await admin(start);
    await bed.call();
    const { text } = await bed.ask("GET", "/metrics");
    expect(text).toContain('shakedown_emulator_calls_total{dependency="stock",arm="control"} 1\n');
    expect(text).toContain("# TYPE shakedown_emulator_in_flight gauge\n");
  });
});

describe("the admin API", () => {
  it.each([
    ["no such thing", "GET", "/nothing", {}, 404, /there is no GET/],
    ["no such dependency", "PATCH", "/dependencies/stick", { body: "{}" }, 404, /stick/],
    ["states of nobody", "PUT", "/states/stick", { body: "{}" }, 404, /stick/],
    ["more than a name", "GET", "/dependencies/stock/x", {}, 404, /there is no GET/],
    ["no JSON", "PATCH", "/dependencies/stock", { body: "{" }, 400, /not JSON/],
    ["a list", "PATCH", "/dependencies/stock", { body: "[]" }, 400, /not an object/],
    ["nonsense", "PATCH", "/dependencies/stock", { body: '{"latency":{"kind":"x"}}' }, 400, /kind/],
    ["a port", "PATCH", "/dependencies/stock", { body: '{"ports":{"control":80}}' }, 400, /ports/],
    ["calls of nobody", "GET", "/journal?dependency=stick", {}, 404, /stick/],
    ["calls of no arm", "GET", "/journal?arm=third", {}, 404, /third.*control/],
    ["a misspelt parameter", "GET", "/journal?limt=5", {}, 400, /limt.*limit/],
    ["a limit of none", "GET", "/journal?limit=0", {}, 400, /limit/],
    ["a broken escape", "GET", "/dependencies/%zz", {}, 400, /percent/],
    ["a page's request", "POST", "/reset", { headers: { origin: "http://evil" } }, 403, /browser/],
    [
      "a name that is not ours",
      "POST",
      "/reset",
      { headers: { host: "evil.test" } },
      403,
      /address/,
    ],
    ["too much", "PUT", "/dependencies/stock", { body: "x".repeat(1_000_001) }, 413, /1 MB/],
  ])(
    "answers %s with the reason, and changes nothing",
    async (_what, method, path, more, status, why) => {
      await using bed = await admin(startEmulator);
      const reply = await bed.ask(method, path, more);
      expect(reply.status).toBe(status);
      expect(JSON.stringify(reply.json)).toMatch(why);
      expect(await bed.call()).toBe(500);
    },
  );
});
