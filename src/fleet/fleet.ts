import type { GeneratorEvents } from "../replay/index.ts";
import type { LoadMaker, MadeEmulator, MadeLoad } from "../run/index.ts";
import { LedEmulators } from "./led-emulators.ts";
import { LedRun } from "./led-run.ts";
import { connectRedis, placeOf, publicUrl, type Redis } from "./redis.ts";

export interface FleetOptions {
  readonly redis: string;
  readonly password?: string;
  /** How many send a run together. */
  readonly workers: number;
  /** How many others emulate its dependencies; 0, or left out: this process does. */
  readonly emulators?: number;
  /** Theirs must be the same. */
  readonly version: string;
}

/** Workers on other machines, or of other processes, that send the load of runs. */
export class Fleet implements LoadMaker, AsyncDisposable {
  readonly #options: FleetOptions;
  readonly #redis: Redis;

  private constructor(options: FleetOptions, redis: Redis) {
    this.#options = options;
    this.#redis = redis;
  }

  /** @throws USAGE, FLEET_UNREACHABLE when Redis cannot be used */
  static async connect(options: FleetOptions): Promise<Fleet> {
    return new Fleet(options, await connectRedis(options.redis, options.password));
  }

  /** One each at least. */
  shardsFor(threads: number): number {
    return Math.max(threads, this.#options.workers);
  }

  async emulate(
    given: Parameters<NonNullable<LoadMaker["emulate"]>>[0],
    signal: AbortSignal,
  ): Promise<MadeEmulator | null> {
    const { emulators = 0, redis: url, version } = this.#options;
    if (emulators === 0) return null;
    const at = { redis: this.#redis, place: placeOf(url) };
    const led = new LedEmulators({ ...given, ...at, emulators, version });
    try {
      await led.prepare(signal);
      return led;
    } catch (thrown) {
      await led[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async start(
    given: Parameters<LoadMaker["start"]>[0],
    events: GeneratorEvents,
    signal: AbortSignal,
  ): Promise<MadeLoad> {
    const { redis: url, version, workers } = this.#options;
    const at = { redis: this.#redis, place: placeOf(url), url: publicUrl(url) };
    const run = new LedRun({ ...given, ...at, events, version, workers });
    try {
      await run.prepare(signal);
      return run;
    } catch (thrown) {
      await run[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#redis.disconnect();
    return Promise.resolve();
  }
}
