import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NS_PER_S } from "../../src/core/index.ts";
import {
  makeRekeyer,
  planRekeying,
  type ProfileManifest,
  type ProfileRecord,
  type RecordStore,
  storeOf,
} from "../../src/profile/index.ts";
import { Exchange, ProfileRequests, type ProfileRequestsOptions } from "../../src/replay/index.ts";
import { type IntendedStart, recordedSchedule, stagedStarts } from "../../src/schedule/index.ts";

const RECORDS = Array.from({ length: 200 }, (_, i): ProfileRecord => ({
  offsetNs: i * 1e7,
  method: i % 3 === 0 ? "POST" : "GET",
  path: `/products/${(i * i) % 1_000}`,
  headers: [["cookie", `session=${1e15 + (i % 17)}`]],
  ...(i % 3 === 0 ? { body: { encoding: "utf8" as const, data: `{"note":"grün ${i} €"}` } } : {}),
  route: `${i % 3 === 0 ? "POST" : "GET"} /products/{id}`,
  ...(i % 5 === 0 ? {} : { session: `user ${i % 17}` }),
}));
const profile = { manifest: { name: "shop" } as ProfileManifest, records: RECORDS };
const ON_DISK = { memoryBytesMax: -1, blockSize: { blockBytes: 97, blocks: 3 } };

type Way = Pick<ProfileRequestsOptions, "keptBytesMax" | "keepSessions"> & {
  readonly rekey: boolean;
};

function filled(requests: ProfileRequests, planned: IntendedStart, exchange = new Exchange()) {
  requests.fill(exchange, planned);
  return { request: exchange.request, session: exchange.session };
}

/** Everything that a run of the profile, three times superposed, sends. */
function sent(records: RecordStore, { rekey, ...way }: Way, seed: string) {
  const requests = new ProfileRequests({
    records,
    arm: { origin: "http://shop:8080", headers: { "x-flag": "new" } },
    rekeyer: rekey ? makeRekeyer(records, planRekeying(records, { copies: 3, seed })) : null,
    substitute: [],
    ...way,
  });
  const multiple = { from: 2, to: 3 };
  const schedule = recordedSchedule(records.offsetsNs, {
    durationNs: NS_PER_S,
    loop: true,
    multiple,
  });
  return Array.from(stagedStarts([schedule], seed, records.length), (planned) => {
    requests.prepare(planned);
    return { planned, ...filled(requests, planned) };
  });
}

describe("what a run sends", () => {
  it.each([
    ["as captured", { rekey: false, keepSessions: true }],
    ["with keys of their own", { rekey: true, keepSessions: true }],
    ["without sessions", { rekey: true, keepSessions: false }],
  ])("is the same from memory and from the disk, kept or made anew: %s", (_, way) => {
    using memory = storeOf(profile);
    using disk = storeOf(profile, ON_DISK);
    expect(disk.records.data.text.kind).toBe("file");
    fc.assert(
      fc.property(fc.string(), (seed) => {
        const wanted = sent(memory.records, way, seed);
        expect(new Set(wanted.map(({ planned }) => planned.copy)).size).toBe(3);
        expect(sent(disk.records, way, seed)).toEqual(wanted);
        expect(sent(disk.records, { ...way, keptBytesMax: 0 }, seed)).toEqual(wanted);
      }),
      { numRuns: 5 },
    );
  });

  it("has a session of its own in each copy, whether its keys are renamed or not", () => {
    const { records } = storeOf(profile);
    for (const rekey of [true, false]) {
      const owners = new Map<string, string>();
      for (const { planned, session } of sent(records, { rekey, keepSessions: true }, "1")) {
        if (session === null) continue;
        const owner = `${RECORDS[planned.record]!.session} of copy ${planned.copy}`;
        expect(owners.get(session) ?? owner).toBe(owner);
        owners.set(session, owner);
      }
      expect(new Set(owners.values()).size).toBe(owners.size);
    }
  });
});
