import { request } from "undici";
import { describe, expect, it } from "vitest";
import { startEmulatorThread } from "../../src/emulator/index.ts";
import { optionsOf, STARTS } from "./emulator-fixture.ts";

const options = () => ({
  ...optionsOf({ stock: { latency: { kind: "constant", value: "0ms" } } }),
  rehearse: true,
});

describe.each(STARTS)("an emulator that rehearses, %s", (_where, start) => {
  it("serves meanwhile, and ends without waiting for it", async () => {
    const emulator = await start(options());
    const rehearsed = await Promise.race([
      emulator.rehearsed.then(() => true),
      request(emulator.addresses["stock"]!["variant"]!).then(({ body }) => body.dump()),
    ]);
    expect(rehearsed).not.toBe(true);
    expect(await emulator.stop()).toMatchObject({ calls: 1 });
  });
});

describe("an emulator that has rehearsed", () => {
  it("has counted none of its own calls", async () => {
    await using emulator = await startEmulatorThread(options());
    await emulator.rehearsed;
    expect(await emulator.stop()).toMatchObject({ calls: 0, keptRows: 0, lostRows: 0 });
  });
});
