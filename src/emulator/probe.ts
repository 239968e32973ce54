import { z } from "zod";
import { ShakedownError } from "../core/index.ts";
import { ratioField } from "../core/fields/index.ts";
import type { ConnectionFaultSpec } from "./listen/connection-faults.ts";
import type { DependencySpec, HttpSpec, TcpDependencySpec } from "./dependency.ts";
import type { FaultSpec } from "./fault/index.ts";
import type { LatencySpec } from "./latency/index.ts";
import type { Trouble } from "./tcp/index.ts";

const KINDS = ["latency", "errors", "hang", "outage", "cold"] as const;
export type ProbeKind = (typeof KINDS)[number];

const factor = z
  .number({ error: "so many times as long: a number such as 4" })
  .gt(0, "a factor above 0, such as 4")
  .max(10_000);

/**
 * What a stage does to one dependency while it lasts, to every arm alike: its latency times a
 * factor, a share of its calls failing (503), no answer at all (`hang`), or nobody there (`outage`:
 * connections are refused, and those that are open are reset at the next call). Or to the arms
 * themselves, as it begins: their caches are emptied (`cold`), which is whoever runs them's to do.
 * What is really there, behind a proxy of TCP, has no errors of ours, and is made no quicker.
 */
export const probeSchema = z
  .strictObject({
    dependency: z
      .string()
      .optional()
      .describe("one of the scenario's dependencies; of all but cold"),
    latency: z.strictObject({ factor }).optional().describe("so many times as long"),
    errors: ratioField().optional().describe("the share of calls that are answered 503"),
    hang: z.literal(true).optional().describe("calls are taken, and never answered"),
    outage: z.literal(true).optional().describe("connections are refused"),
    cold: z
      .literal(true)
      .optional()
      .describe("the arms' caches are emptied as the stage begins, as `flushCaches` says"),
  })
  .superRefine((given, context) => {
    const fault = (message: string, path: string[] = []): void =>
      context.addIssue({ code: "custom", path, message });
    if (KINDS.filter((kind) => given[kind] !== undefined).length !== 1) {
      fault(
        "one thing is done to a dependency at a time: latency, errors, hang or outage; or caches are emptied: cold",
      );
    } else if (given.cold === undefined && given.dependency === undefined) {
      fault("is missing: which one, such as payments", ["dependency"]);
    } else if (given.cold === true && given.dependency !== undefined) {
      fault("caches are the arms' own, whatever they stand before: leave it out", ["dependency"]);
    }
  });
/** Plain data: exactly one of the five is there, and a dependency beside all but `cold`. */
export type Probe = z.output<typeof probeSchema>;

export const probeKind = (probe: Probe): ProbeKind =>
  KINDS.find((kind) => probe[kind] !== undefined)!;

/** A probe with when it holds, in nanoseconds since traffic began. */
export interface ProbeWindow {
  readonly probe: Probe;
  readonly fromNs: number;
  readonly toNs: number;
}

type During = NonNullable<Extract<ConnectionFaultSpec, { kind: "refuse" }>["during"]>;

const during = ({ fromNs, toNs }: ProbeWindow): During => ({
  kind: "windows",
  windows: [{ from: fromNs, to: toNs }],
});

function faultsOf(windows: readonly ProbeWindow[]): FaultSpec {
  return windows.flatMap((window): FaultSpec => {
    const { errors, hang, latency } = window.probe;
    if (latency !== undefined) return [];
    const status = { kind: "status", status: 503, headers: {}, body: null } as const;
    const fault =
      errors !== undefined
        ? status
        : hang === true
          ? ({ kind: "hang" } as const)
          : ({ kind: "reset", when: "before" } as const);
    const faults = [{ weight: 1, fault }];
    return [{ kind: "during", during: during(window), ratio: errors ?? 1, faults }];
  });
}

function slowed(latency: LatencySpec, windows: readonly ProbeWindow[]): LatencySpec {
  const factors = windows.flatMap(({ fromNs, probe, toNs }) =>
    probe.latency === undefined ? [] : [{ from: fromNs, to: toNs, factor: probe.latency.factor }],
  );
  if (factors.length === 0) return latency;
  return { kind: "schedule", latency, factor: { kind: "windows", windows: factors } };
}

/** Its own models come first and keep their luck; stubs that have their own are probed as well. */
function probedHttp(spec: HttpSpec, windows: readonly ProbeWindow[]): HttpSpec {
  const faults = faultsOf(windows);
  const failing = (errors: FaultSpec | undefined): FaultSpec => [...(errors ?? []), ...faults];
  const refused = windows.filter(({ probe }) => probe.outage === true);
  return {
    ...spec,
    latency: slowed(spec.latency, windows),
    ...(faults.length === 0 ? {} : { errors: failing(spec.errors) }),
    connections: [
      ...spec.connections,
      ...refused.map((window) => ({ kind: "refuse", during: during(window) }) as const),
    ],
    stubs: spec.stubs.map((stub) => ({
      ...stub,
      ...(stub.latency === undefined ? {} : { latency: slowed(stub.latency, windows) }),
      ...(stub.errors === undefined || faults.length === 0 ? {} : { errors: failing(stub.errors) }),
    })),
  };
}

/** Why a probe cannot be had of a dependency that is really there, behind a proxy; null where it can. */
export function notOfTcpBecause({ errors, latency }: Probe): string | null {
  if (errors !== undefined) {
    return "is behind a proxy of TCP, which knows no answers that could be errors: take hang or outage";
  }
  if (latency !== undefined && latency.factor < 1) {
    return "is behind a proxy of TCP, and really there: it can be made slower, not quicker";
  }
  return null;
}

function troubleOf({ hang, latency }: Probe): Trouble {
  if (latency !== undefined) return { kind: "slowed", factor: latency.factor };
  return hang === true ? { kind: "hung" } : { kind: "away" };
}

const probedTcp = (
  spec: TcpDependencySpec,
  windows: readonly ProbeWindow[],
): TcpDependencySpec => ({
  ...spec,
  troubles: windows.map(({ fromNs, probe, toNs }) => ({ trouble: troubleOf(probe), fromNs, toNs })),
});

/**
 * Dependencies with what probes do to them: timelines like any other, the same for every arm.
 * @throws SCENARIO_INVALID for a probe of a dependency that there is not, or that cannot be had of it
 */
export function withProbes(
  dependencies: Readonly<Record<string, DependencySpec>>,
  windows: readonly ProbeWindow[],
): Readonly<Record<string, DependencySpec>> {
  const probed: Record<string, DependencySpec> = { ...dependencies };
  const ofOne = windows.filter(({ probe }) => probe.dependency !== undefined);
  for (const [name, own] of Map.groupBy(ofOne, ({ probe }) => probe.dependency!)) {
    const spec = probed[name];
    if (spec === undefined) {
      throw new ShakedownError("SCENARIO_INVALID", `${name} is no dependency that can be probed`);
    }
    if (spec.protocol === "http") probed[name] = probedHttp(spec, own);
    else {
      const why = own.map(({ probe }) => notOfTcpBecause(probe)).find((each) => each !== null);
      if (why !== undefined) throw new ShakedownError("SCENARIO_INVALID", `${name} ${why}`);
      probed[name] = probedTcp(spec, own);
    }
  }
  return probed;
}
