import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openFileLimit } from "../../src/core/index.ts";
import { connectionsPerArm } from "../../src/run/descriptors.ts";

/** What Linux says in /proc/self/limits. */
const limitsText = (soft: string): string =>
  "Limit                     Soft Limit           Hard Limit           Units     \n" +
  "Max processes             63474                63474                processes \n" +
  `Max open files            ${soft.padEnd(20)} 1048576              files     \n` +
  "Max locked memory         8388608              8388608              bytes     \n";

describe("how many files may be open", () => {
  it("is the soft limit that the system names", () => {
    expect(openFileLimit(() => limitsText("1024"))).toBe(1_024);
    expect(openFileLimit(() => limitsText("unlimited"))).toBe(Number.POSITIVE_INFINITY);
  });

  it("is not known where the system does not say, or says something else", () => {
    expect(openFileLimit(() => "")).toBeNull();
    expect(openFileLimit(() => limitsText("many"))).toBeNull();
    expect(
      openFileLimit(() => {
        throw new Error("ENOENT");
      }),
    ).toBeNull();
  });
});

describe("connections to each arm", () => {
  const limit = openFileLimit(() => limitsText("1024"));

  it("are refused when more are asked for than may be open, with what to do", () => {
    expect(() => connectionsPerArm({ connections: 65_000, inFlightMax: 2_000 }, 2, limit)).toThrow(
      expect.objectContaining({
        code: "USAGE",
        exitCode: 64,
        message:
          "65,000 connections to each of 2 arms need 130,200 open files, and 1,024 are allowed",
        hint: "raise the limit first: ulimit -n 130200 (above the hard limit, as root); or ask for at most 412",
      }),
    );
  });

  const cases = fc.record({
    connections: fc.integer({ min: 1, max: 100_000 }),
    arms: fc.constantFrom(1, 2),
    allowed: fc.integer({ min: 256, max: 200_000 }),
  });
  /** The two numbers of a refusal's hint: files that are needed, and connections that fit. */
  const hintOf = (ask: () => number): readonly number[] | null => {
    try {
      ask();
      return null;
    } catch (thrown) {
      return [...((thrown as { hint?: string }).hint ?? "").matchAll(/\d+/g)].map(Number);
    }
  };

  it("are refused exactly where they, and 200 files of our own, are more than may be open", () => {
    fc.assert(
      fc.property(cases, ({ allowed, arms, connections }) => {
        const wanted = { connections, inFlightMax: 2_000 };
        const fits = connections * arms + 200 <= allowed;
        expect(hintOf(() => connectionsPerArm(wanted, arms, allowed)) === null).toBe(fits);
      }),
    );
  });

  it("are had by doing what the hint says: raise the limit to its number, or ask for as many as it says", () => {
    fc.assert(
      fc.property(cases, ({ allowed, arms, connections }) => {
        const wanted = { connections, inFlightMax: 2_000 };
        const hint = hintOf(() => connectionsPerArm(wanted, arms, allowed));
        fc.pre(hint !== null);
        const [needed = 0, most = 0] = hint ?? [];
        expect(connectionsPerArm(wanted, arms, needed)).toBe(connections);
        expect(connectionsPerArm({ ...wanted, connections: most }, arms, allowed)).toBe(most);
        expect([needed > allowed, most < connections]).toEqual([true, true]);
      }),
    );
  });

  it("are as many as requests in flight, or as fit, when nothing is asked for", () => {
    const wanted = { inFlightMax: 2_000 };
    expect(connectionsPerArm(wanted, 2, 65_536)).toBe(2_000);
    expect(connectionsPerArm(wanted, 2, limit)).toBe(412);
    expect(() => connectionsPerArm(wanted, 1, 100)).toThrow(
      "1 connection to each of 1 arm needs 201 open files, and 100 are allowed",
    );
    expect(connectionsPerArm(wanted, 2, null)).toBe(2_000);
    expect(connectionsPerArm({ ...wanted, connections: 65_000 }, 2, null)).toBe(65_000);
  });
});
