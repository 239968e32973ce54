import { describe, expect, it } from "vitest";
import { NS_PER_S } from "../../src/core/index.ts";
import { type ArrivalSchedule, uniformSchedule } from "../../src/schedule/index.ts";
import { scheduleContract, type Suite, transportContract } from "../../src/testing/index.ts";
import { undiciTransport } from "../../src/replay/index.ts";

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
  const failures = (make: typeof undiciTransport) =>
    failuresOf((suite) => transportContract("changed", make, suite));

  it("catches one that opens more connections than it may", async () => {
    expect(await failures((origin, max) => undiciTransport(origin, max + 1))).toContain(
      "keeps to its number of connections, and answers everything",
    );
  });

  it("catches one that miscounts bytes, or ends twice", async () => {
    const failed = await failures((origin, max) => {
      const transport = undiciTransport(origin, max);
      return {
        ...transport,
        send: (request, identity, sink) =>
          transport.send(request, identity, {
            start: () => sink.start(),
            firstByte: (status) => sink.firstByte(status),
            end(bytesIn) {
              sink.end(bytesIn + 1);
              sink.end(bytesIn);
            },
            fail: (error) => sink.fail(error),
          }),
      };
    });
    expect(failed).toContain("reads a body of 3 MB");
    expect(failed).toContain(
      "ends an exchange once, however often it is given up, before or after its end",
    );
  });
});
