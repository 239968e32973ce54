import { ShakedownError } from "../core/index.ts";
import type { ScenarioInput } from "./scenario/index.ts";

/** What the flags of `replay` and `saturate` say of the targets they name. */
export interface TargetFlags {
  readonly target: string;
  readonly control?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly http2?: boolean;
  /** Paths of PEM files; a server's name. */
  readonly tls: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly servername?: string;
    readonly insecure: boolean;
  };
}

type UrlArm = Extract<
  Extract<ScenarioInput["arms"], { target: unknown }>["target"],
  { url: string }
>;

/**
 * The arms of a scenario that flags describe: what goes with https goes to the targets that speak it.
 * @throws USAGE when no target speaks https and there is something for it
 */
export function flagArms(flags: TargetFlags): { target: UrlArm; control: UrlArm | null } {
  const { control, headers, http2 = false, target, tls } = flags;
  const given = Object.entries(tls).filter(([, value]) => value !== undefined && value !== false);
  const secure = (url: string): boolean => url.startsWith("https:");
  if (given.length > 0 && ![target, control].some((url) => url !== undefined && secure(url))) {
    throw new ShakedownError(
      "USAGE",
      `--ca, --cert, --key, --servername and --insecure are for https, and ${target} is not`,
      { hint: "leave them out, or write https://" },
    );
  }
  const armOf = (url: string): UrlArm => ({
    url,
    headers: { ...headers },
    http2,
    ...(secure(url) ? { tls: Object.fromEntries(given) } : {}),
  });
  return { target: armOf(target), control: control === undefined ? null : armOf(control) };
}
