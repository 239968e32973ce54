import { captureProfile, DEPENDENCY_FITTERS } from "../../capture/index.ts";
import { formatCount, ShakedownError } from "../../core/index.ts";
import {
  describeDependencies,
  type Profile,
  type ProfileManifest,
  writeProfile,
} from "../../profile/index.ts";
import { joinCalls } from "./join.ts";
import {
  type CallNote,
  type Note,
  readNotes,
  removeRecording,
  type RequestNote,
  requestsPath,
} from "./recording.ts";

export interface Finished {
  readonly profile: Profile;
  readonly calls: number;
  readonly joinedCalls: number;
  /** Requests without a `traceparent`: their calls cannot be known. */
  readonly untraced: number;
  /** Requests whose body was too long to keep. */
  readonly bodiesNotKept: number;
}

export interface FinishOptions {
  readonly out: string;
  /** Of the pseudonyms, 16 random bytes or more. */
  readonly key: Buffer;
  /** What the door replaced; null when that is not known: then it is done once more, and counted. */
  readonly replaced: ProfileManifest["redaction"]["values"] | null;
}

const ofKind = <Kind extends Note["kind"]>(notes: readonly Note[], kind: Kind) =>
  notes.filter((note): note is Extract<Note, { kind: Kind }> => note.kind === kind);

function warningsOf(
  manifest: ProfileManifest,
  { unjoined, bodiesNotKept }: { unjoined: number; bodiesNotKept: number },
  redacted: boolean,
): string[] {
  // The import was told to leave alone what the door had redacted already.
  const warnings = manifest.warnings.filter(
    (text) => !redacted || !text.startsWith("redaction was off"),
  );
  if (bodiesNotKept > 0) {
    warnings.push(`${formatCount(bodiesNotKept)} request bodies were too long, and are not kept`);
  }
  if (unjoined > 0) {
    warnings.push(
      `${formatCount(unjoined)} dependency calls belong to no recorded request: no traceparent led from one to the other`,
    );
  }
  return warnings;
}

/**
 * Makes the profile of a recording that has ended, or was killed, writes it, and removes the
 * recording.
 * @throws FILE_NOT_FOUND when there is no recording; CAPTURE_EMPTY when it holds no request;
 * CAPTURE_INVALID when it is damaged; OUTPUT_UNWRITABLE
 */
export async function finishRecording({ out, key, replaced }: FinishOptions): Promise<Finished> {
  const notes = await readNotes(out);
  const requests: RequestNote[] = ofKind(notes, "request");
  const calls: CallNote[] = ofKind(notes, "call");
  const [recorder] = ofKind(notes, "recorder");
  if (requests.length === 0) {
    await removeRecording(out);
    throw new ShakedownError("CAPTURE_EMPTY", "no request of the service was recorded", {
      hint: "send traffic to the address that was listened on, and check what is told beside this",
    });
  }
  const redacted = recorder?.redacted ?? true;
  const { profile } = await captureProfile([requestsPath(out)], {
    name: recorder?.name ?? "recording",
    key,
    redact: redacted && replaced === null,
  });
  const joined = joinCalls(profile.records, requests, calls);
  const dependencies = describeDependencies(joined.records, DEPENDENCY_FITTERS);
  const bodiesNotKept = requests.filter(({ bodyLost }) => bodyLost).length;
  const counts = { unjoined: joined.unjoinedCount, bodiesNotKept };
  const { manifest } = profile;
  const whole: Profile = {
    manifest: {
      ...manifest,
      provenance: { ...manifest.provenance, madeBy: "shakedown record" },
      redaction: { enabled: redacted, values: replaced ?? manifest.redaction.values },
      ...(dependencies === undefined ? {} : { dependencies }),
      warnings: warningsOf(manifest, counts, redacted),
    },
    records: joined.records,
  };
  await writeProfile(out, whole);
  await removeRecording(out);
  return {
    profile: whole,
    calls: calls.length,
    joinedCalls: joined.joinedCount,
    untraced: requests.filter(({ traceId }) => traceId === null).length,
    bodiesNotKept,
  };
}
