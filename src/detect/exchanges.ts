import type { EmulatedCall, TcpConnection, TcpExchange } from "../measure/index.ts";

/**
 * What callers did with connections to a TCP dependency, as calls: when, for how long, on which
 * connection. What they asked for and on whose behalf stays unknown, so that these are joined by
 * rates alone. Both are of one arm and dependency.
 */
export function callsOfExchanges(
  exchanges: readonly TcpExchange[],
  connections: readonly TcpConnection[],
): EmulatedCall[] {
  const over = new Map(connections.map((each) => [each.connection, each]));
  const opensNs = connections.map(({ openNs }) => openNs).toSorted((a, b) => a - b);
  const closesNs = connections.map(({ closeNs }) => closeNs).toSorted((a, b) => a - b);
  let [opened, closed] = [0, 0];
  return exchanges
    .toSorted((a, b) => a.upNs - b.upNs)
    .map(({ arm, connection, dependency, downNs, upNs }, key): EmulatedCall => {
      while (opened < opensNs.length && opensNs[opened]! <= upNs) opened++;
      while (closed < closesNs.length && closesNs[closed]! <= upNs) closed++;
      const { closeNs = upNs, closedBy, outcome } = over.get(connection) ?? {};
      // A caller that gave up closed it; else the stage was over, or struck again.
      const isGivenUp = closedBy === "caller";
      const lost = {
        fault: outcome === "reset" && closedBy === "proxy" ? "reset" : "hang",
        outcome: isGivenUp ? "aborted" : "error",
      } as const;
      const well = { fault: "none", outcome: "ok" } as const;
      return {
        arm,
        dependency,
        seq: -1,
        attempt: 1,
        key,
        safe: false,
        arriveNs: upNs,
        endNs: downNs ?? closeNs,
        meantDelayUs: 0,
        givenDelayUs: 0,
        queuedUs: 0,
        requestBytes: 0,
        responseBytes: 0,
        ...(downNs === null ? lost : well),
        status: 0,
        retryAfterMs: 0,
        early: false,
        inFlight: 0,
        connections: opened - closed,
        connection,
      };
    });
}
