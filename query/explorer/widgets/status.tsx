import type { Command } from '../../../command/client/answers.js';
import { inWords, parts } from './words.js';

/** How a command ended. */
export function Status(props: { readonly command: Pick<Command, 'status' | 'codeName' | 'code'> }) {
  const { status, codeName, code } = props.command;
  if (status === 'executed') return <span class="chip good">executed</span>;
  return (
    <span class="chip bad" title={`refused with code ${code}: ${codeName ?? 'unknown'}`}>
      refused:{' '}
      {parts(codeName ?? String(code)).map((part) => (
        <>
          <wbr />
          {part}
        </>
      ))}
    </span>
  );
}

/** Names of the instructions that the API filters by (schemas/avro/command/Command.avsc). */
export const COMMAND_KINDS = [
  'ClaimFaucet',
  'Transfer',
  'SpinRoulette',
  'StartHiLo',
  'GuessHiLo',
  'CashOutHiLo',
  'AuthorizeSession',
  'RevokeSession',
] as const;

const GAMES = ['StartHiLo', 'GuessHiLo', 'CashOutHiLo', 'SpinRoulette'];

/** What a command asks for. */
export function Kind(props: { readonly kind: string }) {
  const { kind } = props;
  const colour = GAMES.includes(kind) ? 'game' : kind === 'Transfer' ? 'money' : 'plain';
  return (
    <span class={`chip kind ${colour}`} title={kind}>
      {inWords(kind)}
    </span>
  );
}
