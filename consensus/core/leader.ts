/** Leader of a view: rotation, a function of the round alone (reference 1.6). */
export function leaderOf(epoch: number, view: number, validators: number): number {
  return (epoch + view) % validators;
}
