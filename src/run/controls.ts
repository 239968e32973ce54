import type { AuditLog } from "../experiment/index.ts";
import type { RunEvent } from "./live.ts";

/**
 * What people may ask of a run that goes on. To pause holds the ramp: no more is sent than at that
 * moment, and the plan's time goes on. What is sent from there on is not what was registered, so that
 * such a run may roll back, and never ships.
 */
export const ASKS = ["pause", "go-on", "stop-after-stage", "stop", "roll-back"] as const;

export interface RunAsk {
  readonly ask: (typeof ASKS)[number];
  /** Never empty for a roll-back. */
  readonly reason: string;
  readonly by?: string;
}

/** What carries it out: the traffic of one run. Each says why it cannot be, or null where it will. */
export interface Steered {
  stop(because: string): string | null;
  stopAfterStage(because: string): string | null;
  rollBack(because: string): string | null;
  pause(because: string): string | null;
  goOn(because: string): string | null;
}

const DONE = {
  pause: "paused",
  "go-on": "let go on",
  "roll-back": "rolled back",
  stop: "stopped",
  "stop-after-stage": "stopped",
} as const satisfies Record<RunAsk["ask"], string>;

/** `stopped by hand (Ada): the database is on fire`. */
function becauseOf({ ask, by, reason }: RunAsk): string {
  const who = by === undefined ? "" : ` (${by})`;
  return `${DONE[ask]} by hand${who}${reason === "" ? "" : `: ${reason}`}`;
}

/**
 * Through which a run is steered, or ended before its time, by somebody who watches it. What is asked, and
 * done, is on the record; a roll-back as an override, since no rule of the plan has decided it.
 */
export class RunControls {
  readonly #stopping = new AbortController();
  #steered: Steered | null = null;
  #begun: { readonly audit: AuditLog; readonly onEvent: (event: RunEvent) => void } | null = null;
  #over = false;

  /** Aborted when it is to stop and no traffic goes on that could be told. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** From when on what is asked has a trail to stand in: of several runs the experiment's, which is first. */
  begin(audit: AuditLog, onEvent: (event: RunEvent) => void): void {
    this.#begun ??= { audit, onEvent };
  }

  /** While one run's traffic goes on. */
  steer(steered: Steered): Disposable {
    this.#steered = steered;
    return { [Symbol.dispose]: () => void (this.#steered = null) };
  }

  /** All traffic is over: nothing can be asked any more. */
  end(): void {
    this.#over = true;
  }

  /** Does what is asked, or says why it cannot be done; null where it is. Never throws. */
  ask(asked: RunAsk): string | null {
    const { ask, reason } = asked;
    if (ask === "roll-back" && reason.trim() === "") return "a roll-back needs a reason";
    if (this.#over) return "its traffic is over";
    if (this.#begun === null) return "it has not begun yet";
    const refused = this.#do(asked);
    if (refused !== null) return refused;
    this.#begun.onEvent({ kind: "asked", asked });
    const by = asked.by === undefined ? {} : { by: asked.by };
    try {
      if (ask === "roll-back") {
        this.#begun.audit.append("override", { decision: "roll-back", reason, ...by });
      } else this.#begun.audit.append("asked", { ask, reason, ...by });
    } catch {
      // The disk: the traffic's own entries find that out, and end it.
    }
    return null;
  }

  #do(asked: RunAsk): string | null {
    const because = becauseOf(asked);
    const steered = this.#steered;
    if (steered !== null) {
      switch (asked.ask) {
        case "stop":
          return steered.stop(because);
        case "stop-after-stage":
          return steered.stopAfterStage(because);
        case "roll-back":
          return steered.rollBack(because);
        case "pause":
          return steered.pause(because);
        case "go-on":
          return steered.goOn(because);
      }
    }
    if (asked.ask !== "stop") return "nothing is sent at the moment: it can only be stopped";
    this.#stopping.abort();
    return null;
  }
}
