import { request } from "undici";
import { describe, expect, it } from "vitest";
import { Running } from "./cli.ts";

describe("shakedown emulate", () => {
  it("serves each dependency for each arm until it is interrupted, then counts", async () => {
    const running = new Running(["emulate", "scenarios/payment-pool.yaml"]);
    await running.until(/until Ctrl-C/);
    const urls = [...running.stdout.matchAll(/^PAYMENTS_URL=(\S+)$/gm)].map(([, url]) => url!);
    expect(urls).toHaveLength(2);
    const answer = await request(`${urls[0]}/v1/client_tokens`, { method: "POST" });
    expect(answer.statusCode).toBe(200);
    await answer.body.dump();
    running.child.kill("SIGINT");
    const { code, stderr } = await running.ended;
    expect(stderr).toMatch(/payments for control: 1 calls; 1 connections/);
    expect(code).toBe(0);
  });
});
