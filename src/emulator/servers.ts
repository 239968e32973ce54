import { NS_PER_MS, ShakedownError } from "../core/index.ts";
import type { EmulatedCall } from "../measure/index.ts";
import { formatHostPort } from "./address.ts";
import { Conduct } from "./conduct.ts";
import type { EmulatorCounters, ListenerCounters } from "./counters.ts";
import type { DependencySpec, HttpSpec, TcpDependencySpec } from "./dependency.ts";
import type { EmulatorOptions } from "./emulator.ts";
import type { Journal } from "./journal.ts";
import { cannotListen } from "./listening.ts";
import type { GeneratedIdentity } from "./listen/generated-identity.ts";
import { Listener, type ListenerOptions } from "./listener.ts";
import type { SharedLedger } from "./limit/index.ts";
import type { World } from "./model.ts";
import type { Recorder } from "./recorder.ts";
import type { StubStateChange, StubStates } from "./stub-states.ts";
import {
  startTcpDependency,
  startToxiproxyApi,
  TcpProxies,
  type TcpProxy,
  type ToxiproxyApi,
} from "./tcp/index.ts";
import { createWorlds } from "./world.ts";

/** @throws SCENARIO_INVALID for a port of an arm that there is not */
export function checkPorts({ arms, dependencies }: EmulatorOptions): void {
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

/** The dependencies that an emulator serves, by name. */
export function servedBy({ dependencies, serves }: EmulatorOptions): [string, DependencySpec][] {
  const all = Object.entries(dependencies);
  return serves === undefined ? all : all.filter(([name]) => serves.includes(name));
}

type Shared = Pick<ListenerOptions, "clock" | "deadlines" | "openFiles" | "onFailure"> & {
  readonly recorder: Recorder;
  readonly journal: Journal;
  /** Where limits are kept that others share; null where there are no others. */
  readonly ledger: SharedLedger | null;
  /** What is served where `tls` is `generated`; null where it is not. */
  readonly generated: GeneratedIdentity | null;
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
  | {
      readonly place: Place;
      readonly protocol: "http";
      readonly server: Listener;
      readonly conduct: Conduct;
      spec: HttpSpec;
    }
  | { readonly place: Place; readonly protocol: "tcp"; readonly server: TcpProxy };

/** Everything that listens. */
export class Servers {
  readonly addresses: Record<string, Record<string, string>> = {};
  readonly #options: EmulatorOptions;
  readonly #shared: Shared;
  readonly #serving: Serving[] = [];
  /** What timelines count from. */
  readonly #origin = { leadNs: 0 };

  constructor(options: EmulatorOptions, shared: Shared) {
    this.#options = options;
    this.#shared = shared;
  }

  /** Opens every listener, or none. */
  async open(counters: EmulatorCounters): Promise<void> {
    const { arms, dependencies, incidents = {}, seed } = this.#options;
    const indexes = new Map(Object.keys(dependencies).map((name, index) => [name, index]));
    const worldOf = createWorlds(seed, incidents, this.#origin);
    try {
      for (const [dependency, spec] of servedBy(this.#options)) {
        const d = indexes.get(dependency)!;
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
    const { host = "127.0.0.1", repeats = false, runId, seed } = this.#options;
    const { clock, generated, journal, ledger, recorder } = this.#shared;
    const { emulators = 1, place: instance = 0 } = this.#options.sharing ?? {};
    const { arm, dependency, indexes, world } = place;
    const wallAheadMs = Date.now() - clock.nowNs() / NS_PER_MS;
    const conduct = new Conduct({
      dependency,
      spec,
      seed,
      runId,
      repeats,
      world,
      wallMsAt: (nowNs) => wallAheadMs + nowNs / NS_PER_MS,
      onEvict: () => counters.addTotal("evictions"),
      ...(ledger !== null && spec.instances === "each" && spec.limitScope !== "instance"
        ? { shared: { ledger, name: `${dependency}:${arm}` } }
        : {}),
    });
    const names = { dependency, arm };
    // Connections of several instances are not to be taken for one.
    const ofInstance = (call: EmulatedCall): EmulatedCall => ({
      ...call,
      connection: call.connection * emulators + instance,
    });
    const listener = new Listener({
      ...this.#shared,
      ...indexes,
      spec,
      tls: spec.tls === "generated" ? generated : spec.tls,
      conduct,
      world,
      counters: place.counters,
      record: (call, asked) => {
        recorder.write(emulators === 1 ? call : ofInstance(call));
        journal.add(names, asked, call);
      },
    });
    const at = { host, port: place.port };
    const port = await listener.listen(at).catch((cause: unknown) => {
      throw cannotListen(place.whose, at, cause);
    });
    this.#serving.push({ place, protocol: "http", server: listener, conduct, spec });
    const scheme = spec.tls === null ? "http" : "https";
    return `${scheme}://${formatHostPort({ host, port })}`;
  }

  async #openTcp(place: Place, spec: TcpDependencySpec): Promise<string> {
    const { arms, host = "127.0.0.1" } = this.#options;
    const { clock, deadlines, onFailure, openFiles, recorder } = this.#shared;
    const { arm, dependency, indexes, world } = place;
    const { troubles = [] } = spec;
    const proxy = await startTcpDependency({
      // Clients of Toxiproxy put it into a path as it is, so it has no slash.
      name: arms.length === 1 ? dependency : `${dependency}.${arm}`,
      spec: spec.tcp,
      troubles,
      onFailure,
      host,
      port: place.port,
      clock,
      deadlines,
      draw: (...parts) => world.draw(...parts),
      openFiles,
      onConnection: (connection) => recorder.writeConnection({ ...indexes, ...connection }),
      onExchange: (exchange) => recorder.writeExchange({ ...indexes, ...exchange }),
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

  /** Traffic begins when the clock shows `leadNs`. */
  begin(leadNs: number): void {
    this.#origin.leadNs = leadNs;
    for (const proxy of this.proxies) proxy.begin(leadNs);
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

  /** Dependency → arm → state machine of its stubs → the state it is in. */
  stubStates(): StubStates {
    const all: Record<string, Record<string, Readonly<Record<string, string>>>> = {};
    for (const serving of this.#serving) {
      if (serving.protocol === "tcp") continue;
      const { arm, dependency } = serving.place;
      (all[dependency] ??= {})[arm] = serving.conduct.stubStates();
    }
    return all;
  }

  /** @throws USAGE for a dependency, an arm or a machine that there is not; then nothing is set */
  setStubStates({ arm, dependency, states }: StubStateChange): void {
    const asked = this.#serving.filter(
      ({ place }) => place.dependency === dependency && (arm ?? place.arm) === place.arm,
    );
    const conducts = asked.flatMap((each) => (each.protocol === "http" ? [each.conduct] : []));
    const known = Object.keys(conducts[0]?.stubStates() ?? {});
    const unknown = Object.keys(states).find((machine) => !known.includes(machine));
    if (conducts.length === 0 || unknown !== undefined) {
      const whose = arm === undefined ? dependency : `${dependency}, arm ${arm},`;
      const what = conducts.length === 0 ? "stub" : `state machine "${unknown}"`;
      const hint = `it has ${known.join(", ") || "no state machine"}`;
      throw new ShakedownError("USAGE", `${whose} has no ${what}`, { hint });
    }
    for (const conduct of conducts) conduct.setStubStates(states);
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
export async function serveToxiproxy(
  { seed, toxiproxy }: EmulatorOptions,
  servers: Servers,
  shared: Pick<ListenerOptions, "clock" | "deadlines" | "openFiles">,
): Promise<{ readonly address: string; stop(): Promise<void> } | null> {
  if (toxiproxy === undefined) return null;
  const world = createWorlds(seed, {})("toxiproxy");
  const proxies = new TcpProxies({ ...shared, draw: (...parts) => world.draw(...parts) });
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
