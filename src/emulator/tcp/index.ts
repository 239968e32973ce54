/** TCP dependencies: proxies in front of what is really there, and Toxiproxy's admin API. */
export type { TcpConnectionRecord, TcpExchangeRecord } from "./connection.ts";
export { startTcpDependency, type TcpDependencyOptions } from "./dependency.ts";
export { TcpProxies } from "./proxies.ts";
export { type TcpContext, TcpProxy, type TcpProxyOptions, type TcpSnapshot } from "./proxy.ts";
export { tcpSchema, type TcpSpec } from "./schema.ts";
export { Stage, type Sink } from "./stage.ts";
export {
  createToxic,
  type EndKind,
  type Stream,
  type Toxic,
  toxicSchema,
  type ToxicSpec,
} from "./toxic/index.ts";
export type { Trouble, TroubleWindow } from "./trouble.ts";
export { startToxiproxyApi, type ToxiproxyApi, type ToxiproxyApiOptions } from "./toxiproxy-api.ts";
