import {
  callKey,
  type DependencyCall,
  type describeDependencies,
  numberAttempts,
  type UnnumberedCall,
} from "../profile/index.ts";
import {
  fitErrors,
  fitLatency,
  writtenErrors,
  writtenKsDistance,
  writtenLatency,
} from "../stats/index.ts";
import type { CapturedCall } from "./format.ts";
import type { Pseudonyms, Redactor } from "./redact/index.ts";

/** How a profile's dependencies are fitted. */
export const DEPENDENCY_FITTERS: Parameters<typeof describeDependencies>[1] = {
  latency(samplesUs) {
    const fit = fitLatency(samplesUs)!;
    return {
      latency: writtenLatency(fit),
      quantiles: fit.quantiles.map(([p, us]): [number, number] => [p, us]),
      ksDistance: writtenKsDistance(fit),
    };
  },
  errors: (failed, atUs) => writtenErrors(fitErrors(failed, atUs)),
};

/**
 * A call without what must not reach the disk: names of dependencies and spans may hold it, too. Of
 * a statement nothing is kept but a pseudonym, redaction or not: all that is asked of it is whether
 * it is the same as another.
 */
export function redactedCall(
  call: CapturedCall,
  { pseudonyms, redactor }: { pseudonyms: Pseudonyms; redactor: Redactor | undefined },
): CapturedCall {
  const { dependency, path, route, statement } = call;
  const known = statement === undefined ? call : { ...call, statement: pseudonyms.id(statement) };
  if (redactor === undefined) return known;
  return {
    ...known,
    dependency: redactor.text(dependency),
    ...(path === undefined ? {} : { path: redactor.path(path) }),
    ...(route === undefined ? {} : { route: redactor.text(route) }),
  };
}

function unnumbered(call: CapturedCall, templateOf: (path: string) => string): UnnumberedCall {
  const { dependency, failed, latencyUs, method = "", offsetUs, path, retryAfterMs, status } = call;
  const route = path === undefined ? call.route : `${method} ${templateOf(path)}`;
  const key =
    path === undefined || route === undefined ? call.statement : callKey(method, path, route);
  return {
    parent: call.parent,
    resendCount: call.resendCount,
    call: {
      dependency,
      ...(route === undefined ? {} : { route }),
      offsetUs,
      latencyUs,
      ...(status === undefined ? {} : { status }),
      ...(failed === true ? { failed } : {}),
      ...(key === undefined ? {} : { key }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  };
}

/** One request's calls as a profile holds them, by rising offset, with what they repeat. */
export function requestCallsOf(
  calls: readonly CapturedCall[],
  templateOf: (path: string) => string,
): DependencyCall[] {
  return numberAttempts(calls.map((call) => unnumbered(call, templateOf)));
}
