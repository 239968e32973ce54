import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { tlsOptions } from "../../src/run/tls-files.ts";
import { scratch } from "./run-fixture.ts";

const folder = scratch();
afterAll(() => folder.remove());
const arm = (url: string, tls?: Parameters<typeof tlsOptions>[0]["tls"]) =>
  tlsOptions({ url, headers: {}, http2: false, tls }, folder.path);

describe("an arm's TLS options", () => {
  it("hold the texts of the files, which are named from the scenario's folder", () => {
    for (const name of ["ca", "cert", "key"]) writeFileSync(join(folder.path, name), `the ${name}`);
    const files = { ca: "ca", cert: "./cert", key: join(folder.path, "key") };
    expect(arm("https://shop", { ...files, servername: "shop.example", insecure: true })).toEqual({
      ca: "the ca",
      cert: "the cert",
      key: "the key",
      servername: "shop.example",
      insecure: true,
    });
  });

  it("are none for plain http, and check certificates unless told otherwise", () => {
    expect(arm("http://shop")).toBeNull();
    expect(arm("https://shop")).toMatchObject({ insecure: false });
  });

  it.each([
    ["is not there", "none.pem", "FILE_NOT_FOUND"],
    ["is a folder", "a-folder", "FILE_UNREADABLE"],
  ])("of a file that %s say which", (_, ca, code) => {
    mkdirSync(join(folder.path, "a-folder"), { recursive: true });
    expect(() => arm("https://shop", { ca, insecure: false })).toThrow(
      expect.objectContaining({
        code,
        message: expect.stringContaining(join(folder.path, ca)) as string,
      }),
    );
  });
});
