/** Dependency → arm → state machine of its stubs → the state it is in. */
export type StubStates = Readonly<
  Record<string, Readonly<Record<string, Readonly<Record<string, string>>>>>
>;

/** Puts state machines of a dependency's stubs into other states. */
export interface StubStateChange {
  readonly dependency: string;
  /** Left out: in every arm. */
  readonly arm?: string;
  /** Machine → state. */
  readonly states: Readonly<Record<string, string>>;
}
