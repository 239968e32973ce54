import type { Socket } from "node:net";
import { formatCount, openFileLimit, ShakedownError, systemCodeOf } from "../core/index.ts";

/**
 * Kept free for what else this process opens: files, threads, a generator's connections, of which
 * its rehearsal alone has 128 in each of its threads.
 */
const KEPT_FREE = 320;
/** Where few are allowed, so much of them. */
const KEPT_FREE_SHARE = 0.4;

/** The socket's descriptor; -1 where there is none to be seen (Windows). */
const descriptorOf = (socket: Socket): number =>
  (socket as { _handle?: { fd?: number } | null })._handle?.fd ?? -1;

/**
 * Turns connections away before there are no descriptors left. Past that, libuv closes them
 * without a word, and nothing else of this process can open a file.
 */
export class OpenFiles {
  readonly #most: number;
  readonly #limit: number | null;
  readonly #onShort: (error: ShakedownError) => void;
  #told = false;

  /** `onShort` is told once, when the first connection is turned away. */
  constructor(onShort: (error: ShakedownError) => void, limit: number | null = openFileLimit()) {
    this.#onShort = onShort;
    this.#limit = limit;
    const allowed = limit ?? Number.POSITIVE_INFINITY;
    this.#most = allowed - Math.min(KEPT_FREE, allowed * KEPT_FREE_SHARE);
  }

  /**
   * Whether a connection that was accepted may stay; one that may not has been reset. The system
   * gives the lowest descriptor that is free, so its number says how many are taken.
   */
  admits(socket: Socket): boolean {
    if (descriptorOf(socket) < this.#most) return true;
    socket.on("error", () => {});
    socket.resetAndDestroy();
    this.#tell();
    return false;
  }

  /** Whether the cause is that there are no descriptors left; then it has been told. */
  isShort(cause: unknown): boolean {
    const code = systemCodeOf(cause);
    if (code !== "EMFILE" && code !== "ENFILE") return false;
    this.#tell();
    return true;
  }

  #tell(): void {
    if (this.#told) return;
    this.#told = true;
    const allowed = this.#limit === null ? "" : `: ${formatCount(this.#limit)} are allowed`;
    const message = `the emulator turns connections away, as this process has too many open files${allowed}`;
    const hint = "raise the limit first: ulimit -n 65536 (above the hard limit, as root)";
    this.#onShort(new ShakedownError("EMULATOR_FAILED", message, { hint }));
  }
}
