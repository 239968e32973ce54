import {
  type GeneratorArm,
  type GeneratorEvents,
  type GeneratorJob,
  startGenerators,
  type ThinnedGenerators,
} from "../replay/index.ts";
import type { Aim } from "./generator-setup.ts";
import type { Scenario } from "./scenario/index.ts";

/** Where an arm is that is not up yet. */
const NOWHERE = {
  origin: "http://127.0.0.1:9",
  address: "127.0.0.1",
  tls: null,
  http2: false,
} as const;

/**
 * The arms of a scenario that starts them all, as far as generators can rehearse for them; null
 * where one runs already: how it is spoken to is asked, and soon known.
 */
export function armsToCome({ arms }: Scenario): readonly Aim[] | null {
  const all = Object.entries(arms);
  if (!all.every(([, spec]) => "command" in spec)) return null;
  return all.map(([arm, { headers }]) => ({ arm, address: NOWHERE, headers }));
}

/** Generators that rehearse while the arms are brought up; gone when disposed of. */
export interface WarmGenerators extends AsyncDisposable {
  /** With arms that are nowhere. */
  readonly job: GeneratorJob;
  /** Tells where the arms are. @throws what `startGenerators` throws */
  aim(arms: readonly GeneratorArm[]): Promise<ThinnedGenerators>;
}

export function warmGenerators(
  job: GeneratorJob,
  events: GeneratorEvents,
  signal: AbortSignal,
): WarmGenerators {
  const aimed = Promise.withResolvers<readonly GeneratorArm[]>();
  aimed.promise.catch(() => {});
  const starting = startGenerators(job, events, signal, undefined, aimed.promise);
  // Told when the arms are up: what became of those comes first.
  starting.catch(() => {});
  return {
    job,
    aim(arms) {
      aimed.resolve(arms);
      return starting;
    },
    async [Symbol.asyncDispose]() {
      aimed.reject(new Error("the arms did not come up"));
      const generators = await starting.catch(() => null);
      await generators?.[Symbol.asyncDispose]();
    },
  };
}
