import { describe, expect, it } from "vitest";
import { NS_PER_S, type Prng, seededPrng } from "../../src/core/index.ts";
import { createLimiter, limitSchema } from "../../src/emulator/index.ts";
import { fitLimit, type LimitedCalls, writtenLimit } from "../../src/stats/index.ts";

const exponential = (mean: number, prng: Prng): number => -mean * Math.log1p(-prng());

interface Traffic {
  readonly calls: number;
  readonly seed: string;
  /** How much the caller's clock and the network may shift what is seen. */
  readonly jitterUs?: number;
}

/** Traffic that is 120/s for a third of the time and 30/s else, against one of our own limiters. */
function play(written: object, { calls, jitterUs = 0, seed }: Traffic): LimitedCalls {
  const limiter = createLimiter(limitSchema.parse(written), {
    wallMsAt: (nowNs) => 1_700_000_000_123 + nowNs / 1e6,
  });
  const prng = seededPrng(seed);
  const asked = { method: "GET", path: "/", headers: {}, requestBytes: 0, client: "" };
  const call = { ...asked, nowNs: 0, inFlight: 1, ratePerSec: 0 };
  let nowS = 0;
  let under: { readonly endS: number; readonly release: (() => void) | null }[] = [];
  const seen = Array.from({ length: calls }, () => {
    nowS += exponential(Math.floor(nowS / 7) % 3 === 0 ? 1 / 120 : 1 / 30, prng);
    for (const one of under) if (one.endS <= nowS) one.release?.();
    under = under.filter(({ endS }) => endS > nowS);
    const admission = limiter.admit(call, nowS * NS_PER_S);
    const endS = nowS + (admission.kind === "admitted" ? exponential(0.05, prng) : 0.001);
    if (admission.kind === "admitted") under.push({ endS, release: admission.release });
    const refused = admission.kind === "limited" ? 1 : 0;
    return { atUs: nowS * 1e6 - prng() * jitterUs, endUs: endS * 1e6, refused };
  }).toSorted((a, b) => a.atUs - b.atUs);
  return {
    atUs: Float64Array.from(seen, ({ atUs }) => atUs),
    endUs: Float64Array.from(seen, ({ endUs }) => endUs),
    refused: Uint8Array.from(seen, ({ refused }) => refused),
  };
}

/** Limits as a scenario writes them, and what a fit of their refusals must write. */
const LIMITS: readonly (readonly [object, calls: number])[] = [
  [{ kind: "token-bucket", rate: "50/s", burst: 20 }, 4_000],
  [{ kind: "token-bucket", rate: "7.3/s", burst: 100 }, 4_000],
  [{ kind: "fixed-window", limit: 100, window: "5s" }, 4_000],
  [{ kind: "fixed-window", limit: 600, window: "60s", begins: "first-call" }, 15_000],
  [{ kind: "sliding-window", limit: 45, window: "1s" }, 4_000],
  [{ kind: "concurrency", max: 4 }, 4_000],
];

/** Every number of a limit, durations in µs. */
const numbersOf = (written: object): number[] =>
  Object.values(limitSchema.parse(written) as { rules: readonly { algorithm: object }[] })
    .flatMap((part) => (Array.isArray(part) ? (part as { algorithm: object }[]) : []))
    .flatMap(({ algorithm }) => Object.values(algorithm).filter((x) => typeof x === "number"));

describe("limit fit", () => {
  it.each(LIMITS)("%j is found again, to the last digit", (written, calls) => {
    const fit = fitLimit(play(written, { calls, seed: "limit" }));
    expect(fit).toMatchObject({ told: true, precision: 1, recall: 1 });
    expect(limitSchema.parse(writtenLimit(fit.law!))).toEqual(limitSchema.parse(written));
  });

  it.each(LIMITS)(
    "%j is found to 3 %% by a caller whose clock is off by 2 ms",
    (written, calls) => {
      const fit = fitLimit(play(written, { calls, seed: "jitter", jitterUs: 2_000 }));
      expect(fit.told).toBe(true);
      const found = writtenLimit(fit.law!);
      expect(found.kind).toBe((written as { kind: string }).kind);
      for (const [index, wanted] of numbersOf(written).entries()) {
        expect(Math.abs(numbersOf(found)[index]! / wanted - 1)).toBeLessThanOrEqual(0.03);
      }
    },
  );

  it("calls that are refused by chance, rarely or mostly, are given no limit", () => {
    const prng = seededPrng("chance");
    const told = [0.02, 0.2, 0.6, 0.95].flatMap((ratio) =>
      [1, 2, 3].map(() => {
        let nowUs = 0;
        const atUs = Float64Array.from({ length: 1_000 }, (_, i) => {
          nowUs += exponential(i % 200 < 100 ? 1e4 : 5e4, prng);
          return nowUs;
        });
        const refused = Uint8Array.from(atUs, () => (prng() < ratio ? 1 : 0));
        return fitLimit({ atUs, endUs: atUs.map((us) => us + 5e4), refused }).told;
      }),
    );
    expect(told).not.toContain(true);
  });

  it("a sample of the calls, or a limit for each of several callers, is not told as one", () => {
    const whole = play(
      { kind: "token-bucket", rate: "50/s", burst: 20 },
      { calls: 8_000, seed: "s" },
    );
    const prng = seededPrng("sample");
    const kept = whole.atUs.map(() => (prng() < 0.1 ? 1 : 0));
    const some = <T extends Float64Array | Uint8Array>(values: T): T =>
      values.filter((_, i) => kept[i] === 1) as T;
    const { atUs, endUs, refused } = whole;
    const sample = { atUs: some(atUs), endUs: some(endUs), refused: some(refused) };
    expect(fitLimit(sample).told).toBe(false);
  });

  it("with fewer than twenty refusals nothing is said", () => {
    const few = play({ kind: "token-bucket", rate: "50/s", burst: 20 }, { calls: 90, seed: "few" });
    few.refused.fill(0, 10).fill(1, 0, 10);
    expect(fitLimit(few)).toMatchObject({ law: null, told: false, refused: 10 });
  });
});
