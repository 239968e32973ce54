import { describe, expect, it } from "vitest";
import {
  durationNsField,
  durationUsField,
  ratePerSecField,
  ratioField,
} from "../../src/core/fields/index.ts";

describe("schema fields", () => {
  it("give the number in the unit of their name", () => {
    expect(durationNsField().parse("20s")).toBe(20e9);
    expect(durationUsField().parse("250ms")).toBe(250_000);
    expect(ratePerSecField().parse("600/m")).toBe(10);
    expect(ratioField().parse("5%")).toBe(0.05);
    expect(ratioField().parse(0.05)).toBe(0.05);
  });

  it.each([
    ["a duration without a unit", durationNsField(), "20", /"20" is not a duration.*250ms/],
    ["a number as a duration", durationNsField(), 20, /no unit; write 20s/],
    ["a rate of nothing", ratePerSecField(), "0/s", /"0\/s" is not a rate.*180\/s/],
    ["a share above all", ratioField(), "101%", /<=1/],
    ["a negative share", ratioField(), -0.1, />=0/],
  ] as const)(
    "refuse %s as an issue with its hint, not as an exception",
    (_, field, value, why) => {
      const parsed = field.safeParse(value);
      expect(parsed.success).toBe(false);
      expect(parsed.error?.issues[0]?.message).toMatch(why);
    },
  );
});
