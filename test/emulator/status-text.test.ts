import { connect as connectHttp2 } from "node:http2";
import { expect, it } from "vitest";
import { stubSchema } from "../../src/emulator/stub/index.ts";
import { CERTIFICATE, dial, partsOf, requestText, stock } from "./deliver-fixture.ts";

const response = { status: 200, statusText: "Fine by mé", body: "0123456789" };

const ways: readonly (readonly [way: string, more: object])[] = [
  ["at once", {}],
  ["in pieces", { transfer: { chunks: 2, chunkGap: "1ms" } }],
  ["line by line", { fault: { kind: "slow-headers", over: "1ms" } }],
  ["and closed", { fault: "early-close" }],
];

it.each(ways)("HTTP/1.1 says a stub's own status text (%s)", async (_way, more) => {
  await using on = await stock({ stubs: [{ response, ...more }] });
  const caller = await dial(on.urlOf("control"));
  caller.socket.write(requestText("/", "GET", "connection: close\r\n"));
  await caller.ended;
  expect(partsOf(caller.text()).status).toBe("HTTP/1.1 200 Fine by mé");
});

it("answers that differ in their status text alone are not taken for each other", async () => {
  const sequence = ["One", "", undefined, "One"].map((statusText) =>
    statusText === undefined ? { body: "a" } : { body: "a", statusText },
  );
  await using on = await stock({ stubs: [{ sequence, then: "cycle" }] });
  const caller = await dial(on.urlOf("control"));
  const last = requestText("/", "GET", "connection: close\r\n");
  caller.socket.write(requestText("/").repeat(4) + last);
  await caller.ended;
  const said = caller.text().match(/HTTP\/1\.1 200 .*?(?=\r\n)/g);
  expect(said).toEqual(["One", "", "OK", "One", "One"].map((text) => `HTTP/1.1 200 ${text}`));
});

it("HTTP/2 has the status alone", async () => {
  await using on = await stock({ tls: CERTIFICATE, stubs: [{ response }] });
  const session = connectHttp2(on.urlOf("control"), { ca: CERTIFICATE.cert });
  const stream = session.request({ ":path": "/" });
  const names = await new Promise<string[]>((resolve, reject) => {
    stream.on("response", (headers) => resolve(Object.keys(headers)));
    stream.on("error", reject);
  });
  stream.resume();
  session.close();
  expect(names.filter((name) => /status|reason/i.test(name))).toEqual([":status"]);
});

it.each(["two\r\nlines", "€", "\u0001"])("%j is no status text", (statusText) => {
  const { error } = stubSchema.safeParse({ response: { statusText } });
  expect(error?.issues).toMatchObject([
    { path: ["response", "statusText"], message: "is one line of Latin-1" },
  ]);
});
