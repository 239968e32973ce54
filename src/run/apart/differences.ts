import { formatDurationNs } from "../../core/index.ts";
import { planDifferences } from "../../experiment/index.ts";
import type { ApartDifference } from "../../report/index.ts";
import { type Measured, planOf } from "./measured.ts";

const SHOWN_CHARS = 60;

function shown(value: unknown, field: string): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number" && field.endsWith("Ns")) return formatDurationNs(value);
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
  const short = /^[0-9a-f]{64}$/.test(text) ? text.slice(0, 12) : text;
  return short.length <= SHOWN_CHARS ? short : `${short.slice(0, SHOWN_CHARS - 1)}…`;
}

/** `stages[1].ratePerSec` */
const nameOf = (path: readonly (string | number)[]): string =>
  path.reduce<string>(
    (name, key) =>
      typeof key === "number" ? `${name}[${key}]` : name === "" ? key : `${name}.${key}`,
    "",
  );

/** The commits that a run is of: its arms' where they are revisions, else its repository's. */
export function commitOf({ git, revisions }: Measured): string | null {
  if (revisions !== null) {
    const arms = Object.entries(revisions);
    return arms.map(([arm, { commit }]) => `${arm} ${commit.slice(0, 12)}`).join(", ");
  }
  return git === null ? null : `${git.commit.slice(0, 12)}${git.dirty ? " and changes" : ""}`;
}

function plain(
  about: ApartDifference["about"],
  field: string,
  [before, after]: readonly [string | null, string | null],
  measures: boolean,
): ApartDifference[] {
  if (before === after) return [];
  const told = (value: string | null): string => value ?? "unknown";
  return [{ about, field, before: told(before), after: told(after), measures }];
}

/** Whether two were measured on the same host, as far as that is known. */
export const sameHost = (before: Measured, after: Measured): boolean =>
  before.host.fingerprint !== null && before.host.fingerprint === after.host.fingerprint;

const hostWords = ({ host }: Measured): string =>
  host.fingerprint === null ? `${host.description}, as far as it tells` : host.description;

/** In what two runs differ, what is measured first: plan and profile, then host, version and commit. */
export function differencesOf(before: Measured, after: Measured): ApartDifference[] {
  const plans = planDifferences(planOf(before), planOf(after)).map(
    ({ after: now, before: was, measures, path }): ApartDifference => {
      const isProfile = path.at(-1) === "profileSha256";
      const field = nameOf(path);
      return {
        about: isProfile ? "profile" : "plan",
        field,
        before: isProfile ? `${before.run.profile} ${shown(was, field)}` : shown(was, field),
        after: isProfile ? `${after.run.profile} ${shown(now, field)}` : shown(now, field),
        measures,
      };
    },
  );
  const host = sameHost(before, after)
    ? []
    : [
        {
          about: "host" as const,
          field: "host",
          before: hostWords(before),
          after: hostWords(after),
          measures: false,
        },
      ];
  return [
    ...plans.filter(({ measures }) => measures),
    ...host,
    ...plain("version", "shakedown", [before.tool.version, after.tool.version], false),
    ...plain("commit", "commit", [commitOf(before), commitOf(after)], false),
    ...plans.filter(({ measures }) => !measures),
  ];
}
