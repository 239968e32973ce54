import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { requestIdOf, traceparentOf } from "../../src/core/index.ts";
import { Conduct } from "../../src/emulator/conduct.ts";
import { dependencySchema, type HttpSpec } from "../../src/emulator/index.ts";
import { asked as askedCall, WORLD } from "./asked.ts";

const RUN_ID = "0123456789abcdef";
const NO_BODY = Buffer.alloc(0);

const spec = dependencySchema.parse({
  latency: { kind: "lognormal", median: "80ms", sigma: 0.7 },
  errors: { ratio: "30%" },
}) as HttpSpec;

const conductOf = (overrides: Partial<ConstructorParameters<typeof Conduct>[0]> = {}) =>
  new Conduct({
    dependency: "payments",
    spec,
    seed: "seed",
    runId: RUN_ID,
    world: WORLD,
    wallMsAt: (nowNs) => nowNs / 1e6,
    onEvict: () => {},
    ...overrides,
  });

interface Planned {
  readonly seq: number;
  readonly path: string;
}

const asked = (path: string, identity: { traceparent?: string; requestId?: string } = {}) =>
  askedCall({
    path,
    headers: { traceparent: identity.traceparent, "x-request-id": identity.requestId },
  });

const decide = (conduct: Conduct, { seq, path }: Planned, armIndex: number) => {
  const traceparent = traceparentOf({ runId: RUN_ID, seq, armIndex });
  const { answer, delayUs, attempt } = conduct.decide(asked(path, { traceparent }), NO_BODY, 0);
  return { status: answer.status, delayUs, attempt };
};

const ask = (conduct: Conduct, path: string, traceparent?: string) =>
  conduct.decide(asked(path, traceparent === undefined ? {} : { traceparent }), NO_BODY, 0);

const planned = fc.record({
  seq: fc.integer({ min: 0, max: 30 }),
  path: fc.constantFrom("/a", "/b?x=1", "/c"),
});

describe("luck", () => {
  it("is the same in both arms, whatever other calls one of them makes in between", () => {
    const calls = fc.array(fc.tuple(planned, fc.array(planned, { maxLength: 3 })));
    const property = fc.property(calls, (interleaved) => {
      const [control, variant] = [conductOf(), conductOf()];
      for (const [call, extras] of interleaved) {
        const expected = decide(control, call, 0);
        // The variant's further calls are of other requests, or of this one to other paths.
        for (const extra of extras) {
          decide(variant, { seq: 1_000 + extra.seq, path: extra.path }, 1);
          decide(variant, { seq: call.seq, path: "/only-the-variant" }, 1);
        }
        expect(decide(variant, call, 1)).toEqual(expected);
      }
    });
    fc.assert(property);
  });

  it("is the same on whichever machine a request's calls are emulated: it is nobody's turn", () => {
    const MACHINES = 3;
    const placed = fc.record({
      machineOf: fc.func(fc.nat(MACHINES - 1)),
      calls: fc.array(planned),
    });
    const property = fc.property(placed, ({ calls, machineOf }) => {
      const alone = conductOf();
      const machines = Array.from({ length: MACHINES }, () => conductOf());
      for (const call of calls) {
        const machine = machines[machineOf(call.seq)]!;
        expect(decide(machine, call, 0)).toEqual(decide(alone, call, 0));
      }
    });
    fc.assert(property);
  });

  it("is drawn afresh for each attempt, path, body, request, dependency and seed", () => {
    const call = { seq: 5, path: "/a" };
    const traceparent = traceparentOf({ runId: RUN_ID, seq: 5, armIndex: 0 });
    const conduct = conductOf();
    const delays = [
      decide(conduct, call, 0),
      decide(conduct, call, 0),
      decide(conduct, { seq: 5, path: "/b" }, 0),
      decide(conduct, { seq: 6, path: "/a" }, 0),
      decide(conductOf({ seed: "another" }), call, 0),
      decide(conductOf({ dependency: "stock" }), call, 0),
      conduct.decide(asked("/a", { traceparent }), Buffer.from("body"), 0),
    ].map(({ delayUs }) => delayUs);
    expect(new Set(delays).size).toBe(delays.length);
  });

  it("is the same by x-request-id as by traceparent", () => {
    const identity = { runId: RUN_ID, seq: 7, armIndex: 1 };
    const byTrace = decide(conductOf(), { seq: 7, path: "/a" }, 1);
    const byId = conductOf().decide(asked("/a", { requestId: requestIdOf(identity) }), NO_BODY, 0);
    expect(byId.seq).toBe(7);
    expect(byId.delayUs).toBe(byTrace.delayUs);
  });

  it("without an identity follows what is asked and how often, not the order of other calls", () => {
    const [control, variant] = [conductOf(), conductOf()];
    const inControl = [ask(control, "/a"), ask(control, "/a"), ask(control, "/b")];
    ask(variant, "/c");
    const b = ask(variant, "/b");
    const foreign = traceparentOf({ runId: "f".repeat(16), seq: 5, armIndex: 0 });
    const inVariant = [ask(variant, "/a", foreign), ask(variant, "/a"), b];
    expect(inVariant.map(({ delayUs }) => delayUs)).toEqual(
      inControl.map(({ delayUs }) => delayUs),
    );
    expect(inVariant.map(({ seq, attempt }) => [seq, attempt])).toEqual([
      [-1, 1],
      [-1, 2],
      [-1, 1],
    ]);
  });
});

describe("attempt numbers", () => {
  it("are kept in bounded memory: the call longest unseen is forgotten, and that is counted", () => {
    let evictions = 0;
    const conduct = conductOf({ ordinalsMax: 3, onEvict: () => void evictions++ });
    const paths = ["/a", "/b", "/c", "/a", "/d", "/a", "/b"];
    const anonymous = paths.map((path) => conduct.decide(asked(path), NO_BODY, 0).attempt);
    expect(anonymous).toEqual([1, 1, 1, 2, 1, 3, 1]);
    expect(evictions).toBe(2);
    // With identity, what is forgotten is of requests that have long ended: nobody has to know.
    const named = paths.map((path) => decide(conduct, { seq: 1, path }, 0).attempt);
    expect(named).toEqual([1, 1, 1, 2, 1, 3, 1]);
    expect(evictions).toBe(2);
  });
});

describe("the order of decisions", () => {
  it("a limited call is answered at once; a failed one takes the latency that was drawn", () => {
    const conduct = conductOf({
      spec: dependencySchema.parse({
        latency: { kind: "constant", value: "80ms" },
        errors: { ratio: 1, status: 500 },
        limit: { kind: "token-bucket", rate: "1/s", burst: 1 },
      }) as HttpSpec,
    });
    const failed = conduct.decide(asked("/a"), NO_BODY, 0);
    expect(failed).toMatchObject({ outcome: "error", delayUs: 80_000, answer: { status: 500 } });
    const limited = conduct.decide(asked("/a"), NO_BODY, 1e6);
    expect(limited).toMatchObject({ outcome: "limited", delayUs: 0, retryAfterMs: 999 });
    expect(limited.answer.headers["Retry-After"]).toBe("1");
  });
});
