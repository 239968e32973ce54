/*
 * Writes packet captures: raw IPv4 (link type 101), one TCP connection for each conversation, as
 * libpcap's file format and RFC 9293 have them. Checksums are left at zero, as sending hosts that
 * leave them to the network card do.
 */

/** One segment of a connection, in either direction. */
export interface Segment {
  readonly connection: number;
  readonly fromClient: boolean;
  readonly atUs: number;
  readonly bytes: Buffer;
}

const LINK_RAW = 101;
const CLIENT = [10, 0, 0, 1];
const SERVER = [10, 0, 0, 2];
const FLAG = { syn: 0x02, push: 0x08, ack: 0x10 };

export function pcapOf(segments: readonly Segment[], beganS = 1_700_000_000): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(262_144, 16);
  head.writeUInt32LE(LINK_RAW, 20);
  const next = new Map<string, number>();
  const out: Buffer[] = [head];
  const put = (segment: Segment, flags: number): void => {
    const key = (fromClient: boolean): string => `${segment.connection} ${fromClient}`;
    const [own, other] = [key(segment.fromClient), key(!segment.fromClient)];
    const seq = next.get(own) ?? 1_000;
    const packet = ipPacket(segment, { flags, seq, ack: next.get(other) ?? 0 });
    next.set(own, seq + segment.bytes.length + (flags & FLAG.syn ? 1 : 0));
    const record = Buffer.alloc(16);
    record.writeUInt32LE(beganS + Math.floor(segment.atUs / 1e6), 0);
    record.writeUInt32LE(segment.atUs % 1e6, 4);
    record.writeUInt32LE(packet.length, 8);
    record.writeUInt32LE(packet.length, 12);
    out.push(record, packet);
  };
  const opened = new Set<number>();
  for (const segment of segments) {
    const { connection } = segment;
    if (!opened.has(connection)) {
      opened.add(connection);
      const empty = { ...segment, bytes: Buffer.alloc(0) };
      put({ ...empty, fromClient: true }, FLAG.syn);
      put({ ...empty, fromClient: false }, FLAG.syn | FLAG.ack);
      put({ ...empty, fromClient: true }, FLAG.ack);
    }
    put(segment, FLAG.push | FLAG.ack);
  }
  return Buffer.concat(out);
}

function ipPacket(
  { bytes, connection, fromClient }: Segment,
  { ack, flags, seq }: { readonly flags: number; readonly seq: number; readonly ack: number },
): Buffer {
  const [client, server] = [40_000 + connection, 8_080];
  const ip = Buffer.alloc(20);
  ip[0] = 0x45;
  ip.writeUInt16BE(40 + bytes.length, 2);
  ip[8] = 64;
  ip[9] = 6;
  ip.set(fromClient ? CLIENT : SERVER, 12);
  ip.set(fromClient ? SERVER : CLIENT, 16);
  const tcp = Buffer.alloc(20);
  tcp.writeUInt16BE(fromClient ? client : server, 0);
  tcp.writeUInt16BE(fromClient ? server : client, 2);
  tcp.writeUInt32BE(seq, 4);
  tcp.writeUInt32BE(ack, 8);
  tcp[12] = 0x50;
  tcp[13] = flags;
  tcp.writeUInt16BE(65_535, 14);
  return Buffer.concat([ip, tcp, bytes]);
}
