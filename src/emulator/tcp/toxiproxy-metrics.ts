import type { TcpProxy } from "./proxy.ts";
import { STREAMS } from "./toxic/index.ts";

const LABELS = ["direction", "listener", "proxy", "upstream"] as const;

/** Bytes by proxy and direction in Prometheus' text format, under Toxiproxy's names. */
export async function toxiproxyMetrics(
  proxies: readonly TcpProxy[],
): Promise<{ readonly contentType: string; readonly text: string }> {
  const { Counter, Registry } = await import("prom-client");
  const registry = new Registry();
  for (const what of ["received", "sent"] as const) {
    const counter = new Counter({
      name: `toxiproxy_proxy_${what}_bytes_total`,
      help: `Bytes ${what} by the proxy, by direction.`,
      labelNames: LABELS,
      registers: [registry],
    });
    for (const proxy of proxies) {
      const bytes = proxy.snapshot()[what];
      for (const direction of STREAMS) {
        const { listen: listener, name, upstream } = proxy;
        counter.inc({ direction, listener, proxy: name, upstream }, bytes[direction]);
      }
    }
  }
  return { contentType: registry.contentType, text: await registry.metrics() };
}
