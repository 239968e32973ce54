import { ShakedownError } from "../core/index.ts";
import type { TargetFlags } from "../run/index.ts";

/** Flags about targets that `replay` and `saturate` share. */
export const SHARED_TARGET_FLAGS = {
  header: {
    type: "string",
    array: true,
    nargs: 1,
    default: [] as string[],
    describe: "sent with every request, in place of a captured one: 'x-flag: new' (repeatable)",
  },
  ca: { type: "string", describe: "https: PEM file of the authorities to trust" },
  cert: { type: "string", describe: "https: PEM file of the client's certificate" },
  key: { type: "string", describe: "https: PEM file of its key" },
  servername: { type: "string", describe: "https: the name asked for (SNI) and checked" },
  insecure: { type: "boolean", default: false, describe: "https: take any certificate" },
  redact: {
    type: "boolean",
    default: true,
    describe: "--no-redact sends a capture's secrets as they were captured",
  },
} as const;

/** What yargs makes of them. */
export interface SharedTargetArguments {
  readonly header: readonly string[];
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly insecure: boolean;
}

/** @throws USAGE for a header that is none */
export function targetFlagsOf(given: SharedTargetArguments): Pick<TargetFlags, "headers" | "tls"> {
  const { ca, cert, header, insecure, key, servername } = given;
  return {
    headers: headersOf(header),
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(servername === undefined ? {} : { servername }),
      insecure,
    },
  };
}

/** `x-flag: new` → `{"x-flag": "new"}`. */
function headersOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(":");
      if (at < 1) {
        throw new ShakedownError("USAGE", `--header "${line}" has no name and value`, {
          hint: 'write it as on the wire: --header "x-flag: new"',
        });
      }
      return [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()];
    }),
  );
}

/** yargs makes NaN of what is no number. @throws USAGE naming the flag */
export function checkNumbers(numbers: Readonly<Record<string, number | undefined>>): void {
  for (const [flag, value] of Object.entries(numbers)) {
    if (value === undefined || !Number.isNaN(value)) continue;
    throw new ShakedownError("USAGE", `--${flag} takes a number`);
  }
}

/** `--workers`: a number, or `auto`, or nothing. */
export function workersNumber(workers: string | undefined): number | undefined {
  return workers === undefined || workers === "auto" ? undefined : Number(workers);
}
