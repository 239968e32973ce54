import { closeSync, openSync, writeSync } from "node:fs";
import type { Server } from "node:http";
import { messageOf, ShakedownError, systemCodeOf } from "../core/index.ts";
import { Intake } from "./intake.ts";
import { otlpServer } from "./receiver.ts";
import { type IntakeAccount, telemetryLine, type TelemetryBegin } from "./telemetry-log.ts";

export interface ReceiverOptions {
  readonly arms: readonly string[];
  /** Fixed ports by arm; free ones are found for others. */
  readonly ports: Readonly<Record<string, number>>;
  readonly runId: string;
  readonly dependencies: TelemetryBegin["dependencies"];
  /** Origin of the clock that lines are stamped with, as of `process.hrtime.bigint()`. */
  readonly originNs: bigint;
  readonly path: string;
}

/** Receivers that listen, one for each arm. */
export interface Receivers {
  /** `http://127.0.0.1:4318`, by arm. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Ends them, with what came of each arm, in the arms' order. */
  stop(): Promise<readonly IntakeAccount[]>;
}

const FLUSH_CHARS = 65_536;

/** Lines on their way to the file. Once it cannot be written, nothing more is. */
class LogFile {
  readonly #file: number;
  #text = "";
  #broken = false;

  constructor(path: string) {
    this.#file = openSync(path, "w");
  }

  readonly write = (text: string): boolean => {
    this.#text += text;
    if (this.#text.length >= FLUSH_CHARS) this.#flush();
    return !this.#broken;
  };

  #flush(): void {
    try {
      if (!this.#broken) writeSync(this.#file, this.#text);
    } catch {
      this.#broken = true;
    }
    this.#text = "";
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }
}

async function listen(server: Server, arm: string, port: number): Promise<string> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
  } catch (cause) {
    if (systemCodeOf(cause) !== "EADDRINUSE") throw cause;
    throw new ShakedownError(
      "PORT_IN_USE",
      `telemetry of arm ${arm}: port ${port} on 127.0.0.1 is taken`,
      { hint: "end what listens there, or name another port in `telemetry.ports`", cause },
    );
  }
  const address = server.address();
  const at = typeof address === "object" && address !== null ? address.port : port;
  return `http://127.0.0.1:${at}`;
}

function openLog(path: string): LogFile {
  try {
    return new LogFile(path);
  } catch (cause) {
    throw new ShakedownError("OUTPUT_UNWRITABLE", `cannot write ${path}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map(async (server) => {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    }),
  );
}

/**
 * Starts a receiver of OTLP for each arm.
 * @throws PORT_IN_USE, OUTPUT_UNWRITABLE
 */
export async function startReceivers(options: ReceiverOptions): Promise<Receivers> {
  const { arms, dependencies, originNs, ports, runId } = options;
  const log = openLog(options.path);
  const nowNs = (): number => Number(process.hrtime.bigint() - originNs);
  const originUnixNs = BigInt(Date.now()) * 1_000_000n - BigInt(Math.round(nowNs()));
  let ids = 0;
  log.write(
    telemetryLine({ kind: "begin", runId, arms: [...arms], dependencies: [...dependencies] }),
  );
  const nextId = (): number => ids++;
  const { write } = log;
  const intakes = arms.map((_, arm) => new Intake({ arm, runId, originUnixNs, nextId, write }));
  const servers = intakes.map((intake) => otlpServer(intake, nowNs));
  const endpoints: Record<string, string> = {};
  try {
    for (const [index, arm] of arms.entries()) {
      // oxlint-disable-next-line no-await-in-loop -- two at most, in the arms' order
      endpoints[arm] = await listen(servers[index]!, arm, ports[arm] ?? 0);
    }
  } catch (thrown) {
    await closeAll(servers);
    log.close();
    throw thrown;
  }
  return {
    endpoints,
    async stop() {
      await closeAll(servers);
      const accounts = intakes.map(({ account }) => account);
      log.write(telemetryLine({ kind: "end", arms: accounts }));
      log.close();
      return accounts;
    },
  };
}
