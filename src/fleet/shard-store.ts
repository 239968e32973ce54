import { closeSync, existsSync, openSync, statSync, writeSync } from "node:fs";
import { messageOf, ShakedownError } from "../core/index.ts";
import { trimSpool } from "../measure/index.ts";
import type { RunDirectory } from "../run/index.ts";
import type { FilePiece, Origin, ShardFile } from "./messages.ts";

/** The run directory's files of shards, as they come in pieces. */
export class ShardStore implements Disposable {
  readonly #directory: RunDirectory;
  readonly #shards: number;
  readonly #open = new Map<string, { readonly fd: number; size: number }>();

  constructor(directory: RunDirectory, shards: number) {
    this.#directory = directory;
    this.#shards = shards;
  }

  /** Writes what is not there yet of a piece. @throws DISK_WRITE_FAILED */
  write({ attempt, shard }: Pick<Origin, "attempt" | "shard">, piece: FilePiece): void {
    const path = this.pathOf(piece.file, shard, attempt);
    try {
      const file = this.#openAt(path);
      const known = Math.max(file.size - piece.offset, 0);
      for (let done = known; done < piece.bytes.length;) {
        done += writeSync(file.fd, piece.bytes, done, piece.bytes.length - done, file.size);
        file.size = piece.offset + done;
      }
    } catch (cause) {
      throw new ShakedownError("DISK_WRITE_FAILED", `cannot write ${path}: ${messageOf(cause)}`, {
        hint: "what was written before is kept; free some space and run again",
        cause,
      });
    }
  }

  /** The first attempt's is where a thread of this machine would write; one that was taken over has its own. */
  pathOf(file: ShardFile, shard: number, attempt: number): string {
    const place = attempt === 1 ? shard : attempt * this.#shards + shard;
    return this.#directory[file](place);
  }

  /** Observations of these attempts, without a block that is cut: who sent it is not there any more. */
  whole(shard: number, attempts: readonly number[]): string[] {
    const paths = attempts
      .map((attempt) => this.pathOf("observations", shard, attempt))
      .filter((path) => existsSync(path));
    return paths.filter(trimSpool);
  }

  #openAt(path: string): { readonly fd: number; size: number } {
    const known = this.#open.get(path);
    if (known !== undefined) return known;
    const fd = openSync(path, "a+");
    const opened = { fd, size: statSync(path).size };
    this.#open.set(path, opened);
    return opened;
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }
}
