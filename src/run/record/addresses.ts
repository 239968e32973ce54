import { ShakedownError } from "../../core/index.ts";
import type { RecordUpstream } from "../../emulator/record/index.ts";

/** One pair of addresses: where the recorder listens, and where the bytes go on to. */
export interface RecordedPlace {
  /** `service`, or the dependency's name. */
  readonly name: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly upstream: RecordUpstream;
}

/**
 * Reads `8080`, `:8080`, `0.0.0.0:8080` or `[::1]:8080`; without a host it is 127.0.0.1, so that
 * nothing is open to the network unless somebody says so.
 * @throws USAGE when it is none of these
 */
export function parseListenAt(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:(?:\[([^\]]+)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new ShakedownError("USAGE", `"${text}" is no address to listen on`, {
      hint: "write a port, or a host and a port: :8080, 0.0.0.0:8080, [::1]:8080",
    });
  }
  return { host: match[1] ?? (match[2] || "127.0.0.1"), port };
}

/**
 * Reads `http://shop:8081` or `https://shop.example`: an origin, since paths are never changed.
 * @throws USAGE when it is not one
 */
export function parseUpstream(text: string): RecordUpstream {
  const url = URL.parse(text);
  const tls = url?.protocol === "https:";
  if (url === null || !(tls || url.protocol === "http:") || url.hostname === "") {
    throw new ShakedownError("USAGE", `"${text}" is no upstream`, {
      hint: "write an http or https URL: http://127.0.0.1:8081",
    });
  }
  if (url.pathname !== "/" || url.search !== "" || url.username !== "") {
    throw new ShakedownError("USAGE", `the upstream "${text}" has more than a host and a port`, {
      hint: `requests go on as they came; write ${url.protocol}//${url.host}`,
    });
  }
  const port = url.port === "" ? (tls ? 443 : 80) : Number(url.port);
  return { host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port, tls };
}

/**
 * Reads `payments=:9001=http://127.0.0.1:9101`: a dependency's name, where the service reaches it
 * through the recorder, and where it is.
 * @throws USAGE when it is not written so
 */
export function parseRecordedDependency(text: string): RecordedPlace {
  const match = /^([a-z][\w-]*)=([^=]+)=(.+)$/i.exec(text.trim());
  if (match === null) {
    throw new ShakedownError("USAGE", `--dependency "${text}" is not NAME=[host]:port=URL`, {
      hint: "write it like payments=:9001=http://127.0.0.1:9101",
    });
  }
  const [, name = "", listen = "", upstream = ""] = match;
  return { name, ...parseListenAt(listen), upstream: parseUpstream(upstream) };
}
