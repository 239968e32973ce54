import type { Rows } from "./rows.ts";
import { Spool } from "./spool-reader.ts";
import { SpoolWriter } from "./spool-writer.ts";

/** 15 bytes a start. */
export const EXPOSURE_COLUMNS = {
  bucket: "f64",
  seq: "u32",
  arm: "u8",
  stage: "u8",
  part: "u8",
} as const;

/** What the header of an exposure spool names, so that rows can index into it. */
export interface ExposureMeta {
  readonly arms: readonly string[];
  readonly stages: readonly string[];
  /** What a start is beside its arm: compared, held out, reserved. */
  readonly parts: readonly string[];
}

/**
 * Where one start of a split went, and why. `arm`, `stage` and `part` index the lists in the
 * spool's header; `bucket`, in (0, 1), is the hash of its key, and as good as the key's name.
 */
export interface ExposureRow {
  readonly seq: number;
  readonly bucket: number;
  readonly arm: number;
  readonly stage: number;
  readonly part: number;
}

export class ExposureWriter {
  readonly spool: SpoolWriter<typeof EXPOSURE_COLUMNS>;

  private constructor(spool: SpoolWriter<typeof EXPOSURE_COLUMNS>) {
    this.spool = spool;
  }

  /** @throws OUTPUT_UNWRITABLE */
  static async create(path: string, meta: ExposureMeta): Promise<ExposureWriter> {
    return new ExposureWriter(await SpoolWriter.create(path, EXPOSURE_COLUMNS, { ...meta }));
  }

  write({ arm, bucket, part, seq, stage }: ExposureRow): void {
    const { columns, row } = this.spool;
    columns.bucket[row] = bucket;
    columns.seq[row] = seq;
    columns.arm[row] = arm;
    columns.stage[row] = stage;
    columns.part[row] = part;
    this.spool.commit();
  }
}

/** Exposures, spool after spool. */
export class ExposureTable implements Rows<ExposureRow, ExposureMeta> {
  readonly meta: ExposureMeta;
  readonly rows: number;
  readonly truncated: boolean;
  readonly #spool: Spool<typeof EXPOSURE_COLUMNS>;

  constructor(spool: Spool<typeof EXPOSURE_COLUMNS>) {
    this.meta = spool.meta as unknown as ExposureMeta;
    this.rows = spool.rows;
    this.truncated = spool.truncated;
    this.#spool = spool;
  }

  *[Symbol.iterator](): Generator<ExposureRow> {
    for (const { columns, rows } of this.#spool.blocks()) {
      const { arm, bucket, part, seq, stage } = columns;
      for (let row = 0; row < rows; row++) {
        yield {
          seq: seq[row]!,
          bucket: bucket[row]!,
          arm: arm[row]!,
          stage: stage[row]!,
          part: part[row]!,
        };
      }
    }
  }
}

/**
 * Reads where the starts of one run went, spool after spool.
 * @throws RUN_INVALID, SPOOL_INVALID as `Spool` does.
 */
export function readExposures(...paths: readonly string[]): ExposureTable {
  return new ExposureTable(new Spool(paths, EXPOSURE_COLUMNS));
}
