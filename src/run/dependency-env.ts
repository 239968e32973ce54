const envPrefix = (dependency: string): string =>
  dependency.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_");

/** `payments` → `PAYMENTS_URL`. */
export const dependencyEnvName = (dependency: string): string => `${envPrefix(dependency)}_URL`;

/**
 * What a target is told of a dependency's address: `PAYMENTS_URL`; for one that speaks its own
 * protocol over TCP, `REDIS_HOST` and `REDIS_PORT` besides.
 */
export function envOfDependency(dependency: string, address: string): Record<string, string> {
  const prefix = envPrefix(dependency);
  const tcp = /^tcp:\/\/(.*):(\d+)$/.exec(address);
  return {
    [`${prefix}_URL`]: address,
    ...(tcp === null
      ? {}
      : {
          [`${prefix}_HOST`]: tcp[1]!.replace(/^\[(.*)\]$/, "$1"),
          [`${prefix}_PORT`]: tcp[2]!,
        }),
  };
}

/** Where an arm finds all instances of a dependency, by commas; nothing where there is one. */
export function envOfInstances(
  dependency: string,
  addresses: readonly string[],
): Record<string, string> {
  return addresses.length < 2 ? {} : { [`${envPrefix(dependency)}_URLS`]: addresses.join(",") };
}
