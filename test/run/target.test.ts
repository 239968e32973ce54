import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { NS_PER_MS, NS_PER_S, type ShakedownError } from "../../src/core/index.ts";
import type { ScenarioArm } from "../../src/run/scenario/index.ts";
import { dependencyEnvName } from "../../src/run/dependency-env.ts";
import { commandWords, startTarget, type Target } from "../../src/run/target.ts";
import { scratch } from "./run-fixture.ts";

const folder = scratch();
const started: Target[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((target) => target.stop()));
});
afterAll(() => folder.remove());

const LISTEN = `
  import { createServer } from "node:http";
  const server = createServer((req, res) => res.end(JSON.stringify({ url: req.url, env: process.env, argv: process.argv.slice(2) })));
  server.listen(process.env.PORT, "127.0.0.1");
`;

let scripts = 0;
function script(text: string): string {
  const name = `target-${scripts++}.mjs`;
  writeFileSync(join(folder.path, name), text);
  return `"${process.execPath}" ${name}`;
}

type CommandArm = Extract<ScenarioArm, { command: string }>;

async function start(
  command: string,
  more: Partial<CommandArm> = {},
  signal = new AbortController().signal,
): Promise<Target> {
  const spec: CommandArm = {
    command,
    env: {},
    ready: "/",
    readyWithin: 20 * NS_PER_S,
    headers: {},
    ...more,
  };
  const dependencyEnv = { PAYMENTS_URL: "http://127.0.0.1:9" };
  const logPath = join(folder.path, "target.log");
  const target = await startTarget(
    { arm: "variant", spec, dir: folder.path, dependencyEnv, logPath },
    signal,
  );
  started.push(target);
  return target;
}

const failure = (starting: Promise<Target>): Promise<ShakedownError> =>
  starting.then(
    () => Promise.reject(new Error("it started")),
    (thrown: unknown) => thrown as ShakedownError,
  );

/** Whether a process is there, and not merely waiting for its parent to notice that it has ended. */
function runs(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

async function until(holds: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 250 && !holds(); tries++) await delay(20);
  return holds();
}

describe("the words of a command", () => {
  it.each([
    ["node server.js", ["node", "server.js"]],
    ["  node   server.js ", ["node", "server.js"]],
    ['"/opt/my node/bin/node" a', ["/opt/my node/bin/node", "a"]],
    ["node 'a b' \"c 'd'\"", ["node", "a b", "c 'd'"]],
    ['node --title="a b" x', ["node", "--title=a b", "x"]],
    ["node '' end", ["node", "", "end"]],
    ["node it's", ["node", "it's"]],
    ["a\tb\nc", ["a", "b", "c"]],
    ["$HOME | `x` *", ["$HOME", "|", "`x`", "*"]],
    ["", []],
  ])("%j", (command, words) => {
    expect(commandWords(command)).toEqual(words);
  });
});

it("a dependency's address is passed under its name in capitals", () => {
  expect(dependencyEnvName("payments")).toBe("PAYMENTS_URL");
  expect(dependencyEnvName("stock-v2")).toBe("STOCK_V2_URL");
});

describe("a target that is started", () => {
  it("is ready when it answers, with PORT, addresses, its own settings and its arguments", async () => {
    const target = await start(`${script(LISTEN)} 'one word' two`, {
      env: { POOL: "4" },
      ready: "/up",
    });
    const answer = (await (await fetch(`${target.origin}/x`)).json()) as {
      env: Record<string, string>;
      argv: string[];
    };
    expect(answer.env).toMatchObject({
      PORT: new URL(target.origin).port,
      POOL: "4",
      PAYMENTS_URL: "http://127.0.0.1:9",
    });
    expect(answer.argv).toEqual(["one word", "two"]);
    expect(runs(target.pid!)).toBe(true);
  });

  it("`node` is the Node.js that runs us", async () => {
    script(`import { createServer } from "node:http";
      createServer((_, res) => res.end(process.execPath)).listen(process.env.PORT, "127.0.0.1");`);
    const target = await start(`node target-${scripts - 1}.mjs`);
    expect(await (await fetch(target.origin)).text()).toBe(process.execPath);
  });

  it("that dies before it is ready: how, and its last words", async () => {
    const command = script(`console.error("config: POOL is not a number"); process.exit(3);`);
    const { code, hint, message } = await failure(start(command));
    expect(code).toBe("TARGET_START_FAILED");
    expect(message).toBe(
      "arm variant ended with exit code 3 before it was ready; it said:\nconfig: POOL is not a number",
    );
    expect(hint).toContain("by hand");
    expect(readFileSync(join(folder.path, "target.log"), "utf8")).toContain("POOL is not a number");
  });

  it("that is killed before it is ready: by which signal", async () => {
    const { message } = await failure(start(script(`process.kill(process.pid, "SIGKILL");`)));
    expect(message).toBe("arm variant was ended by SIGKILL before it was ready");
  });

  it.each([
    [
      "listens nowhere",
      "setInterval(() => {}, 1000);",
      /: connect ECONNREFUSED [\d.:]+$|: nothing listens there$|: it does not answer$/,
    ],
    [
      "takes connections and says nothing",
      `import { createServer } from "node:net"; createServer(() => {}).listen(process.env.PORT, "127.0.0.1");`,
      /: (it does not answer|connect ECONNREFUSED [\d.:]+|nothing listens there)$/,
    ],
    [
      "answers 503",
      `import { createServer } from "node:http"; createServer((_, res) => { res.statusCode = 503; res.end(); }).listen(process.env.PORT, "127.0.0.1");`,
      /: (it answers 503|it does not answer|connect ECONNREFUSED [\d.:]+|nothing listens there)$/,
    ],
  ])("that is never ready (%s) is given up after 300 ms, and ended", async (_, text, why) => {
    const pidFile = join(folder.path, `pid-${scripts}`);
    const command = script(
      `import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); ${text}`,
    );
    const { code, message } = await failure(start(command, { readyWithin: 300 * NS_PER_MS }));
    expect(code).toBe("TARGET_START_FAILED");
    expect(message).toMatch(
      /^arm variant was not ready at http:\/\/127\.0\.0\.1:\d+\/ within 0\.3 s: /,
    );
    expect(message).toMatch(why);
    // Where it came so far as to say who it is, it is gone now.
    const lives = existsSync(pidFile) && runs(Number(readFileSync(pidFile, "utf8")));
    expect(lives).toBe(false);
  });

  it("a program that does not exist is named", async () => {
    const { code, message } = await failure(start("no-such-program-here --port 1"));
    expect(code).toBe("TARGET_START_FAILED");
    expect(message).toBe(
      "arm variant could not be started: there is no program `no-such-program-here`",
    );
  });

  it("a port that is taken is said so before anything is started", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const { port } = server.address() as AddressInfo;
    try {
      const { code, hint, message } = await failure(start(script(LISTEN), { port }));
      expect(code).toBe("PORT_IN_USE");
      expect(message).toBe(`arm variant: port ${port} on 127.0.0.1 is taken`);
      expect(hint).toContain("leave `port` out");
    } finally {
      server.close();
    }
  });

  it("an interrupt ends the waiting and the target", async () => {
    const abort = new AbortController();
    const pidFile = join(folder.path, "interrupted");
    const starting = failure(
      start(
        script(
          `import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setInterval(() => {}, 1000);`,
        ),
        {},
        abort.signal,
      ),
    );
    expect(await until(() => existsSync(pidFile) && readFileSync(pidFile, "utf8") !== "")).toBe(
      true,
    );
    abort.abort();
    expect((await starting).name).toBe("AbortError");
    expect(runs(Number(readFileSync(pidFile, "utf8")))).toBe(false);
  });
});

describe("the end of a target", () => {
  it("stop ends it and what it has started itself, and may be called twice", async () => {
    const pidFile = join(folder.path, "grandchild");
    const grandchild = JSON.stringify(
      "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)",
    );
    const target = await start(
      script(`${LISTEN}
        import { spawn } from "node:child_process"; import { writeFileSync } from "node:fs";
        const child = spawn(process.execPath, ["-e", ${grandchild}], { stdio: "inherit" });
        writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));`),
    );
    const pids = [target.pid!, Number(readFileSync(pidFile, "utf8"))];
    expect(pids.map(runs)).toEqual([true, true]);
    let died: string | undefined;
    void target.died.then((how) => (died = how));
    await Promise.all([target.stop(), target.stop()]);
    expect(await until(() => !pids.some(runs))).toBe(true);
    // Nobody is told that it died: it was asked to.
    expect(died).toBeUndefined();
  });

  it.each([
    ["by a signal", "SIGKILL", "was ended by SIGKILL"],
    ["by itself", "SIGUSR2", "ended with exit code 7"],
  ] as const)("that comes %s is told with how", async (_, signal, how) => {
    const target = await start(script(`process.on("SIGUSR2", () => process.exit(7)); ${LISTEN}`));
    process.kill(target.pid!, signal);
    expect(await target.died).toBe(how);
  });
});

describe("a target that runs already", () => {
  it("is used where it is, and not ended", async () => {
    const server = createServer((_, res) => res.writeHead(500).end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const given = { arm: "control", dir: ".", dependencyEnv: {}, logPath: "none" };
    const { signal } = new AbortController();
    const target = await startTarget(
      { ...given, spec: { url, headers: { "x-flag": "new" }, http2: false } },
      signal,
    );
    expect(target).toMatchObject({ origin: url, pid: null, headers: { "x-flag": "new" } });
    await target.stop();
    expect(server.listening).toBe(true);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const gone = await failure(
      startTarget({ ...given, spec: { url, headers: {}, http2: false } }, signal),
    );
    expect(gone).toMatchObject({ code: "TARGET_UNREACHABLE", exitCode: 69 });
    expect(gone.message).toBe(`arm control: cannot reach ${url}: it refuses connections`);
  });
});
