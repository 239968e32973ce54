import type { Breach, Plan, Throttling } from "../experiment/index.ts";
import type { Generators, ThinnedGenerators, Thinning } from "../replay/index.ts";
import { halvingOf } from "./halving.ts";
import type { HeldRamp } from "./held-ramp.ts";
import type { RunEvent } from "./live.ts";

/** Those of this machine can send fewer; a plan that may ask for it is not sent by others. */
export type ThinnableGenerators = Generators & Partial<Pick<ThinnedGenerators, "thin" | "release">>;

/** What holds the load where it is, and lets it go on. */
export interface Ramp {
  /** Sends no more than a rate from then on, by leaving so much out of what is planned. */
  readonly hold: (held: HeldRamp, pieces: readonly Thinning[]) => void;
  readonly release: (held: HeldRamp) => void;
}

/** Who hears of it. */
interface Told {
  readonly note: (event: string, detail: Readonly<Record<string, unknown>>) => void;
  readonly onEvent: (event: RunEvent) => void;
}

/** Has less sent than is planned, as a rule of the plan or a person wants it, and keeps when and why. */
export class LessLoad {
  readonly throttlings: Throttling[] = [];
  readonly held: HeldRamp[] = [];
  readonly #plan: Plan;
  readonly #tell: Told;
  #generators: ThinnableGenerators | null = null;

  constructor(plan: Plan, tell: Told) {
    this.#plan = plan;
    this.#tell = tell;
  }

  begin(generators: ThinnableGenerators): void {
    this.#generators = generators;
  }

  halve(breach: Breach, share: number, nowNs: number): Throttling {
    const throttling = halvingOf(breach, share, this.#plan, nowNs);
    // Its own `untilNs` is where its evidence ends; it stays halved.
    const { fromNs } = throttling;
    this.#generators?.thin?.({ share, fromNs });
    this.throttlings.push(throttling);
    this.#tell.note("load halved", { ...throttling });
    this.#tell.onEvent({ kind: "throttle", throttling });
    return throttling;
  }

  /** Null where whoever sends the load cannot send less of it. */
  get ramp(): Ramp | null {
    const { release, thin } = this.#generators ?? {};
    if (thin === undefined || release === undefined) return null;
    return {
      hold: (held, pieces) => {
        for (const piece of pieces) thin(piece);
        this.held.push(held);
        this.#tell.note("ramp held", { ...held });
        this.#tell.onEvent({ kind: "ramp", held });
      },
      release: (held) => {
        release(held.untilNs ?? held.fromNs);
        this.held[this.held.length - 1] = held;
        this.#tell.note("ramp goes on", { ...held });
        this.#tell.onEvent({ kind: "ramp", held });
      },
    };
  }
}
