import type { ProfileDiff, ProfilePicture } from "../../profile/index.ts";
import { plainText } from "../words.ts";

/** A legend has room for so much of a name. */
const LINE_NAME = 32;

/** What the page of a profile is made of. */
export interface ProfilePage {
  readonly tool: { readonly name: string; readonly version: string };
  readonly picture: ProfilePicture;
  /** What it is held against, and how the two differ. */
  readonly other: { readonly picture: ProfilePicture; readonly diff: ProfileDiff } | null;
}

/** One of the page's profiles: its name on the page, and the place of its colour. */
export interface Side extends ProfilePicture {
  readonly label: string;
  /** What its lines are called. */
  readonly line: string;
  readonly color: number;
}

/** The page's profiles. Two of the same name are told apart. */
export function sidesOf({ other, picture }: ProfilePage): readonly Side[] {
  const { name } = picture.summary.manifest;
  if (other === null) return [{ ...picture, label: name, line: "captured", color: 0 }];
  const otherName = other.picture.summary.manifest.name;
  const same = name === otherName;
  const [label, otherLabel] = same ? [`${name} (this)`, `${name} (other)`] : [name, otherName];
  return [
    { ...picture, label, line: plainText(label, LINE_NAME), color: 0 },
    { ...other.picture, label: otherLabel, line: plainText(otherLabel, LINE_NAME), color: 1 },
  ];
}
