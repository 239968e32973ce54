import {
  type DependencyCall,
  type describeDependencies,
  routeTemplates,
} from "../profile/index.ts";
import {
  fitErrors,
  fitLatency,
  writtenErrors,
  writtenKsDistance,
  writtenLatency,
} from "../stats/index.ts";
import type { CapturedCall } from "./format.ts";
import type { Redactor } from "./redact/index.ts";

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
  errors: (failed) => writtenErrors(fitErrors(failed)),
};

/** A call without what must not reach the disk: names of dependencies and spans may hold it, too. */
export function redactedCall(call: CapturedCall, redactor: Redactor | undefined): CapturedCall {
  if (redactor === undefined) return call;
  const { dependency, path, route } = call;
  return {
    ...call,
    dependency: redactor.text(dependency),
    ...(path === undefined ? {} : { path: redactor.path(path) }),
    ...(route === undefined ? {} : { route: redactor.text(route) }),
  };
}

/**
 * The calls of all records as a profile holds them, by rising offset. The routes of those that
 * are known by their paths are told from all paths together.
 */
export function dependencyCallsOf(
  all: readonly (readonly CapturedCall[] | undefined)[],
): (DependencyCall[] | undefined)[] {
  const templates = routeTemplates(
    all.flatMap((calls = []) => calls.flatMap(({ path }) => path ?? [])),
  );
  let at = 0;
  return all.map((calls) =>
    calls
      ?.map(({ dependency, failed, latencyUs, method, offsetUs, path, route, status }) => {
        const named = path === undefined ? route : `${method} ${templates[at++]}`;
        return {
          dependency,
          ...(named === undefined ? {} : { route: named }),
          offsetUs,
          latencyUs,
          ...(status === undefined ? {} : { status }),
          ...(failed === true ? { failed } : {}),
        };
      })
      .toSorted((a, b) => a.offsetUs - b.offsetUs),
  );
}
