import * as fc from "fast-check";
import { DROP_REASONS, ERROR_KINDS, type Observation } from "../../src/measure/index.ts";

const planned = {
  arm: fc.nat(1),
  stage: fc.nat(3),
  seq: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  route: fc.nat(9),
  intendedNs: fc.double({ min: 0, max: 1e14, noNaN: true }),
};
/** Parts of an exchange's time, each within what the spool's 100 ns units can say. */
const partNs = fc.oneof(
  fc.constant(0),
  fc.nat(1_000_000),
  fc.double({ min: 0, max: 120e9, noNaN: true }),
);
const started = {
  lagNs: partNs,
  connectionShare: fc.double({ min: 0, max: 1, noNaN: true }),
  waitNs: partNs,
  restNs: partNs,
};

/** Any observation whose times are in order. */
export const observations: fc.Arbitrary<Observation> = fc.oneof(
  fc
    .record({
      ...planned,
      ...started,
      status: fc.integer({ min: 200, max: 599 }),
      bytesIn: fc.nat(),
      bytesOut: fc.nat(),
    })
    .map(({ lagNs, connectionShare, waitNs, restNs, ...common }) => {
      const startNs = common.intendedNs + lagNs;
      const firstByteNs = startNs + waitNs;
      return {
        kind: "response" as const,
        ...common,
        startNs,
        connectionWaitNs: lagNs * connectionShare,
        firstByteNs,
        endNs: firstByteNs + restNs,
      };
    }),
  fc
    .record({ ...planned, ...started, error: fc.constantFrom(...ERROR_KINDS) })
    .map(({ lagNs, connectionShare, waitNs, restNs, ...common }) => {
      const startNs = common.intendedNs + lagNs;
      return {
        kind: "error" as const,
        ...common,
        startNs,
        connectionWaitNs: lagNs * connectionShare,
        endNs: startNs + waitNs + restNs,
      };
    }),
  fc
    .record({
      ...planned,
      reason: fc.constantFrom(...DROP_REASONS),
      count: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    })
    .map((common) => ({ kind: "dropped" as const, ...common })),
);
