import { type Fields, isFields } from "./model.ts";
import { NotTold } from "./not-told.ts";

/*
 * What a field holds, where it is there. Of another type it is not passed over: a condition that is
 * left out would answer calls that are not meant.
 */

const isNone = (value: unknown): boolean => value === undefined || value === null;

/** @throws NotTold for what is no list; nothing is an empty one */
export function listIn(value: unknown, where: string): readonly unknown[] {
  if (isNone(value)) return [];
  if (!Array.isArray(value)) throw new NotTold(`${where}: is no list`);
  return value;
}

/** @throws NotTold for what is no object; nothing is an empty one */
export function fieldsIn(value: unknown, where: string): Fields {
  if (isNone(value)) return {};
  if (!isFields(value)) throw new NotTold(`${where}: is no object`);
  return value;
}

/** @throws NotTold for what is neither true nor false; nothing is false */
export function flagIn(value: unknown, where: string): boolean {
  if (isNone(value)) return false;
  if (typeof value !== "boolean") throw new NotTold(`${where}: is neither true nor false`);
  return value;
}
