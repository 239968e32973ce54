import { describe, expect, it } from "vitest";
import { reach, type TlsOptions } from "../../src/replay/index.ts";
import {
  loopbackTarget,
  rawTarget,
  selfSignedCertificate,
  type LoopbackOptions,
} from "../../src/testing/index.ts";

const never = new AbortController().signal;
const reached = (url: string, tls: TlsOptions | null = null, signal = never) =>
  reach({ arm: "control", url, tls, http2: false }, signal);
const serving = (options: LoopbackOptions = {}) =>
  loopbackTarget(() => ({ kind: "answer", status: 500 }), options);
const certificate = selfSignedCertificate(["127.0.0.1"]);

describe("reaching an arm", () => {
  it("gives its address, and asks it nothing", async () => {
    await using target = await serving();
    expect(await reached(`${target.origin}/`)).toEqual({
      origin: target.origin,
      address: "127.0.0.1",
      tls: null,
      http2: false,
    });
    expect(target.seen).toEqual([]);
  });

  it("looks its name up: what the transport is told is an address", async () => {
    await using target = await serving();
    const url = target.origin.replace("127.0.0.1", "localhost");
    const { address, origin } = await reached(url);
    expect(origin).toBe(url);
    expect(address).toBe("127.0.0.1");
  });

  it("that refuses is named, with what to do", async () => {
    const target = await serving();
    await target.refuse();
    await expect(reached(target.origin)).rejects.toThrow(
      expect.objectContaining({
        code: "TARGET_UNREACHABLE",
        exitCode: 69,
        message: `arm control: cannot reach ${target.origin}: it refuses connections`,
        hint: "start it first, or correct the address",
      }),
    );
  });

  it("of an unknown name says that it is the name", async () => {
    const message =
      /^arm control: cannot reach http:\/\/no-such-host\.invalid:8080: its name .*\(DNS\)$/;
    await expect(reached("http://no-such-host.invalid:8080")).rejects.toThrow(
      expect.objectContaining({
        code: "TARGET_UNREACHABLE",
        message: expect.stringMatching(message) as string,
      }),
    );
  });

  it("is over when the run is interrupted", async () => {
    // Takes connections, and never says hello.
    await using silent = await rawTarget(() => {});
    const url = silent.target.origin.replace("http:", "https:");
    const stopping = new AbortController();
    const reaching = reached(url, { insecure: true }, stopping.signal);
    stopping.abort(new Error("interrupted"));
    await expect(reaching).rejects.toThrow("interrupted");
  });
});

describe("reaching an arm over TLS", () => {
  it("trusts the authority that is given, for the name that is given", async () => {
    await using target = await serving({ certificate });
    const tls = { ca: certificate.cert, insecure: false };
    expect(await reached(target.origin, tls)).toEqual({
      origin: target.origin,
      address: "127.0.0.1",
      tls,
      http2: false,
    });
    const other = { ...tls, servername: "shop.example" };
    await expect(reached(target.origin, other)).rejects.toThrow(/shop\.example/);
  });

  it("that nobody vouches for is refused with what to do, and taken when told to", async () => {
    await using target = await serving({ certificate });
    await expect(reached(target.origin, { insecure: false })).rejects.toThrow(
      expect.objectContaining({
        code: "TARGET_UNREACHABLE",
        hint: expect.stringContaining("--insecure") as string,
      }),
    );
    expect(await reached(target.origin, { insecure: true })).toMatchObject({
      tls: { insecure: true },
    });
  });

  it.each([
    ["an authority", { ca: "-----BEGIN CERTIFICATE-----\nnonsense\n" }],
    ["a client's certificate", { cert: "nonsense", key: "nonsense" }],
  ])("with %s that is none is a fault of what was given, not of ours", async (_, files) => {
    await using target = await serving({ certificate });
    await expect(reached(target.origin, { insecure: false, ...files })).rejects.toThrow(
      expect.objectContaining({
        code: expect.stringMatching(/^(?:USAGE|TARGET_UNREACHABLE)$/) as string,
      }),
    );
  });
});
