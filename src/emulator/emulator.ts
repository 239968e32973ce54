import {
  createDeadlines,
  messageOf,
  monotonicClock,
  ShakedownError,
  systemCodeOf,
} from "../core/index.ts";
import { Conduct } from "./conduct.ts";
import { EmulatorCounters, type EmulatorSnapshot } from "./counters.ts";
import type { DependencySpec } from "./dependency.ts";
import { Listener, type ListenerOptions } from "./listener.ts";
import { Recorder } from "./recorder.ts";
import { rehearse } from "./rehearse.ts";

/** Can be sent to a thread as it is. */
export interface EmulatorOptions {
  readonly arms: readonly string[];
  readonly dependencies: Readonly<Record<string, DependencySpec>>;
  /** Of all luck: the same seed gives the same call the same delay and the same fault. */
  readonly seed: string;
  /** 16 hex digits; identities of other runs are not believed. */
  readonly runId: string;
  /** The `process.hrtime.bigint()` reading that times are counted from. */
  readonly originNs: bigint;
  /** A new file for the record of every call; null: no record. */
  readonly spoolPath: string | null;
  /** 127.0.0.1 unless told. */
  readonly host?: string;
  /** Run through the answering of calls before there are any, so as to be on time from the first. */
  readonly rehearse?: boolean;
}

/** Dependency → arm → `http://127.0.0.1:port`. */
export type EmulatorAddresses = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface EmulatorTotals {
  /** Calls that arrived. */
  readonly calls: number;
  /** Calls whose record was not kept. */
  readonly lostRows: number;
  /** Calls whose record is in the spool. */
  readonly keptRows: number;
  /** Calls forgotten when numbering attempts, to bound memory. */
  readonly evictions: number;
}

export interface Emulator extends AsyncDisposable {
  readonly addresses: EmulatorAddresses;
  /** The counts of this moment; costs the serving thread nothing. */
  snapshot(): Promise<EmulatorSnapshot>;
  /**
   * Resolves, if ever, to what stopped the emulator or its record while it was needed
   * (EMULATOR_FAILED, DISK_WRITE_FAILED). Never rejects.
   */
  readonly failed: Promise<ShakedownError>;
  /**
   * Hangs up on everybody, records calls on their way as aborted, and closes the record. Calling
   * it again gives the same totals.
   */
  stop(): Promise<EmulatorTotals>;
}

function checkPorts({ arms, dependencies }: EmulatorOptions): void {
  for (const [dependency, { ports }] of Object.entries(dependencies)) {
    const unknown = Object.keys(ports).find((arm) => !arms.includes(arm));
    if (unknown === undefined) continue;
    throw new ShakedownError(
      "SCENARIO_INVALID",
      `dependency ${dependency} has a port for "${unknown}", which is not an arm`,
      { hint: `the arms are ${arms.join(", ")}` },
    );
  }
}

async function listen(listener: Listener, host: string, port: number, whose: string) {
  try {
    const actual = await listener.listen(host, port);
    return `http://${host.includes(":") ? `[${host}]` : host}:${actual}`;
  } catch (cause) {
    const taken = systemCodeOf(cause) === "EADDRINUSE";
    throw new ShakedownError(
      taken ? "PORT_IN_USE" : "USAGE",
      taken
        ? `${whose}: port ${port} on ${host} is taken`
        : `${whose}: cannot listen on ${host}:${port}: ${messageOf(cause)}`,
      { hint: "end what listens there, name another port, or name none to get a free one", cause },
    );
  }
}

/** Opens every listener, or none. */
async function listenAll(
  options: EmulatorOptions,
  shared: Pick<ListenerOptions, "clock" | "deadlines" | "record" | "onFailure">,
  counters: EmulatorCounters,
) {
  const { arms, dependencies, seed, runId, host = "127.0.0.1" } = options;
  const listeners: Listener[] = [];
  const addresses: Record<string, Record<string, string>> = {};
  try {
    for (const [d, [dependency, spec]] of Object.entries(dependencies).entries()) {
      const perArm: Record<string, string> = {};
      for (const [a, arm] of arms.entries()) {
        const onEvict = (): void => counters.addTotal("evictions");
        const conduct = new Conduct({ dependency, spec, seed, runId, onEvict });
        const own = { arm: a, dependency: d, conduct, counters: counters.listener(d, a) };
        const listener = new Listener({ ...shared, ...own });
        const whose = `dependency ${dependency}, arm ${arm}`;
        perArm[arm] = await listen(listener, host, spec.ports[arm] ?? 0, whose);
        listeners.push(listener);
      }
      addresses[dependency] = perArm;
    }
  } catch (thrown) {
    await Promise.all(listeners.map((listener) => listener.close()));
    throw thrown;
  }
  return { listeners, addresses };
}

/** The emulator in this thread, counting into the given counters. */
export async function serveEmulator(
  options: EmulatorOptions,
  counters: EmulatorCounters,
): Promise<Emulator> {
  checkPorts(options);
  const { arms, dependencies, spoolPath } = options;
  const { promise: failed, resolve: fail } = Promise.withResolvers<ShakedownError>();
  const meta = { arms, dependencies: Object.keys(dependencies) };
  const recorder = await Recorder.create({ path: spoolPath, meta, counters, onFailure: fail });
  const clock = monotonicClock(options.originNs);
  const deadlines = await createDeadlines(clock);
  if (options.rehearse === true) await rehearse(clock, deadlines);
  const shared: Parameters<typeof listenAll>[1] = {
    clock,
    deadlines,
    record: (call) => recorder.write(call),
    onFailure: (cause) =>
      fail(
        new ShakedownError("EMULATOR_FAILED", `a listener failed: ${messageOf(cause)}`, { cause }),
      ),
  };
  const { listeners, addresses } = await listenAll(options, shared, counters).catch(
    async (thrown: unknown) => {
      await Promise.all([deadlines.close(), recorder.discard()]);
      throw thrown;
    },
  );
  const stop = async (): Promise<EmulatorTotals> => {
    await Promise.all(listeners.map((listener) => listener.close()));
    await deadlines.close();
    const lostRows = await recorder.close();
    const keptRows = counters.total("rows") - lostRows;
    return { calls: counters.calls(), lostRows, keptRows, evictions: counters.total("evictions") };
  };
  let stopping: Promise<EmulatorTotals> | undefined;
  const stopOnce = (): Promise<EmulatorTotals> => (stopping ??= stop());
  return {
    addresses,
    failed,
    snapshot: () => Promise.resolve(counters.snapshot()),
    stop: stopOnce,
    async [Symbol.asyncDispose]() {
      await stopOnce();
    },
  };
}

/**
 * Starts a listener for every dependency of every arm, in this thread.
 * @throws PORT_IN_USE, SCENARIO_INVALID (a port for an arm that is not one), OUTPUT_UNWRITABLE,
 * USAGE (an address that cannot be listened on); then nothing is left listening.
 */
export function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const counters = new EmulatorCounters(options.arms, Object.keys(options.dependencies));
  return serveEmulator(options, counters);
}
