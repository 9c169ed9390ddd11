/**
 * Room for what is young, in MiB; Node's own is 16. What a block or a batch of rows still needs is
 * copied by fewer collections: with 32 a validator, which makes 10 to 30 KB of garbage a command,
 * spends two thirds of the time on them, for 50 MB of memory; with 64 a projector's processor time
 * a command was 0.94 of before (70 to 77 us against 78 to 84 in three runs each).
 */
const SEMI_SPACE_MIB: Readonly<Record<string, number>> = { validator: 32, projector: 64 };

/** Arguments of Node itself for a process of this role. */
export function nodeArgsOf(role: string): readonly string[] {
  const room = SEMI_SPACE_MIB[role];
  return room === undefined ? [] : [`--max-semi-space-size=${room}`];
}
