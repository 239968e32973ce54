import { existsSync } from "node:fs";
import { trimSpool } from "../measure/index.ts";
import type { RunDirectory } from "../run/index.ts";
import type { Origin, ShardFile } from "./messages.ts";
import { PieceFiles } from "./piece-files.ts";
import type { FilePiece } from "./wire-fields.ts";

/** The run directory's files of shards, as they come in pieces. */
export class ShardStore implements Disposable {
  readonly #directory: RunDirectory;
  readonly #shards: number;
  readonly #files = new PieceFiles();

  constructor(directory: RunDirectory, shards: number) {
    this.#directory = directory;
    this.#shards = shards;
  }

  /** Writes what is not there yet of a piece. @throws DISK_WRITE_FAILED */
  write({ attempt, shard }: Pick<Origin, "attempt" | "shard">, piece: FilePiece<ShardFile>): void {
    this.#files.write(this.pathOf(piece.file, shard, attempt), piece);
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

  [Symbol.dispose](): void {
    this.#files[Symbol.dispose]();
  }
}
