import type { RunEmulator } from "./load-maker.ts";
import {
  PROCESSES_FILE,
  type Receivers,
  type SampledArm,
  startProcessSampler,
  startReceiversThread,
  TELEMETRY_FILE,
  telemetryEnv,
} from "../telemetry/index.ts";
import type { RunDirectory } from "./run-directory.ts";
import type { ScenarioTelemetry } from "./scenario/index.ts";
import type { Target } from "./target.ts";

type Places = readonly { readonly arm: string; readonly name: string; readonly port: number }[];

/** Where each arm finds its dependencies. */
function placesOf(emulator: RunEmulator | null): Places {
  return Object.entries(emulator?.addresses ?? {}).flatMap(([name, byArm]) =>
    Object.entries(byArm).flatMap(([arm, address]) => {
      const port = Number(/:(\d+)$/.exec(address)?.[1]);
      return Number.isInteger(port) ? [{ arm, name, port }] : [];
    }),
  );
}

/**
 * What arms tell of themselves while they run, and what is seen of their processes. Neither is
 * needed for a run: where one fails, what it had written is kept, and the run goes on.
 */
export class RunTelemetry {
  readonly #receivers: Receivers | null;
  readonly #places: Places;
  readonly #runId: string;
  readonly #directory: RunDirectory;
  #sampler: { stop(): Promise<void> } | null = null;

  private constructor(
    given: { readonly runId: string; readonly directory: RunDirectory },
    places: Places,
    receivers: Receivers | null,
  ) {
    this.#runId = given.runId;
    this.#directory = given.directory;
    this.#places = places;
    this.#receivers = receivers;
  }

  /** `originNs`: of the clock that what arms tell is stamped with. @throws PORT_IN_USE */
  static async start(given: {
    readonly telemetry: ScenarioTelemetry | undefined;
    readonly arms: readonly string[];
    readonly runId: string;
    readonly directory: RunDirectory;
    readonly emulator: RunEmulator | null;
    readonly originNs: bigint;
  }): Promise<RunTelemetry> {
    const { arms, directory, originNs, runId, telemetry } = given;
    const places = placesOf(given.emulator);
    if (telemetry?.receive !== true) return new RunTelemetry(given, places, null);
    const dependencies = places.map(({ arm, name, port }) => ({
      arm: arms.indexOf(arm),
      name,
      port,
    }));
    const path = directory.file(TELEMETRY_FILE);
    const about = { arms, ports: telemetry.ports, runId, dependencies, originNs, path };
    return new RunTelemetry(given, places, await startReceiversThread(about));
  }

  /** What makes an instrumented arm send; nothing where nobody asked for it. */
  envOf(arm: string): Readonly<Record<string, string>> {
    const endpoint = this.#receivers?.endpoints[arm];
    return endpoint === undefined ? {} : telemetryEnv({ endpoint, runId: this.#runId, arm });
  }

  /** From now on processes are looked at; `originNs`: of the run's clock. */
  watch(targets: readonly Target[], originNs: bigint): void {
    const arms = targets.flatMap(({ arm, pid }): SampledArm[] =>
      pid === null
        ? []
        : [{ arm, pid, dependencies: this.#places.filter((place) => place.arm === arm) }],
    );
    const path = this.#directory.file(PROCESSES_FILE);
    this.#sampler = startProcessSampler({ arms, originNs, path });
  }

  /** While the processes are still there. */
  async unwatch(): Promise<void> {
    await this.#sampler?.stop();
    this.#sampler = null;
  }

  /** Once they have ended: the last of what they tell comes as they do. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.unwatch();
    await this.#receivers?.stop();
  }
}
