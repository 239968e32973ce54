import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  cgroupCpuOf,
  countSockets,
  type ProcessSample,
  processUse,
  readProcesses,
  startProcessSampler,
} from "../../src/telemetry/index.ts";

const folder = mkdtempSync(join(tmpdir(), "shakedown-processes-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Connects three times, and starts a child of its own that does as little. */
const TARGET = `
const { connect } = require("node:net");
const { spawn } = require("node:child_process");
spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { stdio: "ignore" });
let open = 0;
for (let i = 0; i < 3; i++) connect(Number(process.argv[1]), "127.0.0.1", () => {
  if (++open === 3) console.log("up");
});
`;

describe.skipIf(process.platform !== "linux")("what arms use", () => {
  it("is written down from outside, children and connections included", async () => {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const target = spawn(process.execPath, ["-e", TARGET, String(port)], {
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const path = join(folder, "processes.ndjson");
    try {
      await once(target.stdout, "data");
      const dependencies = [{ name: "payments", port }];
      const arms = [{ arm: "variant", pid: target.pid!, dependencies }];
      const sampler = startProcessSampler({ arms, originNs: process.hrtime.bigint(), path });
      await sampler.stop();
    } finally {
      process.kill(-target.pid!, "SIGKILL");
      server.close();
    }
    const samples = readProcesses(path);
    expect(samples.length).toBeGreaterThanOrEqual(2);
    const { variant } = samples.at(-1)!.arms;
    expect(variant).toMatchObject({
      processes: 2,
      sockets: { payments: { established: 3, timeWait: 0, other: 0 } },
    });
    expect(variant!.rssBytes).toBeGreaterThan(2 ** 24);
    expect(variant!.threads).toBeGreaterThan(2);
    expect(variant!.openFiles).toBeGreaterThan(3);
  });
});

it("connections are counted at the caller's end, by the port that they go to", () => {
  const row = (local: string, remote: string, state: string): string =>
    `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 1\n`;
  const text = [
    row("0100007F:C001", "0100007F:1F90", "01"),
    row("0100007F:1F90", "0100007F:C001", "01"),
    row("0100007F:C002", "0100007F:1F90", "06"),
    row("0000000000000000FFFF00000100007F:C003", "0000000000000000FFFF00000100007F:1F90", "08"),
    row("0100007F:C004", "0100007F:1F91", "01"),
  ].join("");
  const counts = { established: 0, timeWait: 0, other: 0 };
  countSockets(text, new Map([[0x1f90, counts]]));
  expect(counts).toEqual({ established: 1, timeWait: 1, other: 1 });
});

it("the tightest limit of a process's control groups counts", () => {
  const files: Record<string, string> = {
    "/proc/7/cgroup": "1:cpu:/\n0::/a/b\n",
    "/sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
    "/sys/fs/cgroup/a/b/cpu.stat": "nr_throttled 0\nthrottled_usec 0\n",
    "/sys/fs/cgroup/a/cpu.max": "150000 100000\n",
    "/sys/fs/cgroup/a/cpu.stat": "nr_throttled 3\nthrottled_usec 2500000\n",
  };
  const read = (path: string): string | null => files[path] ?? null;
  expect(cgroupCpuOf(7, read)).toEqual({ coresMax: 1.5, throttledS: 2.5 });
  expect(cgroupCpuOf(8, read)).toEqual({ coresMax: null, throttledS: null });
});

describe("what was used over some time", () => {
  const sample = (atS: number, cpuS: number, rssBytes: number): ProcessSample => ({
    atNs: atS * 1e9,
    arms: {
      variant: {
        cpuS,
        rssBytes,
        processes: 1,
        threads: 8,
        openFiles: 20 + atS,
        openFilesMax: 1_024,
        coresMax: 2,
        throttledS: atS / 10,
        sockets: { payments: { established: atS, timeWait: 1, other: 0 } },
      },
    },
  });
  const samples = [sample(0, 0, 5), sample(1, 0.5, 9), sample(2, 1.5, 7), sample(9, 9, 99)];

  it("is told by the samples within it alone", () => {
    expect(processUse(samples, "variant", { fromNs: 0, toNs: 5e9 })).toEqual({
      samples: 3,
      coresMean: 0.75,
      coresMost: 1,
      coresMax: 2,
      throttledRatio: 0.1,
      rssBytesMax: 9,
      threadsMax: 8,
      processesMax: 1,
      openFilesMost: 22,
      openFilesMax: 1_024,
      sockets: { payments: { established: 2, timeWait: 1 } },
    });
  });

  it("is not known where there are fewer than two, or of an arm that nobody started", () => {
    expect(processUse(samples, "variant", { fromNs: 3e9, toNs: 10e9 })).toBeNull();
    expect(processUse(samples, "control", { fromNs: 0, toNs: 5e9 })).toBeNull();
  });
});
