import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { request } from "undici";
import { describe, expect, it } from "vitest";
import { emulate } from "../../src/testing/index.ts";

const constant = (value: string) => ({ kind: "constant", value }) as const;
const statusOf = async (url: string): Promise<number> => {
  const { body, statusCode } = await request(url);
  await body.dump();
  return statusCode;
};

describe("a dependency played for a test", () => {
  it("answers as it is told, tells what it was asked, changes, and goes with the test", async () => {
    let url = "";
    {
      await using payments = await emulate({
        latency: constant("1ms"),
        response: { status: 201, body: { charged: true } },
      });
      ({ url } = payments);
      const { body, statusCode } = await request(`${url}/charge?id=7`, { method: "POST" });
      expect([statusCode, await body.json()]).toEqual([201, { charged: true }]);
      await payments.change({ errors: { ratio: 1, status: 500 } });
      expect(await statusOf(`${url}/charge`)).toBe(500);
      const calls = await payments.calls();
      expect(
        calls.map(({ method, outcome, path, status }) => [method, path, status, outcome]),
      ).toEqual([
        ["POST", "/charge?id=7", 201, "ok"],
        ["GET", "/charge", 500, "error"],
      ]);
      await payments.reset();
      expect(await payments.calls()).toEqual([]);
    }
    await expect(request(url)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("begins its limits anew when it is reset", async () => {
    const limit = { preset: "github", perHour: 1 } as const;
    await using payments = await emulate({ latency: constant("0ms"), limit });
    expect([await statusOf(payments.url), await statusOf(payments.url)]).toEqual([200, 403]);
    await payments.reset();
    expect(await statusOf(payments.url)).toBe(200);
  });

  it("plays stubs of other tools' files, and bodies from files", async () => {
    const folder = mkdtempSync(join(tmpdir(), "shakedown-testing-"));
    const [mapping, bodyFile] = [join(folder, "mapping.json"), join(folder, "body.txt")];
    writeFileSync(mapping, '{"request": {"url": "/a"}, "response": {"status": 201}}');
    writeFileSync(bodyFile, "from a file");
    try {
      await using payments = await emulate({
        latency: constant("0ms"),
        import: mapping,
        stubs: [{ request: { path: "/b" }, response: { bodyFile } }],
      });
      expect(await statusOf(`${payments.url}/a`)).toBe(201);
      expect(await (await request(`${payments.url}/b`)).body.text()).toBe("from a file");
      await payments.change({ import: [] });
      expect(await statusOf(`${payments.url}/a`)).toBe(404);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("says what is wrong with one that is none, and what cannot be changed", async () => {
    await expect(emulate({ latency: constant("soon") })).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("latency.value") as string,
    });
    await using payments = await emulate({ latency: constant("0ms") });
    await expect(payments.change({ ports: { default: 1 } })).rejects.toThrow(/ports/);
  });
});
