import { createDeadlines, messageOf, monotonicClock, ShakedownError } from "../core/index.ts";
import { EmulatorCounters, type EmulatorSnapshot } from "./counters.ts";
import type { DependencySpec } from "./dependency.ts";
import { generateIdentity } from "./listen/generated-identity.ts";
import { type LimitSharing, SharedLedger } from "./limit/index.ts";
import { Journal, type JournalEntry } from "./journal.ts";
import { OpenFiles } from "./open-files.ts";
import { Recorder } from "./recorder.ts";
import { rehearse } from "./rehearse.ts";
import { checkPorts, servedBy, Servers, serveToxiproxy } from "./servers.ts";
import { Standstill } from "./standstill.ts";
import type { StubStateChange, StubStates } from "./stub-states.ts";
import type { IncidentSpec } from "./timeline/index.ts";

/** Can be sent to a thread as it is. */
export interface EmulatorOptions {
  readonly arms: readonly string[];
  readonly dependencies: Readonly<Record<string, DependencySpec>>;
  /** What strikes several dependencies at once, by name. */
  readonly incidents?: Readonly<Record<string, IncidentSpec>>;
  /** Of all luck: the same seed gives the same call the same delay and the same fault. */
  readonly seed: string;
  /** 16 hex digits; identities of other runs are not believed. */
  readonly runId: string;
  /** A start of an odd number is the one before it again, and its calls have the same luck. */
  readonly repeats?: boolean;
  /** The `process.hrtime.bigint()` reading that times are counted from. */
  readonly originNs: bigint;
  /** A new file for the record of every call; null: no record. */
  readonly spoolPath: string | null;
  /** The same for connections to TCP dependencies; made when there is such a dependency. */
  readonly connectionsPath?: string;
  /** The same for what is exchanged with TCP dependencies. */
  readonly exchangesPath?: string;
  /** Serves Toxiproxy's API over the proxies of TCP dependencies, and whatever it is asked to add. */
  readonly toxiproxy?: { readonly host: string; readonly port: number };
  /** How many of the last calls `journal` tells of; 0 unless told. */
  readonly journal?: number;
  /** 127.0.0.1 unless told. */
  readonly host?: string;
  /** Which dependencies it serves; all unless told. Others serve the rest. */
  readonly serves?: readonly string[];
  /** Others serve dependencies of `instances: each`, too: where limits are kept that hold over all. */
  readonly sharing?: LimitSharing;
  /** Run through the answering of calls, so as to be on time from the first that counts. */
  readonly rehearse?: boolean;
}

/** Dependency → arm → `http://127.0.0.1:port`; `https:` with tls, `tcp:` for a TCP dependency. */
export type EmulatorAddresses = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface EmulatorTotals {
  /** Calls that arrived. */
  readonly calls: number;
  /** Calls whose record was not kept. */
  readonly lostRows: number;
  /** Calls whose record is in the spool. */
  readonly keptRows: number;
  /** Calls that asked for a limit that is shared with other emulators. */
  readonly asked: number;
  /** Those of them that were decided without the others. */
  readonly alone: number;
  /** How long it did nothing while there was traffic, not even see what it was asked. */
  readonly stoodStillMs: number;
  /** Calls forgotten when numbering attempts, to bound memory. */
  readonly evictions: number;
}

export interface Emulator extends AsyncDisposable {
  readonly addresses: EmulatorAddresses;
  /** Null when it was not asked for. */
  readonly toxiproxyAddress: string | null;
  /** What callers have to trust of dependencies with `tls: generated`, as PEM; null without one. */
  readonly authority: string | null;
  /**
   * Resolves when it has rehearsed, if it was to: calls until then are answered, and late. Rejects
   * with what the rehearsal threw. Who stops it before need not wait for that.
   */
  readonly rehearsed: Promise<void>;
  /** The counts of this moment; costs the serving thread nothing. */
  snapshot(): Promise<EmulatorSnapshot>;
  /** The last calls, the oldest first: as many as the options say. */
  journal(): Promise<readonly JournalEntry[]>;
  clearJournal(): Promise<void>;
  /**
   * Has a dependency conduct itself otherwise from now on, in every arm; calls on their way end as
   * they were decided.
   * @throws USAGE for what can be changed only by starting anew: ports, tls, connections, tcp
   */
  change(dependency: string, spec: DependencySpec): Promise<void>;
  /**
   * Traffic begins at this reading of `process.hrtime.bigint()`: windows, ramps and incidents count
   * from there. Until it is told they count from the emulator's own origin.
   */
  begin(originNs: bigint): Promise<void>;
  /** Limits, queues and models of all dependencies begin anew. */
  reset(): Promise<void>;
  stubStates(): Promise<StubStates>;
  /** @throws USAGE for a dependency, an arm or a machine that there is not; then nothing is set */
  setStubStates(change: StubStateChange): Promise<void>;
  /**
   * Resolves, if ever, to what stopped the emulator or its record while it was needed
   * (EMULATOR_FAILED, DISK_WRITE_FAILED). Never rejects.
   */
  readonly failed: Promise<ShakedownError>;
  /**
   * Resolves, if ever, when connections are turned away because this process has too many open
   * files (EMULATOR_FAILED); the others are served as before. Never rejects.
   */
  readonly starved: Promise<ShakedownError>;
  /**
   * Hangs up on everybody, records calls on their way as aborted, and closes the record. Calling
   * it again gives the same totals.
   */
  stop(): Promise<EmulatorTotals>;
}

/** Made anew each time: no key of it is ever written down. */
async function generatedFor({ dependencies, host }: EmulatorOptions) {
  const asked = Object.values(dependencies).some(
    (spec) => spec.protocol === "http" && spec.tls === "generated",
  );
  if (!asked) return null;
  const names = ["localhost", "127.0.0.1", "::1", ...(host === undefined ? [] : [host])];
  return generateIdentity([...new Set(names)], new Date());
}

/** How often the counts of proxies are told, and it is seen whether this thread is at it. */
const REFRESH_MS = 100;

/** The emulator in this thread, counting into the given counters. */
export async function serveEmulator(
  options: EmulatorOptions,
  counters: EmulatorCounters,
): Promise<Emulator> {
  checkPorts(options);
  const { arms, connectionsPath, dependencies, exchangesPath, sharing, spoolPath } = options;
  const generated = await generatedFor(options);
  const { promise: failed, resolve: fail } = Promise.withResolvers<ShakedownError>();
  const meta = { arms, dependencies: Object.keys(dependencies) };
  const tcp = servedBy(options).some(([, { protocol }]) => protocol === "tcp");
  const recorder = await Recorder.create({
    path: spoolPath,
    connectionsPath: tcp ? (connectionsPath ?? null) : null,
    exchangesPath: tcp ? (exchangesPath ?? null) : null,
    meta,
    counters,
    onFailure: fail,
  });
  const clock = monotonicClock(options.originNs);
  const deadlines = await createDeadlines(clock);
  const journal = new Journal(options.journal ?? 0);
  const { promise: starved, resolve: starve } = Promise.withResolvers<ShakedownError>();
  const openFiles = new OpenFiles(starve);
  const count = (what: "asked" | "alone"): void => counters.addTotal(what);
  const ledger =
    sharing === undefined
      ? null
      : await SharedLedger.connect(sharing, { clock, deadlines, count }).catch(
          async (thrown: unknown) => {
            await Promise.all([deadlines.close(), recorder.discard()]);
            throw thrown;
          },
        );
  const servers = new Servers(options, {
    clock,
    deadlines,
    ledger,
    recorder,
    journal,
    generated,
    openFiles,
    onFailure: (cause) => {
      if (openFiles.isShort(cause)) return;
      const message = `a listener failed: ${messageOf(cause)}`;
      fail(new ShakedownError("EMULATOR_FAILED", message, { cause }));
    },
  });
  await servers.open(counters).catch(async (thrown: unknown) => {
    ledger?.close();
    await Promise.all([deadlines.close(), recorder.discard()]);
    throw thrown;
  });
  const toxiproxy = await serveToxiproxy(options, servers, { clock, deadlines, openFiles }).catch(
    async (thrown: unknown) => {
      await servers.close();
      await Promise.all([deadlines.close(), recorder.discard()]);
      throw thrown;
    },
  );
  const stopping = new AbortController();
  const rehearsed =
    options.rehearse === true ? rehearse(clock, deadlines, stopping.signal) : Promise.resolve();
  rehearsed.catch(() => {});
  const standstill = new Standstill(clock, REFRESH_MS);
  const refresh = (): void => {
    counters.setTotal("stoodStillMs", standstill.look());
    servers.refresh();
  };
  const refreshing = setInterval(refresh, REFRESH_MS).unref();
  const stop = async (): Promise<EmulatorTotals> => {
    clearInterval(refreshing);
    stopping.abort();
    // Its calls wait for deadlines of ours.
    await rehearsed.catch(() => {});
    refresh();
    await toxiproxy?.stop();
    await servers.close();
    ledger?.close();
    await deadlines.close();
    const lostRows = await recorder.close();
    const keptRows = counters.total("rows") - lostRows;
    return { ...counters.told(), lostRows, keptRows };
  };
  let stopped: Promise<EmulatorTotals> | undefined;
  const stopOnce = (): Promise<EmulatorTotals> => (stopped ??= stop());
  return {
    addresses: servers.addresses,
    toxiproxyAddress: toxiproxy?.address ?? null,
    authority: generated?.authority ?? null,
    rehearsed,
    failed,
    starved,
    snapshot: async () => counters.snapshot(),
    journal: async () => journal.list(),
    clearJournal: async () => journal.clear(),
    change: async (dependency, spec) => servers.change(dependency, spec),
    begin: async (originNs) => {
      servers.begin(Number(originNs - options.originNs));
      standstill.begin();
    },
    reset: async () => servers.reset(),
    stubStates: async () => servers.stubStates(),
    setStubStates: async (change) => servers.setStubStates(change),
    stop: stopOnce,
    async [Symbol.asyncDispose]() {
      await stopOnce();
    },
  };
}

/**
 * Starts a listener for every dependency of every arm, in this thread.
 * @throws PORT_IN_USE, SCENARIO_INVALID (a port for an arm that is not one, an incident that there
 * is not), OUTPUT_UNWRITABLE, USAGE (an address that cannot be listened on); then nothing is left
 * listening.
 */
export function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const counters = new EmulatorCounters(options.arms, Object.keys(options.dependencies));
  return serveEmulator(options, counters);
}
