import { describe, expect, it } from "vitest";
import { createDeadlines, monotonicClock } from "../../src/core/index.ts";
import type { ProfileRecord } from "../../src/profile/index.ts";
import {
  ProfileRequests,
  replay,
  type ReplayArm,
  TRANSPORT_LIMITS,
  TRANSPORTS,
  type TransportName,
} from "../../src/replay/index.ts";
import { stagedStarts, uniformSchedule } from "../../src/schedule/index.ts";
import { recordStore } from "../profile/stored.ts";
import { type LoopbackTarget, loopbackTarget, ObservationList } from "../../src/testing/index.ts";

const RECORDS: readonly ProfileRecord[] = ["/a", "/b"].map((path) => ({
  offsetNs: 0,
  method: "GET",
  path,
  headers: [],
  route: `GET ${path}`,
}));

describe.each(Object.keys(TRANSPORTS) as TransportName[])(
  "the %s generator against real servers",
  (name) => {
    it("gives both arms every start, none of them early, and an exact ledger", async () => {
      const serve = (status: number): Promise<LoopbackTarget> =>
        loopbackTarget(() => ({ kind: "answer", status, body: "ok" }));
      await using control = await serve(200);
      await using variant = await serve(500);
      const limits = { ...TRANSPORT_LIMITS, connectionsMax: 100 };
      const arms = [control, variant].map(({ origin, target }, i): ReplayArm => ({
        name: `arm ${i}`,
        makeTransport: (sink) => TRANSPORTS[name](target, limits, sink),
        requests: new ProfileRequests({
          records: recordStore(RECORDS),
          arm: { origin, headers: {} },
          rekeyer: null,
          keepSessions: false,
          substitute: [],
        }),
      }));
      const clock = monotonicClock(process.hrtime.bigint());
      const deadlines = await createDeadlines(clock);
      const observations = new ObservationList();
      await replay(
        {
          arms,
          starts: stagedStarts(
            [uniformSchedule(300, 0.1e9), uniformSchedule(600, 0.1e9)],
            "seed",
            RECORDS.length,
          ),
          runId: "00000000000000aa",
          seed: "seed",
          inFlightMax: 100,
          // Far longer than any host is held up.
          timeoutNs: 25e9,
          clock,
          deadlines,
          onObservation: observations.add,
        },
        new AbortController().signal,
      );
      await deadlines.close();
      for (const [arm, status] of [200, 500].entries()) {
        const seen = observations.ofArm(arm).toSorted((a, b) => a.seq - b.seq);
        expect(seen.map(({ seq }) => seq)).toEqual(Array.from({ length: 90 }, (_, seq) => seq));
        for (const each of seen) {
          if (each.kind === "dropped") throw new Error(`start ${each.seq} was dropped`);
          expect(each.startNs).toBeGreaterThanOrEqual(each.intendedNs);
          expect(each.endNs).toBeGreaterThanOrEqual(each.startNs);
          expect(each).toMatchObject({ kind: "response", status, route: each.seq % 2, bytesIn: 2 });
        }
      }
      const identities = [control, variant].map(({ seen }) =>
        seen.map(({ headers }) => String(headers["traceparent"]).slice(0, 35)).toSorted(),
      );
      expect(identities[0]).toHaveLength(90);
      expect(identities[1]).toEqual(identities[0]);
    });
  },
);
