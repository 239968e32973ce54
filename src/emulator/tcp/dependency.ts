import { type TcpContext, TcpProxy } from "./proxy.ts";
import type { TcpSpec } from "./schema.ts";
import type { TroubleWindow } from "./trouble.ts";

export interface TcpDependencyOptions extends TcpContext {
  /** The proxy's name in Toxiproxy's API: `redis`, or `redis.control` where there are several arms. */
  readonly name: string;
  readonly spec: TcpSpec;
  /** None unless told. */
  readonly troubles?: readonly TroubleWindow[];
  /** 127.0.0.1 unless told. */
  readonly host?: string;
  /** 0 (the default) takes a free one. */
  readonly port?: number;
}

/**
 * One arm's proxy in front of a dependency, listening. `stop()` hangs up on everybody and resolves
 * when all sockets are closed; the deadlines stay the caller's.
 * @throws PORT_IN_USE, USAGE when it cannot listen
 */
export async function startTcpDependency(options: TcpDependencyOptions): Promise<TcpProxy> {
  const { name, spec, troubles = [], host = "127.0.0.1", port = 0, ...context } = options;
  const { upstream, toxics, connectionsMax, beyond } = spec;
  const proxy = new TcpProxy(
    {
      name,
      listen: `${host.includes(":") ? `[${host}]` : host}:${port}`,
      upstream,
      toxics,
      troubles,
      ...(connectionsMax === undefined ? {} : { connectionsMax }),
      ...(beyond === undefined ? {} : { beyond }),
    },
    context,
  );
  await proxy.start();
  return proxy;
}
