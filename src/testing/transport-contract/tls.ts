import assert from "node:assert/strict";
import type { MakeTransport, TlsOptions } from "../../replay/index.ts";
import { selfSignedCertificate } from "../certificate.ts";
import { collectExchange, exchangeOnce } from "../collect.ts";
import { type LoopbackOptions, loopbackTarget } from "../loopback.ts";
import { rawTarget } from "../raw-target.ts";
import type { Suite } from "../suite.ts";
import { answered, bedOn, OK, requestTo, targetCertificate, unanswered } from "./bed.ts";

/** Certificates, names, and what is not TLS at all. */
export function tls(make: MakeTransport, http2: boolean, { it }: Suite): void {
  const NAME = "shop.example";
  const setup = async (changed: Partial<TlsOptions>, options: LoopbackOptions = {}) => {
    const certificate = targetCertificate();
    const target = await loopbackTarget(() => OK, { http2, certificate, ...options });
    const given = { insecure: false, ca: certificate.cert, ...changed };
    return bedOn(make, target, { ...target.target, http2, tls: given });
  };
  const named = () => ({ certificate: selfSignedCertificate([NAME]) });
  const client = () => selfSignedCertificate(["client.example"]);

  type Case = readonly [string, () => ReturnType<typeof setup>, boolean];
  const cases: readonly Case[] = [
    ["a certificate that it was told to trust", () => setup({}), true],
    ["a certificate that nobody vouches for", () => setup({ ca: undefined }), false],
    ["the same, when told to take any", () => setup({ ca: undefined, insecure: true }), true],
    ["a certificate of another name", () => setup({ servername: "other.example" }), false],
    [
      "a client's certificate where one is asked for",
      () => setup(client(), { clientCa: client().cert }),
      true,
    ],
  ];
  for (const [what, begin, isTaken] of cases) {
    it(`${isTaken ? "is answered with" : "says `connect` for"} ${what}`, async () => {
      await using bed = await begin();
      const story = await exchangeOnce(bed, requestTo(bed.target.origin));
      assert.deepEqual(story, isTaken ? answered(200, 5) : unanswered("connect"));
    });
  }

  it("fails with no client's certificate where one is asked for", async () => {
    await using bed = await setup({}, { clientCa: client().cert });
    const { error } = await exchangeOnce(bed, requestTo(bed.target.origin));
    // Since TLS 1.3 the refusal comes when the client is already through, and a reset that
    // follows it at once may swallow it.
    assert.ok(error === "connect" || error === "reset", String(error));
  });

  it("asks for the name that it is told, and checks that one", async () => {
    const options = named();
    await using bed = await setup({ servername: NAME, ca: options.certificate.cert }, options);
    const story = await exchangeOnce(bed, requestTo(bed.target.origin));
    assert.deepEqual(story, answered(200, 5));
    assert.deepEqual(bed.target.serverNames, [NAME]);
  });

  it("asks for the name of the origin, at the address it is given", async () => {
    const { certificate } = named();
    const target = await loopbackTarget(() => OK, { http2, certificate });
    const origin = target.origin.replace("127.0.0.1", NAME);
    const given = {
      ...target.target,
      origin,
      http2,
      tls: { insecure: false, ca: certificate.cert },
    };
    await using bed = bedOn(make, target, given);
    assert.deepEqual(await exchangeOnce(bed, requestTo(origin)), answered(200, 5));
    assert.deepEqual(bed.target.serverNames, [NAME]);
    const { headers } = bed.target.seen[0]!;
    assert.equal(headers["host"] ?? headers[":authority"], new URL(origin).host);
  });

  it("says `connect` for a target that does not speak TLS", async () => {
    const target = await rawTarget(() => {}, {
      onConnection: (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"),
    });
    const { origin } = target.target;
    const to = { ...target.target, http2, origin: origin.replace("http", "https") };
    await using bed = bedOn(make, target, { ...to, tls: { insecure: true } });
    assert.deepEqual(await exchangeOnce(bed, requestTo(origin)), unanswered("connect"));
  });

  it("closes a connection whose handshake hangs, when its exchange is given up", async () => {
    const closed = Promise.withResolvers<void>();
    const accepted = Promise.withResolvers<void>();
    const target = await rawTarget(() => {}, {
      onConnection: (socket) => {
        socket.once("close", () => closed.resolve());
        accepted.resolve();
      },
    });
    const origin = target.target.origin.replace("http", "https");
    const to = { ...target.target, http2, origin, tls: { insecure: true } };
    await using bed = bedOn(make, target, to, { connectionsMax: 1 });
    const given = collectExchange(bed, requestTo(origin));
    await accepted.promise;
    bed.transport.giveUp(given.exchange, "timeout");
    assert.deepEqual(given.story(), unanswered("timeout"));
    await closed.promise;
  });

  if (http2) {
    it("says `connect` for a target that speaks HTTP/1.1 only", async () => {
      await using bed = await setup({}, { http2: false });
      const story = await exchangeOnce(bed, requestTo(bed.target.origin));
      assert.deepEqual(story, unanswered("connect"));
    });
  }
}
