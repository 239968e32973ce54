import {
  diffProfiles,
  pictureProfile,
  type Profile,
  type ProfileDependency,
  type ProfileManifest,
} from "../../src/profile/index.ts";
import { renderProfileHtml } from "../../src/report/profile/index.ts";
import { profileOf, shopProfile, type Traffic } from "../profile/traffic.ts";

export const EVIL = "</script><img src=x onerror=globalThis.ran=1>";
export const MEDIAN_MS = 40;

const dependency = (latency: ProfileDependency["fits"][number]["latency"]): ProfileDependency => ({
  calls: 1_000,
  callsPerRequest: 1.25,
  errorRatio: 0.02,
  errors: { kind: "independent", ratio: 0.02, status: 503 },
  fits: [
    {
      route: null,
      statusClass: null,
      count: 1_000,
      latency,
      quantiles: [
        [0, 5_000],
        [0.5, 41_000],
        [0.99, 130_000],
        [1, 180_000],
      ],
      ksDistance: 0.011,
    },
  ],
});

const withManifest = (profile: Profile, more: Partial<ProfileManifest>): Profile => ({
  ...profile,
  manifest: { ...profile.manifest, ...more },
});

/** A shop's traffic that knows all there is to know. */
export const shop = (seed = "page", changes: Partial<Traffic> = {}): Profile =>
  withManifest(shopProfile(seed, { durationS: 200, ...changes }), {
    name: `shop ${seed}`,
    startedAt: "2026-03-02T09:30:00.000Z",
    source: [{ file: "day.log", format: "nginx", bytes: 12_345, sha256: "ab".repeat(32) }],
    redaction: { enabled: true, values: [{ rule: "cookie", count: 12 }] },
    warnings: ["arrivals are known to the millisecond only"],
    dependencies: {
      payments: dependency({ kind: "lognormal", median: `${MEDIAN_MS}ms`, sigma: 0.5 }),
    },
  });

/** Of every text that a capture may bring, the worst. */
export function hostile(): Profile {
  const { manifest, records } = shop();
  return {
    records: records.map((record, i) => ({
      ...record,
      route: i % 2 === 0 ? record.route : `GET /${EVIL}`,
      headers: [...record.headers, [EVIL, EVIL] as [string, string]],
    })),
    manifest: {
      ...manifest,
      name: EVIL,
      source: [{ file: EVIL, format: EVIL, bytes: 1, sha256: EVIL }],
      provenance: { madeBy: EVIL, attribution: EVIL, licence: EVIL },
      warnings: [EVIL],
      redaction: { enabled: true, values: [{ rule: EVIL, count: 1 }] },
      ledger: { records: 2, kept: 1, filtered: 0, rejected: [{ reason: EVIL, count: 1 }] },
      dependencies: { [EVIL]: dependency({ kind: EVIL, of: EVIL }) },
    },
  };
}

export const nothing = (): Profile => profileOf([]);

export const single = (): Profile =>
  profileOf([{ offsetNs: 0, method: "GET", path: "/", headers: [], route: "GET /" }]);

/** So many routes, of long names. */
export const manyRoutes = (routes: number): Profile =>
  profileOf(
    Array.from({ length: routes * 3 }, (_, i) => ({
      offsetNs: i * 1e6,
      method: "GET",
      path: `/r${i % routes}/x`,
      headers: [["accept", "*/*"] as [string, string]],
      route: `GET /${String(i % routes).padStart(200, "r")}`,
      status: 200,
      serviceTimeUs: 1_000 + i,
      responseBytes: 100 + i,
    })),
  );

/** The page of a profile; with another, of both. */
export const pageOf = (profile: Profile, other?: Profile): string =>
  renderProfileHtml({
    tool: { name: "shakedown", version: "1.2.3" },
    picture: pictureProfile(profile),
    other:
      other === undefined
        ? null
        : { picture: pictureProfile(other), diff: diffProfiles(profile, other) },
  });
