import type { CapturedCall } from "../format.ts";
import { retryAfterMsOf } from "../retry-after.ts";
import type { Span } from "./span.ts";

type TimedSpan = Span & { readonly startNs: bigint; readonly durationNs: bigint };

export const isTimed = (span: Span): span is TimedSpan =>
  span.startNs !== undefined && span.durationNs !== undefined;

function retryAfterOf({ durationNs, retryAfter, startNs }: TimedSpan): { retryAfterMs?: number } {
  if (retryAfter === undefined) return {};
  const retryAfterMs = retryAfterMsOf(retryAfter, Number((startNs + durationNs) / 1_000_000n));
  return retryAfterMs === undefined ? {} : { retryAfterMs };
}

/** What a CLIENT span tells of the call. `called`: the service that was seen to serve it. */
export function callOf(
  client: TimedSpan,
  { called, owner }: { called: string | undefined; owner: Span },
): CapturedCall {
  const { method, path, route, name, status, failed, startNs, durationNs } = client;
  const { parentKey, resendCount, statement } = client;
  const template = method !== undefined && route !== undefined ? `${method} ${route}` : name;
  const offsetNs = startNs - (owner.startNs ?? startNs);
  return {
    dependency: called ?? client.peer ?? (name === "" ? "unnamed dependency" : name),
    ...(method !== undefined && path !== undefined
      ? { method, path }
      : template === ""
        ? {}
        : { route: template }),
    // Clocks of one service on several machines differ: nothing is called before it is asked for.
    offsetUs: Math.max(0, Number(offsetNs) / 1e3),
    latencyUs: Number(durationNs) / 1e3,
    ...(status === undefined ? {} : { status }),
    // Instrumentation calls a 404 an error as well; with a status, that decides.
    ...(failed && status === undefined ? { failed: true } : {}),
    ...(statement === undefined ? {} : { statement }),
    ...(resendCount === undefined ? {} : { resendCount }),
    ...(parentKey === undefined ? {} : { parent: parentKey }),
    ...retryAfterOf(client),
  };
}
