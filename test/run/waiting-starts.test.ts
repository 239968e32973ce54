import * as fc from "fast-check";
import { expect, it } from "vitest";
import { WaitingStarts } from "../../src/run/checks/waiting-starts.ts";

it("each start's rows meet once, however far apart they come", () => {
  const seqs = fc.uniqueArray(fc.oneof(fc.nat(3_000), fc.integer({ min: 0, max: 2 ** 20 })), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(seqs, fc.infiniteStream(fc.nat()), (starts, order) => {
      const rows = starts.flatMap((seq) => [0, 1].map((arm) => ({ seq, arm, key: 0 })));
      for (const row of rows) row.key = order.next().value as number;
      const waiting = new WaitingStarts();
      const met = new Map<number, number>();
      for (const { arm, seq } of rows.toSorted((a, b) => a.key - b.key)) {
        if (!waiting.meet(seq, arm, seq + arm, -seq)) continue;
        // What is found is the other arm's.
        expect([waiting.metStartNs, waiting.metTookNs]).toEqual([seq + 1 - arm, -seq]);
        met.set(seq, (met.get(seq) ?? 0) + 1);
      }
      expect(met).toEqual(new Map(met.keys().map((seq) => [seq, 1])));
      expect(met.size).toBe(starts.length);
    }),
  );
});
