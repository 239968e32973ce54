import { expect, it } from "vitest";
import { NS_PER_MS } from "../../src/core/index.ts";
import { Standstill } from "../../src/emulator/standstill.ts";

it("a standstill is what is missing between two looks, in all, and not what a busy machine makes of a timer", () => {
  let nowNs = 0;
  const standstill = new Standstill({ nowNs: () => nowNs }, 100);
  /** So much time passes until the next look. */
  const after = (ms: number): number => {
    nowNs += ms * NS_PER_MS;
    return standstill.look();
  };
  expect(after(60_000)).toBe(0);
  nowNs += 60_000 * NS_PER_MS;
  standstill.begin();
  expect(after(100)).toBe(0);
  expect(after(300)).toBe(0);
  expect(after(5_100)).toBe(5_000);
  expect(after(100)).toBe(5_000);
  expect(after(1_100)).toBe(6_000);
});
