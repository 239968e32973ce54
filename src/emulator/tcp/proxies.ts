import { type TcpContext, TcpProxy, type TcpProxyOptions } from "./proxy.ts";

/** Proxies by name. Names are unique; whoever adds looks first. */
export class TcpProxies implements AsyncDisposable {
  readonly #context: TcpContext;
  readonly #proxies = new Map<string, TcpProxy>();

  constructor(context: TcpContext) {
    this.#context = context;
  }

  get(name: string): TcpProxy | undefined {
    return this.#proxies.get(name);
  }

  /** In the order in which they were added. */
  list(): readonly TcpProxy[] {
    return [...this.#proxies.values()];
  }

  /**
   * Adds a proxy, and starts it where it is enabled (unless told); one of that name is stopped.
   * @throws PORT_IN_USE, USAGE when it cannot listen: then it is not added
   */
  async add(options: TcpProxyOptions, enabled = true): Promise<TcpProxy> {
    await this.remove(options.name);
    const proxy = new TcpProxy(options, this.#context);
    if (enabled) await proxy.start();
    this.#proxies.set(proxy.name, proxy);
    return proxy;
  }

  /** A proxy that was made elsewhere, e.g. a scenario's. It is stopped with the others. */
  adopt(proxy: TcpProxy): void {
    this.#proxies.set(proxy.name, proxy);
  }

  async remove(name: string): Promise<void> {
    const proxy = this.#proxies.get(name);
    this.#proxies.delete(name);
    await proxy?.stop();
  }

  /**
   * Enables every proxy and takes off all toxics.
   * @throws PORT_IN_USE, USAGE when one cannot listen
   */
  async reset(): Promise<void> {
    for (const proxy of this.#proxies.values()) {
      await proxy.start();
      for (const { name } of proxy.toxics) proxy.removeToxic(name);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.list().map((proxy) => this.remove(proxy.name)));
  }
}
