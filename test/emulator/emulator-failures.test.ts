import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { ShakedownError } from "../../src/core/index.ts";
import { EmulatorCounters } from "../../src/emulator/counters.ts";
import { emulatorOver } from "../../src/emulator/thread.ts";
import { ARMS, optionsOf, STARTS } from "./emulator-fixture.ts";

const latency = { kind: "constant", value: "0ms" };

const occupy = async (port = 0): Promise<{ server: Server; port: number }> => {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as AddressInfo).port };
};

const free = async ({ server }: { server: Server }): Promise<void> => {
  server.close();
  await once(server, "close");
};

const errorOf = async (promise: Promise<unknown>): Promise<ShakedownError> => {
  const thrown: unknown = await promise.then(
    () => "nothing was thrown",
    (error: unknown) => error,
  );
  if (!(thrown instanceof ShakedownError)) throw new Error(`not ours: ${String(thrown)}`);
  return thrown;
};

describe.each(STARTS)("an emulator that cannot start, %s", (_where, start) => {
  it("names the port that is taken and whose it is, and leaves nothing behind", async () => {
    const [taken, wanted] = [await occupy(), await occupy()];
    await free(wanted);
    const folder = mkdtempSync(join(tmpdir(), "shakedown-emulator-"));
    const spoolPath = join(folder, "calls.spool");
    const ports = { control: wanted.port, variant: taken.port };
    const options = optionsOf({ pay: { latency }, stock: { latency, ports } });
    const error = await errorOf(start({ ...options, spoolPath }));
    expect(error.code).toBe("PORT_IN_USE");
    expect(error.message).toContain("stock");
    expect(error.message).toContain("variant");
    expect(error.message).toContain(String(taken.port));
    expect(error.hint).toMatch(/another port/);
    expect(existsSync(spoolPath)).toBe(false);
    await free(await occupy(wanted.port));
    await free(taken);
    rmSync(folder, { recursive: true });
  });

  it("refuses a port for an arm that is not one", async () => {
    const error = await errorOf(start(optionsOf({ pay: { latency, ports: { varaint: 8_080 } } })));
    expect(error).toMatchObject({
      code: "SCENARIO_INVALID",
      hint: "the arms are control, variant",
    });
  });

  it("refuses a record that cannot be written", async () => {
    const spoolPath = join(tmpdir(), "no-such-folder", "calls.spool");
    const error = await errorOf(start({ ...optionsOf({ pay: { latency } }), spoolPath }));
    expect(error.code).toBe("OUTPUT_UNWRITABLE");
    expect(error.message).toContain(spoolPath);
  });
});

describe("an emulator whose thread ends by itself", () => {
  it("says so, and still gives its totals, with the rows that were not safe yet as lost", async () => {
    const counters = new EmulatorCounters(ARMS, ["pay"]);
    const code = `
      const { parentPort, workerData } = require("node:worker_threads");
      parentPort.postMessage({ kind: "ready", addresses: { pay: {} } });
      parentPort.once("message", () => { throw new Error("out of sockets"); });
    `;
    const thread = new Worker(code, { eval: true });
    const emulator = await emulatorOver(thread, counters);
    for (let i = 0; i < 7; i++) counters.listener(0, 1).add("calls", 1);
    counters.setTotal("rows", 7);
    counters.setTotal("rowsKept", 4);
    thread.postMessage("go on and fail", []);
    const failure = await emulator.failed;
    expect(failure.code).toBe("EMULATOR_FAILED");
    expect(failure.message).toContain("out of sockets");
    expect(await emulator.stop()).toEqual({
      calls: 7,
      lostRows: 3,
      keptRows: 4,
      evictions: 0,
      asked: 0,
      alone: 0,
      stoodStillMs: 0,
    });
    expect(await emulator.snapshot()).toMatchObject({ pay: { variant: { calls: 7 } } });
  });
});
