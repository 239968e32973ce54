import { describe, expect, it } from "vitest";
import { NS_PER_S } from "../../src/core/index.ts";
import { type ArrivalSchedule, uniformSchedule } from "../../src/schedule/index.ts";
import { scheduleContract, type Suite, transportContract } from "../../src/testing/index.ts";
import { type ExchangeSink, type MakeTransport, undiciTransport } from "../../src/replay/index.ts";

/** Runs a suite without a test runner, and gives the names of the claims that failed. */
async function failuresOf(run: (suite: Suite) => void): Promise<string[]> {
  const claims: { name: string; body: () => void | Promise<void> }[] = [];
  run({
    describe: (_, body) => body(),
    it: (name, body) => claims.push({ name, body }),
  });
  expect(claims.length).toBeGreaterThan(5);
  const failed: string[] = [];
  for (const { name, body } of claims) {
    try {
      await body();
    } catch {
      failed.push(name);
    }
  }
  return failed;
}

const changed = (change: (whole: ArrivalSchedule) => Partial<ArrivalSchedule>) =>
  failuresOf((suite) =>
    scheduleContract(
      "changed",
      (ratePerSec, durationNs) => {
        const whole = uniformSchedule(ratePerSec, durationNs);
        return { ...whole, ...change(whole) };
      },
      suite,
    ),
  );

describe("the schedule contract", () => {
  it("holds for a sound schedule", async () => expect(await changed(() => ({}))).toEqual([]));

  it.each<[string, (whole: ArrivalSchedule) => Partial<ArrivalSchedule>, RegExp]>([
    [
      "goes backwards",
      (whole) => ({
        *intendedStartsNs(prng, firstSeq) {
          yield 1e6;
          yield* whole.intendedStartsNs(prng, firstSeq);
        },
      }),
      /non-decreasing/,
    ],
    [
      "goes past its end",
      (whole) => ({
        *intendedStartsNs(prng, firstSeq) {
          yield* whole.intendedStartsNs(prng, firstSeq);
          yield whole.durationNs;
        },
      }),
      /below its end/,
    ],
    ["sends nothing", () => ({ intendedStartsNs: () => [] }), /plans its rate/],
    [
      "is drawn all at once",
      (whole) => ({
        *intendedStartsNs(prng, firstSeq) {
          for (let i = 0; i < 50; i++) prng();
          yield* whole.intendedStartsNs(prng, firstSeq);
        },
      }),
      /is lazy/,
    ],
    ["lies about its rate", () => ({ ratePerSec: () => 1 }), /says its rate/],
    ["has another length", () => ({ durationNs: NS_PER_S / 3 }), /below its end/],
  ])("catches one that %s", async (_, change, claim) => {
    expect((await changed(change)).join("; ")).toMatch(claim);
  });
});

describe("the transport contract", () => {
  const failures = (make: MakeTransport) =>
    failuresOf((suite) => transportContract("changed", make, suite));
  /** The transport, with a sink between it and its owner. */
  const telling =
    (change: (sink: ExchangeSink) => Partial<ExchangeSink>): MakeTransport =>
    (target, limits, sink) =>
      undiciTransport(target, limits, {
        started: (exchange) => sink.started(exchange),
        firstByte: (exchange, status) => sink.firstByte(exchange, status),
        ended: (exchange, bytesIn) => sink.ended(exchange, bytesIn),
        failed: (exchange, error) => sink.failed(exchange, error),
        ...change(sink),
      });

  it("catches one that opens more connections than it may", async () => {
    const failed = await failures((target, limits, sink) =>
      undiciTransport(target, { ...limits, connectionsMax: limits.connectionsMax + 1 }, sink),
    );
    expect(failed).toContain("keeps to its number of connections, and answers everything");
  });

  it("catches one that miscounts bytes, or ends twice", async () => {
    const failed = await failures(
      telling((sink) => ({
        ended(exchange, bytesIn) {
          sink.ended(exchange, bytesIn + 1);
          sink.ended(exchange, bytesIn);
        },
      })),
    );
    expect(failed).toContain("reads a body of 3 MB");
    expect(failed).toContain(
      "ends an exchange once, however often it is given up, before or after its end",
    );
  });

  it("catches one that lets sessions share, or keeps no limit", async () => {
    const failed = await failures((target, limits, sink) =>
      undiciTransport(target, { ...limits, keepConnections: false, bodyBytesMax: 1e9 }, sink),
    );
    expect(failed).toContain("gives each session its own connection, when connections are kept");
    expect(failed).toContain("says `too-large` for a body above its limit");
  });
});
