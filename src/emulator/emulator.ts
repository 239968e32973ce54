import {
  createDeadlines,
  messageOf,
  monotonicClock,
  NS_PER_MS,
  ShakedownError,
  systemCodeOf,
} from "../core/index.ts";
import { Conduct } from "./conduct.ts";
import { EmulatorCounters, type EmulatorSnapshot, type ListenerCounters } from "./counters.ts";
import type { DependencySpec, HttpSpec, TcpDependencySpec } from "./dependency.ts";
import { Journal, type JournalEntry } from "./journal.ts";
import { Listener, type ListenerOptions } from "./listener.ts";
import type { World } from "./model.ts";
import { Recorder } from "./recorder.ts";
import { rehearse } from "./rehearse.ts";
import {
  startTcpDependency,
  startToxiproxyApi,
  TcpProxies,
  type TcpProxy,
  type ToxiproxyApi,
} from "./tcp/index.ts";
import type { IncidentSpec } from "./timeline/index.ts";
import { createWorlds } from "./world.ts";

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
  /** The `process.hrtime.bigint()` reading that times are counted from. */
  readonly originNs: bigint;
  /** A new file for the record of every call; null: no record. */
  readonly spoolPath: string | null;
  /** The same for connections to TCP dependencies; made when there is such a dependency. */
  readonly connectionsPath?: string;
  /** Serves Toxiproxy's API over the proxies of TCP dependencies, and whatever it is asked to add. */
  readonly toxiproxy?: { readonly host: string; readonly port: number };
  /** How many of the last calls `journal` tells of; 0 unless told. */
  readonly journal?: number;
  /** 127.0.0.1 unless told. */
  readonly host?: string;
  /** Run through the answering of calls before there are any, so as to be on time from the first. */
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
  /** Calls forgotten when numbering attempts, to bound memory. */
  readonly evictions: number;
}

export interface Emulator extends AsyncDisposable {
  readonly addresses: EmulatorAddresses;
  /** Null when it was not asked for. */
  readonly toxiproxyAddress: string | null;
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
  /** Limits, queues and models of all dependencies begin anew. */
  reset(): Promise<void>;
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
    return await listener.listen(host, port);
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

type Shared = Pick<ListenerOptions, "clock" | "deadlines" | "onFailure"> & {
  readonly recorder: Recorder;
  readonly journal: Journal;
};

/** Where one arm's calls to one dependency arrive. */
interface Place {
  readonly dependency: string;
  readonly arm: string;
  readonly indexes: { readonly arm: number; readonly dependency: number };
  readonly counters: ListenerCounters;
  readonly world: World;
  readonly whose: string;
  readonly port: number;
}

type Serving =
  | { readonly place: Place; readonly protocol: "http"; readonly server: Listener; spec: HttpSpec }
  | { readonly place: Place; readonly protocol: "tcp"; readonly server: TcpProxy };

/** Everything that listens. */
class Servers {
  readonly addresses: Record<string, Record<string, string>> = {};
  readonly #options: EmulatorOptions;
  readonly #shared: Shared;
  readonly #serving: Serving[] = [];

  constructor(options: EmulatorOptions, shared: Shared) {
    this.#options = options;
    this.#shared = shared;
  }

  /** Opens every listener, or none. */
  async open(counters: EmulatorCounters): Promise<void> {
    const { arms, dependencies, incidents = {}, seed } = this.#options;
    const worldOf = createWorlds(seed, incidents);
    try {
      for (const [d, [dependency, spec]] of Object.entries(dependencies).entries()) {
        const perArm: Record<string, string> = {};
        for (const [a, arm] of arms.entries()) {
          const place = {
            dependency,
            arm,
            indexes: { arm: a, dependency: d },
            counters: counters.listener(d, a),
            world: worldOf(dependency),
            whose: `dependency ${dependency}, arm ${arm}`,
            port: spec.ports[arm] ?? 0,
          };
          perArm[arm] =
            spec.protocol === "tcp"
              ? await this.#openTcp(place, spec)
              : await this.#openHttp(place, spec, counters);
        }
        this.addresses[dependency] = perArm;
      }
    } catch (thrown) {
      await this.close();
      throw thrown;
    }
  }

  async #openHttp(place: Place, spec: HttpSpec, counters: EmulatorCounters): Promise<string> {
    const { host = "127.0.0.1", runId, seed } = this.#options;
    const { clock, journal, recorder } = this.#shared;
    const { arm, dependency, indexes, world } = place;
    const wallAheadMs = Date.now() - clock.nowNs() / NS_PER_MS;
    const conduct = new Conduct({
      dependency,
      spec,
      seed,
      runId,
      world,
      wallMsAt: (nowNs) => wallAheadMs + nowNs / NS_PER_MS,
      onEvict: () => counters.addTotal("evictions"),
    });
    const names = { dependency, arm };
    const listener = new Listener({
      ...this.#shared,
      ...indexes,
      spec,
      conduct,
      world,
      counters: place.counters,
      record: (call, asked) => {
        recorder.write(call);
        journal.add(names, asked, call);
      },
    });
    const port = await listen(listener, host, place.port, place.whose);
    this.#serving.push({ place, protocol: "http", server: listener, spec });
    const scheme = spec.tls === null ? "http" : "https";
    return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
  }

  async #openTcp(place: Place, spec: TcpDependencySpec): Promise<string> {
    const { host = "127.0.0.1" } = this.#options;
    const { clock, deadlines, recorder } = this.#shared;
    const { arm, dependency, indexes, world } = place;
    const proxy = await startTcpDependency({
      name: `${arm}/${dependency}`,
      spec: spec.tcp,
      host,
      port: place.port,
      clock,
      deadlines,
      draw: (...parts) => world.draw(...parts),
      onConnection: (connection) => recorder.writeConnection({ ...indexes, ...connection }),
    });
    this.#serving.push({ place, protocol: "tcp", server: proxy });
    return `tcp://${proxy.listen}`;
  }

  /** What proxies count, told to those who watch. */
  refresh(): void {
    for (const serving of this.#serving) {
      if (serving.protocol !== "tcp") continue;
      const { accepted, inFlight, open, refused, unreachable } = serving.server.snapshot();
      const { counters } = serving.place;
      counters.set("accepted", accepted);
      counters.set("connections", open);
      counters.set("inFlight", inFlight);
      counters.set("rejected", refused);
      counters.set("errors", unreachable);
    }
  }

  change(dependency: string, spec: DependencySpec): void {
    const affected = this.#serving.filter(({ place }) => place.dependency === dependency);
    for (const serving of affected) {
      if (serving.protocol === "tcp" || spec.protocol === "tcp") {
        throw fixed(dependency, "a TCP dependency is changed through Toxiproxy's API");
      }
      for (const field of ["ports", "tls", "connections", "requestTimeoutMs"] as const) {
        const same = JSON.stringify(serving.spec[field]) === JSON.stringify(spec[field]);
        if (!same) throw fixed(dependency, `\`${field}\` cannot be changed while it is served`);
      }
      serving.server.change(spec);
      serving.spec = spec;
    }
  }

  reset(): void {
    for (const serving of this.#serving) {
      if (serving.protocol === "http") serving.server.reset();
    }
  }

  /** The proxies, for Toxiproxy's API. */
  get proxies(): readonly TcpProxy[] {
    return this.#serving.flatMap((each) => (each.protocol === "tcp" ? [each.server] : []));
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#serving.map((each) =>
        each.protocol === "tcp" ? each.server.stop() : each.server.close(),
      ),
    );
  }
}

const fixed = (dependency: string, why: string): ShakedownError =>
  new ShakedownError("USAGE", `${dependency}: ${why}`, {
    hint: "start the emulator anew for that",
  });

/** Toxiproxy's API over the dependencies' proxies; `stop` ends it and what it was asked to add. */
async function serveToxiproxy(
  { seed, toxiproxy }: EmulatorOptions,
  servers: Servers,
  time: Pick<ListenerOptions, "clock" | "deadlines">,
): Promise<{ readonly address: string; stop(): Promise<void> } | null> {
  if (toxiproxy === undefined) return null;
  const { draw } = createWorlds(seed, {})("toxiproxy");
  const proxies = new TcpProxies({ ...time, draw });
  for (const proxy of servers.proxies) proxies.adopt(proxy);
  const api: ToxiproxyApi = await startToxiproxyApi({ proxies, ...toxiproxy });
  return {
    address: api.address,
    async stop() {
      await api[Symbol.asyncDispose]();
      await proxies[Symbol.asyncDispose]();
    },
  };
}

/** How often the counts of proxies are told. */
const REFRESH_MS = 100;

/** The emulator in this thread, counting into the given counters. */
export async function serveEmulator(
  options: EmulatorOptions,
  counters: EmulatorCounters,
): Promise<Emulator> {
  checkPorts(options);
  const { arms, connectionsPath, dependencies, spoolPath } = options;
  const { promise: failed, resolve: fail } = Promise.withResolvers<ShakedownError>();
  const meta = { arms, dependencies: Object.keys(dependencies) };
  const tcp = Object.values(dependencies).some(({ protocol }) => protocol === "tcp");
  const recorder = await Recorder.create({
    path: spoolPath,
    connectionsPath: tcp ? (connectionsPath ?? null) : null,
    meta,
    counters,
    onFailure: fail,
  });
  const clock = monotonicClock(options.originNs);
  const deadlines = await createDeadlines(clock);
  if (options.rehearse === true) await rehearse(clock, deadlines);
  const journal = new Journal(options.journal ?? 0);
  const servers = new Servers(options, {
    clock,
    deadlines,
    recorder,
    journal,
    onFailure: (cause) =>
      fail(
        new ShakedownError("EMULATOR_FAILED", `a listener failed: ${messageOf(cause)}`, { cause }),
      ),
  });
  await servers.open(counters).catch(async (thrown: unknown) => {
    await Promise.all([deadlines.close(), recorder.discard()]);
    throw thrown;
  });
  const toxiproxy = await serveToxiproxy(options, servers, { clock, deadlines }).catch(
    async (thrown: unknown) => {
      await servers.close();
      await Promise.all([deadlines.close(), recorder.discard()]);
      throw thrown;
    },
  );
  const refreshing = tcp ? setInterval(() => servers.refresh(), REFRESH_MS).unref() : undefined;
  const stop = async (): Promise<EmulatorTotals> => {
    clearInterval(refreshing);
    servers.refresh();
    await toxiproxy?.stop();
    await servers.close();
    await deadlines.close();
    const lostRows = await recorder.close();
    const keptRows = counters.total("rows") - lostRows;
    return { calls: counters.calls(), lostRows, keptRows, evictions: counters.total("evictions") };
  };
  let stopping: Promise<EmulatorTotals> | undefined;
  const stopOnce = (): Promise<EmulatorTotals> => (stopping ??= stop());
  return {
    addresses: servers.addresses,
    toxiproxyAddress: toxiproxy?.address ?? null,
    failed,
    snapshot: async () => counters.snapshot(),
    journal: async () => journal.list(),
    clearJournal: async () => journal.clear(),
    change: async (dependency, spec) => servers.change(dependency, spec),
    reset: async () => servers.reset(),
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
