import { canonicalJson } from "../core/index.ts";
import type { RegisteredPlan } from "../experiment/index.ts";
import type { BuiltRevisions } from "./revision/index.ts";
import type { LockRecord } from "./plan/index.ts";

/** A setting in which an arm is not like the control. Text, or null where an arm does not have it. */
export interface ArmDifference {
  readonly arm: string;
  /** `env.PAYMENT_POOL`, `headers.x-flag`, `command` */
  readonly setting: string;
  readonly control: string | null;
  readonly value: string | null;
}

/** Settings whose values do not belong on a record that is passed on. */
const SECRET = /auth|cookie|credential|passphrase|passw|private|secret|session|token|api[-_]?key/i;

/** An arm's settings by name, those of its groups one by one. */
function settingsOf(arm: object): Map<string, string> {
  const rows = Object.entries(arm).flatMap(([name, value]: [string, unknown]) => {
    const isGroup = typeof value === "object" && value !== null && !Array.isArray(value);
    if (!isGroup) return [[name, value] as const];
    return Object.entries(value).map(([key, inner]) => [`${name}.${key}`, inner] as const);
  });
  const said = rows.filter(([, value]) => value !== undefined);
  return new Map(
    said.map(([name, value]) => [name, typeof value === "string" ? value : canonicalJson(value)]),
  );
}

/**
 * In which settings each other arm differs from the control; none at all is an A/A run. Values of
 * settings that are named like secrets are not told, only that they differ.
 */
export function armDifferences(arms: Readonly<Record<string, object>>): ArmDifference[] {
  const control = settingsOf(arms["control"] ?? {});
  const others = Object.entries(arms).filter(([arm]) => arm !== "control");
  return others.flatMap(([arm, spec]) => {
    const settings = settingsOf(spec);
    const names = new Set([...control.keys(), ...settings.keys()]);
    return [...names]
      .filter((name) => control.get(name) !== settings.get(name))
      .map((setting) => {
        const told = (value: string | undefined): string | null =>
          value !== undefined && SECRET.test(setting) ? "(not told)" : (value ?? null);
        return {
          arm,
          setting,
          control: told(control.get(setting)),
          value: told(settings.get(setting)),
        };
      });
  });
}

/** What the audit trail is told of a plan, before anything is started. */
export function registration(parts: {
  readonly registered: RegisteredPlan;
  readonly lock: LockRecord | null;
  readonly loaded: {
    readonly scenario: { readonly arms: Readonly<Record<string, object>> };
    readonly revisions?: BuiltRevisions;
  };
}): Record<string, unknown> {
  const { loaded, lock, registered } = parts;
  const compared = Object.hasOwn(loaded.scenario.arms, "control");
  const arms = Object.fromEntries(
    Object.entries(loaded.scenario.arms).map(([arm, spec]) => {
      const revision = loaded.revisions?.arms.get(arm);
      return [arm, revision === undefined ? spec : { ...spec, commit: revision.commit }];
    }),
  );
  return {
    sha256: registered.sha256,
    ...(compared ? { armsDiffer: armDifferences(arms) } : {}),
    ...(lock === null ? {} : { lock }),
  };
}
