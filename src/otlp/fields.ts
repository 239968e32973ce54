import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** The fields of AnyValue, of opentelemetry/proto/common/v1/common.proto (1.5.0). */
const VALUE = { string: 1, bool: 2, int: 3, double: 4, array: 5 } as const;

/** Takes a message's fields one after another; `take` reads a field, or says that it did not. */
export function eachField(
  bytes: Uint8Array,
  take: (field: number, reader: BinaryReader, wireType: WireType) => boolean,
): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    const at = reader.pos;
    if (wireType === WireType.EndGroup) throw new RangeError("a group ends that did not begin");
    if (!take(field, reader, wireType)) {
      reader.pos = at;
      reader.skip(wireType, field);
    }
  }
}

/** The messages in a field that may come again. */
export function messagesIn(bytes: Uint8Array, wanted: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  eachField(bytes, (field, reader) => {
    if (field !== wanted) return false;
    found.push(reader.bytes());
    return true;
  });
  return found;
}

/** Takes the numbers of a repeated field, packed into one or not. */
export function takeNumbers(
  into: number[],
  { reader, wireType }: { readonly reader: BinaryReader; readonly wireType: WireType },
  read: (reader: BinaryReader) => number,
): void {
  if (wireType !== WireType.LengthDelimited) {
    into.push(read(reader));
    return;
  }
  const packed = new BinaryReader(reader.bytes());
  while (packed.pos < packed.len) into.push(read(packed));
}

/** An attribute's value, when it is text, a number or a boolean; of a list the first that is. */
function valueOf(bytes: Uint8Array, inList = false): string | undefined {
  let text: string | undefined;
  eachField(bytes, (field, reader) => {
    if (field === VALUE.string) text = reader.string();
    else if (field === VALUE.bool) text = String(reader.bool());
    else if (field === VALUE.int) text = String(reader.int64());
    else if (field === VALUE.double) text = String(reader.double());
    else if (field === VALUE.array && !inList) text = firstIn(reader.bytes());
    else return false;
    return true;
  });
  return text;
}

/** A list in a list is none: no header is one. */
function firstIn(list: Uint8Array): string | undefined {
  let text: string | undefined;
  eachField(list, (field, reader) => {
    if (field !== 1) return false;
    const value = valueOf(reader.bytes(), true);
    text ??= value;
    return true;
  });
  return text;
}

/** Reads a KeyValue; one of another kind is left out. */
export function addAttribute(attributes: Map<string, string>, bytes: Uint8Array): void {
  let [key, value]: [string, string | undefined] = ["", undefined];
  eachField(bytes, (field, reader) => {
    if (field === 1) key = reader.string();
    else if (field === 2) value = valueOf(reader.bytes());
    else return false;
    return true;
  });
  if (value !== undefined) attributes.set(key, value);
}

/** The attributes of what sent a part: field 1 of a Resource, which is field 1 of every part. */
export function resourceOf(part: Uint8Array): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const resource of messagesIn(part, 1)) {
    for (const entry of messagesIn(resource, 1)) addAttribute(attributes, entry);
  }
  return attributes;
}
