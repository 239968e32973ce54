import { monotonicClock, ShakedownError } from "../../core/index.ts";
import { type RecorderCounts, RecordingProxy } from "../../emulator/record/index.ts";
import type { RecordedPlace } from "./addresses.ts";
import { type Finished, finishRecording } from "./finish.ts";
import type { SinkCounts } from "./sink.ts";
import { SinkWorker } from "./sink-worker.ts";

/** How long requests under way may take to end once the recorder was told to. */
const GRACE_MS = 5_000;

export interface RecordOptions {
  /** The profile to write. */
  readonly out: string;
  readonly name: string;
  readonly service: RecordedPlace;
  readonly dependencies: readonly RecordedPlace[];
  readonly bodyBytesMax: number;
  /** Of the pseudonyms, 16 random bytes or more. */
  readonly key: Buffer;
  readonly redact: boolean;
  /** Infinity: until the signal. */
  readonly forNs: number;
  /** Ends after so many requests of the service; Infinity: until the signal. */
  readonly requestsMax: number;
  readonly signal: AbortSignal;
  /** All listen: the addresses, by name, `service` first. */
  readonly onListening: (addresses: Readonly<Record<string, string>>) => void;
}

export interface RecordOutcome extends Finished, SinkCounts {
  /** What became of the connections, by name, `service` first. */
  readonly proxies: Readonly<Record<string, RecorderCounts>>;
}

/** @throws USAGE when two of them have one name */
function checkNames(places: readonly RecordedPlace[]): void {
  const names = places.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new ShakedownError("USAGE", `two of what is recorded have the name ${twice}`, {
    hint: "give each dependency a name of its own; `service` is taken",
  });
}

async function startAll(
  places: readonly RecordedPlace[],
  start: (place: RecordedPlace) => Promise<RecordingProxy>,
): Promise<Map<string, RecordingProxy>> {
  const proxies = new Map<string, RecordingProxy>();
  try {
    for (const place of places) proxies.set(place.name, await start(place));
  } catch (thrown) {
    await stopAll(proxies, 0);
    throw thrown;
  }
  return proxies;
}

async function stopAll(proxies: Map<string, RecordingProxy>, graceMs: number): Promise<void> {
  await Promise.all([...proxies.values()].map((proxy) => proxy.stop(graceMs)));
}

/** Resolves after the time, at the signal, or when enough was recorded. */
async function untilOver(options: RecordOptions, enough: Promise<void>): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const clock = monotonicClock(process.hrtime.bigint());
  const time = clock.sleepUntilNs(options.forNs, signal).catch((thrown: unknown) => {
    if (!signal.aborted) throw thrown;
  });
  await Promise.race([time, enough]);
  over.abort();
}

/**
 * Records what passes between clients and a service, and between it and its dependencies, until
 * the time is over, enough was recorded, or the signal; then writes the profile. Bytes are passed
 * on as they are; secrets are replaced before anything is written.
 * @throws USAGE, PORT_IN_USE, OUTPUT_UNWRITABLE; DISK_WRITE_FAILED when the recording could not be
 * written on; CAPTURE_EMPTY when no request came
 */
export async function record(options: RecordOptions): Promise<RecordOutcome> {
  const { bodyBytesMax, dependencies, key, name, out, redact, service } = options;
  checkNames([service, ...dependencies]);
  const clock = monotonicClock(process.hrtime.bigint());
  const epochNs = BigInt(Date.now()) * 1_000_000n;
  let sink: SinkWorker | null = null;
  // Whoever knows the port comes as soon as it listens.
  const early: Parameters<SinkWorker["take"]>[] = [];
  const places = [service, ...dependencies];
  const proxies = await startAll(places, (place) => {
    const number = places.indexOf(place);
    return RecordingProxy.start({
      ...place,
      clock,
      bodyBytesMax,
      onExchange: (exchange) => {
        if (sink === null) early.push([number, exchange]);
        else sink.take(number, exchange);
      },
    });
  });
  let closed: Awaited<ReturnType<SinkWorker["close"]>>;
  try {
    const { requestsMax } = options;
    sink = await SinkWorker.start({
      out,
      name,
      places: [null, ...dependencies.map((dependency) => dependency.name)],
      key,
      redact,
      epochNs,
      requestsMax,
    });
    for (const each of early.splice(0)) sink.take(...each);
    options.onListening(Object.fromEntries([...proxies].map(([of, { address }]) => [of, address])));
    const failed = await Promise.race([untilOver(options, sink.enough), sink.failed]);
    await stopAll(proxies, failed === undefined ? GRACE_MS : 0);
    if (failed !== undefined) throw failed;
    closed = await sink.close();
  } finally {
    await stopAll(proxies, 0);
    await sink?.terminate();
  }
  const counts = Object.fromEntries([...proxies].map(([of, proxy]) => [of, proxy.counts]));
  const finished = await finishRecording({ out, key, replaced: redact ? closed.replaced : [] });
  return { ...finished, ...closed.counts, proxies: counts };
}
