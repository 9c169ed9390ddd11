import type { CommandInstruction } from '../../../schemas/types/command.js';
import type { Seat } from './seat.js';

/** What each part of the play page is given. */
export interface SeatProps {
  readonly seat: Seat;
  /** The session is live, the state is known, and nothing is under way. */
  readonly isReady: boolean;
  readonly play: (instruction: CommandInstruction) => void;
}
