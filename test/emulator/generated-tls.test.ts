import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import { once } from "node:events";
import { Agent, request } from "undici";
import { describe, expect, it } from "vitest";
import { startEmulator } from "../../src/emulator/index.ts";
import { generateIdentity } from "../../src/emulator/listen/generated-identity.ts";
import { emulate } from "../../src/testing/index.ts";
import { Scratch } from "../e2e/cli.ts";
import { optionsOf, STARTS } from "./emulator-fixture.ts";

const INSTANT = { latency: { kind: "constant", value: "0ms" } } as const;
const GENERATED = { ...INSTANT, tls: "generated" } as const;

/** The status of an answer, or why there is none. */
async function statusOf(url: string, ca: string | null, allowH2 = false): Promise<string> {
  const agent = new Agent({ connect: ca === null ? {} : { ca }, allowH2 });
  try {
    const answer = await request(url, { dispatcher: agent });
    await answer.body.dump();
    return String(answer.statusCode);
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code ?? String(thrown);
  } finally {
    await agent.destroy();
  }
}

describe("tls: generated", () => {
  it.each(STARTS)("%s: all its dependencies are trusted by one authority", async (_name, start) => {
    await using emulator = await start(optionsOf({ stock: GENERATED, payments: GENERATED }));
    const { addresses, authority } = emulator;
    for (const url of Object.values(addresses).flatMap((byArm) => Object.values(byArm))) {
      expect(url).toMatch(/^https:/);
      expect(await statusOf(url, authority)).toBe("200");
      expect(await statusOf(url.replace("127.0.0.1", "localhost"), authority, true)).toBe("200");
    }
  });

  it("is trusted by nobody who was not told, nor by one who trusts another emulator", async () => {
    await using one = await emulate(GENERATED);
    await using other = await emulate(GENERATED);
    expect(await statusOf(one.url, null)).toMatch(/^UNABLE_TO_|^SELF_SIGNED_/);
    expect(await statusOf(one.url, other.ca)).toMatch(/^UNABLE_TO_|^SELF_SIGNED_|SIGNATURE/);
    expect(await statusOf(one.url, one.ca)).toBe("200");
  });

  it("agrees on HTTP/2", async () => {
    await using on = await emulate(GENERATED);
    const { hostname, port } = new URL(on.url);
    const socket = connect({
      host: hostname,
      port: Number(port),
      ca: on.ca!,
      ALPNProtocols: ["h2", "http/1.1"],
    });
    await once(socket, "secureConnect");
    expect(socket.alpnProtocol).toBe("h2");
    socket.destroy();
  });

  it("no authority is made where none is asked for", async () => {
    await using emulator = await startEmulator(optionsOf({ stock: INSTANT }));
    expect(emulator.authority).toBeNull();
  });
});

describe("a generated identity", () => {
  const at = new Date();
  const NAMES = ["localhost", "127.0.0.1", "::1", "stock.test"];

  it("holds for its names and no other, from the day before for a year", async () => {
    const { authority, cert } = await generateIdentity(NAMES, at);
    const [root, leaf] = [authority, cert].map((pem) => new X509Certificate(pem)) as [
      X509Certificate,
      X509Certificate,
    ];
    expect([leaf.checkHost("localhost"), leaf.checkHost("stock.test")]).toEqual([
      "localhost",
      "stock.test",
    ]);
    expect([leaf.checkIP("127.0.0.1"), leaf.checkIP("::1")]).toEqual(["127.0.0.1", "::1"]);
    expect([leaf.checkHost("example.test"), leaf.checkIP("127.0.0.2")]).toEqual([
      undefined,
      undefined,
    ]);
    for (const certificate of [root, leaf]) {
      expect(certificate.validFromDate.getTime()).toBeLessThan(at.getTime());
      const days = (certificate.validToDate.getTime() - at.getTime()) / 86_400_000;
      expect(days).toBeGreaterThan(364);
    }
    expect([root.ca, leaf.ca]).toEqual([true, false]);
    expect(leaf.checkIssued(root)).toBe(true);
  });

  it("is what OpenSSL takes for a server's when it is strict", async () => {
    using scratch = new Scratch();
    const { authority, cert } = await generateIdentity(NAMES, at);
    const files = [scratch.file("ca.pem", authority), scratch.file("cert.pem", cert)] as const;
    const strict = ["verify", "-x509_strict", "-purpose", "sslserver", "-verify_ip", "::1"];
    const said = execFileSync("openssl", [...strict, "-CAfile", ...files], { encoding: "utf8" });
    expect(said).toBe(`${files[1]}: OK\n`);
  });
});
