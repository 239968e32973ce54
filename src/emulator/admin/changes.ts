import type { DependencySpec } from "../dependency.ts";
import type { Emulator } from "../emulator.ts";

/** A request that the admin API refuses, and why. */
export class AdminRefusal extends Error {
  readonly status: number;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

/** Reads a dependency as people write it, whole and ready to be served; or says what is wrong. */
export type ReadDependency = (
  dependency: string,
  written: unknown,
) => Promise<
  | { readonly success: true; readonly data: DependencySpec }
  | { readonly success: false; readonly faults: readonly { path: string; message: string }[] }
>;

type Written = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Written =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Changes dependencies while they are served, in the words in which a scenario describes them. */
export class Changes {
  readonly #emulator: Emulator;
  readonly #read: ReadDependency;
  readonly #written: Record<string, Written>;

  constructor(
    emulator: Emulator,
    written: Readonly<Record<string, Written>>,
    read: ReadDependency,
  ) {
    this.#emulator = emulator;
    this.#written = { ...written };
    this.#read = read;
  }

  /** As it is now. */
  written(dependency: string): Written {
    return this.#written[dependency] ?? {};
  }

  /** Puts fields in place of those of the same name; null takes a field out. @throws AdminRefusal */
  async patch(dependency: string, fields: unknown): Promise<void> {
    const merged = { ...this.#known(dependency), ...asObject(fields) };
    const kept = Object.entries(merged).filter(([, value]) => value !== null);
    await this.#apply(dependency, Object.fromEntries(kept));
  }

  /** @throws AdminRefusal */
  async replace(dependency: string, written: unknown): Promise<void> {
    this.#known(dependency);
    await this.#apply(dependency, asObject(written));
  }

  #known(dependency: string): Written {
    const written = Object.hasOwn(this.#written, dependency)
      ? this.#written[dependency]
      : undefined;
    if (written !== undefined) return written;
    throw new AdminRefusal(404, `there is no dependency "${dependency}"`, {
      there_are: Object.keys(this.#written),
    });
  }

  async #apply(dependency: string, written: Written): Promise<void> {
    const read = await this.#read(dependency, written);
    if (!read.success) {
      throw new AdminRefusal(400, "nothing was changed", { faults: read.faults });
    }
    await this.#emulator.change(dependency, read.data);
    this.#written[dependency] = written;
  }
}

function asObject(value: unknown): Written {
  if (isObject(value)) return value;
  throw new AdminRefusal(400, "the body is not an object of fields");
}
