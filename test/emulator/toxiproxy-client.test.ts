/* The specs of toxiproxy-node-client, in our words, with its real client. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Proxy, Toxiproxy } from "toxiproxy-node-client";
import { startEmulator } from "../../src/emulator/index.ts";
import { startToxiproxyApi, TcpProxies, type ToxiproxyApi } from "../../src/emulator/tcp/index.ts";
import { optionsOf } from "./emulator-fixture.ts";
import { type TcpBed, tcpBed } from "./tcp-fixture.ts";

let bed: TcpBed;
let proxies: TcpProxies;
let api: ToxiproxyApi;
let client: Toxiproxy;

beforeAll(async () => {
  bed = await tcpBed();
  proxies = new TcpProxies(bed.context);
  api = await startToxiproxyApi({ proxies });
  client = new Toxiproxy(api.address);
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await proxies[Symbol.asyncDispose]();
  await bed[Symbol.asyncDispose]();
});

const create = (name: string): Promise<Proxy> =>
  client.createProxy({ name, listen: "localhost:0", upstream: "localhost:6379" });
const addToxic = <T>(proxy: Proxy, type: string, attributes: T) =>
  proxy.addToxic({ type, attributes } as Parameters<typeof proxy.addToxic<T>>[0]);

describe("Toxiproxy's client for Node", () => {
  it.each([
    [["default"], "redis"],
    [["control", "variant"], "redis.variant"],
  ])("finds a dependency's proxy of the arms %j as %s", async (arms, name) => {
    const redis = { protocol: "tcp", tcp: { upstream: "127.0.0.1:6379", latency: "5ms" } };
    const toxiproxy = { host: "127.0.0.1", port: 0 };
    await using emulator = await startEmulator({ ...optionsOf({ redis }), arms, toxiproxy });
    const proxy = await new Toxiproxy(emulator.toxiproxyAddress!).get(name);
    expect(`tcp://${proxy.listen}`).toBe(emulator.addresses["redis"]![arms.at(-1)!]);
    expect((await addToxic(proxy, "timeout", { timeout: 0 })).name).toBe("timeout_downstream");
  });

  it("creates, gets, and removes a proxy", async () => {
    const proxy = await create("get");
    expect((await client.get("get")).name).toBe("get");
    await proxy.remove();
    await expect(client.get("get")).rejects.toThrow("404");
  });

  it("gets the version, and resets", async () => {
    expect(JSON.parse(await client.getVersion())).toHaveProperty("version");
    await client.reset();
  });

  it("updates a proxy: disabled, then at another upstream", async () => {
    const proxy = await create("update");
    const { listen, upstream } = proxy;
    expect((await proxy.update({ enabled: false, listen, upstream })).enabled).toBe(false);
    const moved = await proxy.update({ enabled: true, listen, upstream: "somehost:12345" });
    expect([moved.enabled, moved.upstream, moved.listen]).toEqual([true, "somehost:12345", listen]);
    await proxy.remove();
  });

  it("is told 409 when a proxy, or a toxic, is there already", async () => {
    const proxy = await create("twice");
    await expect(create("twice")).rejects.toThrow("Request failed with status code 409");
    await addToxic(proxy, "latency", { latency: 1_000, jitter: 100 });
    const again = addToxic(proxy, "latency", { latency: 1_000, jitter: 100 });
    await expect(again).rejects.toThrow("Request failed with status code 409");
    await proxy.remove();
  });

  it("populates, and gets all", async () => {
    const bodies = ["one", "two"].map((name) => {
      return { name, listen: "127.0.0.1:0", upstream: "localhost:6379" };
    });
    const made = await client.populate(bodies);
    const all = await client.getAll();
    expect(Object.keys(all)).toEqual(["one", "two"]);
    expect(all["one"]!.listen).toBe(made["one"]!.listen);
    await Promise.all(Object.values(made).map((proxy) => proxy.remove()));
  });

  it("creates, gets, updates and removes a toxic", async () => {
    const proxy = await create("toxic");
    const toxic = await addToxic(proxy, "latency", { latency: 1_000, jitter: 100 });
    expect(toxic.toJson()).toEqual({
      name: "latency_downstream",
      type: "latency",
      stream: "downstream",
      toxicity: 1,
      attributes: { latency: 1_000, jitter: 100 },
    });
    expect((await proxy.getToxic(toxic.name)).toJson()).toEqual(toxic.toJson());
    const change = { attributes: { latency: 12_345 } } as Parameters<typeof toxic.update>[0];
    expect((await toxic.update(change)).attributes).toEqual({ latency: 12_345, jitter: 100 });
    await toxic.remove();
    await expect(proxy.getToxic(toxic.name)).rejects.toThrow("404");
    await proxy.remove();
  });

  it.each([
    ["latency", { latency: 1_000, jitter: 100 }],
    ["bandwidth", { rate: 1_000 }],
    ["slow_close", { delay: 1_000 }],
    ["timeout", { timeout: 5_000 }],
    ["slicer", { average_size: 1_000, delay: 1_000, size_variation: 1_000 }],
    ["reset_peer", { timeout: 1_000 }],
    ["limit_data", { bytes: 42 }],
  ])("adds a %s toxic", async (type, attributes) => {
    const proxy = await create(`add-${type}`);
    expect((await addToxic(proxy, type, attributes)).attributes).toEqual(attributes);
    await proxy.remove();
  });
});
