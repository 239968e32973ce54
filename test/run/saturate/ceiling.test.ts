import { describe, expect, it } from "vitest";
import type { ProfileRecord } from "../../../src/profile/index.ts";
import { recordStore } from "../../profile/stored.ts";
import { closedLoopCeiling, type CeilingOptions } from "../../../src/run/saturate/ceiling.ts";
import {
  loopbackTarget,
  type LoopbackTarget,
  selfSignedCertificate,
} from "../../../src/testing/index.ts";

const RECORDS: readonly ProfileRecord[] = [
  { offsetNs: 0, method: "GET", path: "/a?b=1", headers: [["accept", "x/y"]], route: "GET /a" },
  {
    offsetNs: 1,
    method: "POST",
    path: "/cart",
    headers: [["content-type", "text/plain"]],
    body: { encoding: "utf8", data: "grün" },
    route: "POST /cart",
  },
];

const optionsFor = (target: LoopbackTarget, maxPerSec: number): CeilingOptions => ({
  target: target.target,
  headers: { "x-flag": "new" },
  records: recordStore(RECORDS),
  maxPerSec,
  timeoutS: 2,
  onLevel: () => {},
});
const { signal } = new AbortController();

describe("closed-loop ceiling", () => {
  it("sends the profile's requests as they are, no faster than allowed", async () => {
    await using target = await loopbackTarget(() => ({ kind: "answer", body: "ok" }));
    const ceiling = await closedLoopCeiling(optionsFor(target, 30), signal);
    expect(ceiling.levels[0]?.connections).toBe(1);
    expect(ceiling.ratePerSec).toBeGreaterThan(0);
    for (const { ratePerSec } of ceiling.levels) expect(ratePerSec).toBeLessThanOrEqual(30);
    const sent = new Set(
      target.seen.map(({ body, headers, method, path }) =>
        [method, path, headers["x-flag"], headers["accept"] ?? "", body.toString()].join(" "),
      ),
    );
    expect(sent).toEqual(new Set(["GET /a?b=1 new x/y ", "POST /cart new  grün"]));
    const hosts = new Set(target.seen.map(({ headers }) => headers["host"]));
    expect(hosts).toEqual(new Set([new URL(target.origin).host]));
  });

  it("speaks TLS; answers that blame the server are no throughput, and end it", async () => {
    const certificate = selfSignedCertificate(["127.0.0.1"]);
    await using target = await loopbackTarget(() => ({ kind: "answer", status: 503 }), {
      certificate,
    });
    const ceiling = await closedLoopCeiling(optionsFor(target, 30), signal);
    expect(ceiling).toEqual({ ratePerSec: 0, levels: [{ connections: 1, ratePerSec: 0 }] });
    expect(target.seen.length).toBeGreaterThan(0);
  });

  it("an interrupt ends it", async () => {
    await using target = await loopbackTarget(() => ({ kind: "answer", body: "ok" }));
    const stopped = AbortSignal.abort(new Error("stop"));
    await expect(closedLoopCeiling(optionsFor(target, 30), stopped)).rejects.toThrow("stop");
  });
});
