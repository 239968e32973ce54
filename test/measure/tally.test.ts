import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  generatorLagUs,
  lagCause,
  type Observation,
  responseTimeUs,
  serviceTimeUs,
  type Tally,
} from "../../src/measure/index.ts";
import { observations } from "./arbitrary.ts";
import { tallyOf as tallyWith } from "./tally-of.ts";

const CAP_NS = 10e9;

const tallyOf = (all: readonly Observation[]): Tally => tallyWith(all, CAP_NS);

/** How many starts observations stand for: one of the dropped may be for many. */
const countOf = (all: readonly Observation[]): number =>
  all.reduce((total, each) => total + (each.kind === "dropped" ? each.count : 1), 0);

const sum = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((total, count) => total + count, 0);

describe("the tally", () => {
  it("is an exact ledger: planned = responses + errors + dropped, each by its reason", () => {
    fc.assert(
      fc.property(fc.array(observations), (all) => {
        const tally = tallyOf(all);
        const ofKind = (kind: string): number => countOf(all.filter((each) => each.kind === kind));
        expect(tally.planned).toBe(countOf(all));
        expect(tally.responses).toBe(ofKind("response"));
        expect(tally.errors).toBe(ofKind("error"));
        expect(tally.dropped).toBe(ofKind("dropped"));
        expect(sum(tally.statusCounts)).toBe(tally.responses);
        expect(sum(tally.errorCounts)).toBe(tally.errors);
        expect(sum(tally.dropCounts)).toBe(tally.dropped);
        const { connectionWait, responseTime, serviceTime, startLag } = tally;
        for (const { count } of [responseTime, serviceTime, startLag, connectionWait]) {
          expect(count).toBe(tally.responses + tally.errors);
        }
      }),
    );
  });

  it("counts every status, error and reason under its own name", () => {
    fc.assert(
      fc.property(fc.array(observations), (all) => {
        const tally = tallyOf(all);
        for (const [status, count] of tally.statusCounts) {
          const same = all.filter(
            (each) => each.kind === "response" && String(each.status) === status,
          );
          expect(count).toBe(same.length);
        }
        for (const [error, count] of tally.errorCounts) {
          expect(count).toBe(
            all.filter((each) => each.kind === "error" && each.error === error).length,
          );
        }
        for (const [reason, count] of tally.dropCounts) {
          expect(count).toBe(
            countOf(all.filter((each) => each.kind === "dropped" && each.reason === reason)),
          );
        }
      }),
    );
  });

  it("starts more than a millisecond late are late", () => {
    const startedAfter = (lagNs: number): Observation => ({
      ...ERROR,
      startNs: ERROR.intendedNs + lagNs,
    });
    const { connection, generator } = tallyOf(
      [0, 1_000_000, 1_000_001, 5e6].map(startedAfter),
    ).lateStarts;
    expect({ connection, generator }).toEqual({ connection: 0, generator: 2 });
  });

  it("lateness is the doing of what took the larger part of it", () => {
    const late = (connectionWaitNs: number): Observation => ({
      ...ERROR,
      startNs: ERROR.intendedNs + 4e6,
      connectionWaitNs,
    });
    const all = [0, 1e6, 2e6, 2e6 + 1, 4e6].map(late);
    expect(tallyOf(all).lateStarts).toEqual({ generator: 3, connection: 2 });
    const generatorLags = all.map((each) => each.kind === "error" && generatorLagUs(each));
    expect(generatorLags).toEqual([4_000, 3_000, 2_000, 1_999.999, 0]);
  });

  it("every late start is somebody's doing, and the parts of a lag add up", () => {
    fc.assert(
      fc.property(fc.array(observations), (all) => {
        const { lateStarts } = tallyOf(all);
        const started = all.flatMap((each) => (each.kind === "dropped" ? [] : [each]));
        const late = started.filter((each) => each.startNs - each.intendedNs > 1e6);
        expect(lateStarts.generator + lateStarts.connection).toBe(late.length);
        const wrong = started.filter((each) => {
          const lagUs = (each.startNs - each.intendedNs) / 1e3;
          const ownUs = generatorLagUs(each);
          const whose = ownUs >= lagUs / 2 ? "generator" : "connection";
          const addsUp = Math.abs(ownUs + each.connectionWaitNs / 1e3 - lagUs) < 0.001;
          // At one half exactly, rounding decides.
          const even = Math.abs(ownUs - lagUs / 2) < 0.001;
          return !addsUp || !(even || lagCause(each) === whose);
        });
        expect(wrong).toEqual([]);
      }),
    );
  });
});

const ERROR = {
  kind: "error",
  arm: 0,
  stage: 0,
  seq: 0,
  route: 0,
  intendedNs: 1e9,
  startNs: 1.5e9,
  connectionWaitNs: 0,
  endNs: 2e9,
  error: "reset",
} as const;

describe("what a request counts with", () => {
  it("an answer: from the intended start, and from the start itself, however long", () => {
    const answer = {
      ...ERROR,
      kind: "response",
      firstByteNs: 2e9,
      status: 200,
      bytesIn: 0,
      bytesOut: 0,
    } as const;
    expect(responseTimeUs(answer, 1)).toBe(1_000_000);
    expect(serviceTimeUs(answer, 1)).toBe(500_000);
  });

  it("a failure: the timeout, or what it took when that was longer", () => {
    expect(responseTimeUs(ERROR, CAP_NS)).toBe(CAP_NS / 1_000);
    expect(serviceTimeUs(ERROR, CAP_NS)).toBe(CAP_NS / 1_000);
    expect(responseTimeUs(ERROR, 0.75e9)).toBe(1_000_000);
    expect(serviceTimeUs(ERROR, 0.75e9)).toBe(750_000);
  });
});
