import { z } from "zod";
import { ratioField } from "../../core/fields/index.ts";
import type { Timeline, World } from "../model.ts";
import { createTimeline, timelineSchema } from "../timeline/index.ts";

const kind = <Kind extends string>(name: Kind) => z.literal(name);

/**
 * What goes wrong before there is a call, while `during` says so, or always:
 * - `refuse`: nobody listens, connections are refused;
 * - `accept-queue-full`: the port is listened on and nobody accepts; what comes when the kernel's
 *   queue is full is not answered at all;
 * - `tls-handshake-failure`: `ratio` of the connections get a fatal alert for their hello;
 * - `tls-stall`: `ratio` of them get no answer to it;
 * - `h2-streams`: HTTP/2 connections are told that only so many streams may be open.
 * Connections that are open already stay open.
 */
export const connectionFaultSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: kind("refuse"), during: timelineSchema.optional() }),
  z.strictObject({ kind: kind("accept-queue-full"), during: timelineSchema.optional() }),
  z.strictObject({
    kind: kind("tls-handshake-failure"),
    during: timelineSchema.optional(),
    ratio: ratioField().default(1),
  }),
  z.strictObject({
    kind: kind("tls-stall"),
    during: timelineSchema.optional(),
    ratio: ratioField().default(1),
  }),
  z.strictObject({
    kind: kind("h2-streams"),
    during: timelineSchema.optional(),
    streams: z.number().int().min(0).max(1_000_000),
  }),
]);
export type ConnectionFaultSpec = z.output<typeof connectionFaultSchema>;

/** How the port is, as far as connection faults go. */
export type Door = "open" | "refuse" | "accept-queue-full";

/** What becomes of a new connection. */
export type Greeting = "welcome" | "tls-handshake-failure" | "tls-stall";

interface Planned {
  readonly spec: ConnectionFaultSpec;
  readonly timeline: Timeline | null;
  readonly name: string;
}

/** Which connection faults hold when. Pure but for the world's draws. */
export class ConnectionFaults {
  readonly #planned: readonly Planned[];
  readonly #world: World;

  /** @throws SCENARIO_INVALID when one names an incident that there is not */
  constructor(specs: readonly ConnectionFaultSpec[], world: World) {
    this.#world = world;
    this.#planned = specs.map((spec, index) => {
      const name = `connection-${index}`;
      const { during } = spec;
      return {
        spec,
        name,
        timeline: during === undefined ? null : createTimeline(during, world, name),
      };
    });
  }

  /** Whether the door and the streams need to be looked after at all. */
  get moves(): boolean {
    return this.#planned.some(
      ({ spec }) => spec.kind !== "tls-handshake-failure" && spec.kind !== "tls-stall",
    );
  }

  door(nowNs: number): Door {
    for (const { spec } of this.#holding(nowNs)) {
      if (spec.kind === "refuse" || spec.kind === "accept-queue-full") return spec.kind;
    }
    return "open";
  }

  /** Streams that an HTTP/2 connection may have open; null: as many as it likes. */
  streamsMax(nowNs: number): number | null {
    for (const { spec } of this.#holding(nowNs)) {
      if (spec.kind === "h2-streams") return spec.streams;
    }
    return null;
  }

  /** For the `connection`-th one that was accepted. */
  greeting(nowNs: number, connection: number): Greeting {
    for (const { name, spec } of this.#holding(nowNs)) {
      if (spec.kind !== "tls-handshake-failure" && spec.kind !== "tls-stall") continue;
      const u = this.#world.draw(name, connection).uniform("greeting");
      if (u < spec.ratio) return spec.kind;
    }
    return "welcome";
  }

  #holding(nowNs: number): readonly Planned[] {
    return this.#planned.filter(({ timeline }) => timeline === null || timeline.stateAt(nowNs) > 0);
  }
}
