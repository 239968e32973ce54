import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { captureTexts } from "../reading.ts";
import { expectTimesOf, servedBy, type LoggingServer, USER_AGENT } from "./client.ts";

const FORMAT = '%a %l %u [%{usec}t] "%r" %>s %B %D "%{User-Agent}i"';
const COUNT = 30;
const APACHE = "/usr/sbin/apache2";
const isMissing = !existsSync(APACHE) && process.env["CI"] !== "true";
const MODULES = ["mpm_event", "authz_core", "proxy", "proxy_http"];

const configOf = (folder: string, port: number, upstream: number): string => `
${MODULES.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join("\n")}
ServerName localhost
ServerRoot ${folder}
DefaultRuntimeDir ${folder}
PidFile ${folder}/apache.pid
Mutex file:${folder}
Listen 127.0.0.1:${port}
StartServers 1
ErrorLog ${folder}/error.log
KeepAlive On
MaxKeepAliveRequests 0
LogFormat "${FORMAT.replaceAll('"', String.raw`\"`)}" timed
CustomLog ${folder}/access.log timed
ProxyPass / http://127.0.0.1:${upstream}/
`;

const SERVER: LoggingServer = {
  program: APACHE,
  configOf,
  argumentsFor: (_folder, config) => ["-X", "-f", config],
  endBy: "SIGTERM",
};

it.skipIf(isMissing)(
  `a real Apache's log gives arrivals and durations that can be what its client saw${isMissing ? ` (skipped: no ${APACHE})` : ""}`,
  async () => {
    const { sent, log } = await servedBy(SERVER, COUNT);
    const { profile } = await captureTexts(
      { "access.log": log },
      { logFormat: FORMAT, redact: false },
    );
    const { manifest, records } = profile;
    expect(manifest.ledger).toMatchObject({ records: COUNT, kept: COUNT, rejected: [] });
    expect(manifest.timePrecisionNs).toBe(1e3);
    expect(records.map(({ path }) => path)).toEqual(sent.map(({ path }) => path));
    expect(records.map(({ status, responseBytes }) => [status, responseBytes])).toEqual(
      sent.map(() => [200, 1]),
    );
    expect(records[0]!.headers).toEqual([["user-agent", USER_AGENT]]);
    expectTimesOf(sent, records, Date.parse(manifest.startedAt!));
  },
  20_000,
);
