import type { CommitCrime } from './crime.js';
import { equivocator } from './equivocator.js';
import { falseAcceptor } from './falseAcceptor.js';
import { falseShareSender } from './falseShareSender.js';
import { hostilePublisher } from './hostilePublisher.js';
import { invalidBlockProposer } from './invalidBlockProposer.js';
import { nuller } from './nuller.js';
import { shareWithholder } from './shareWithholder.js';
import { silentLeader } from './silentLeader.js';
import { staleSpammer } from './staleSpammer.js';
import { withholdingLeader } from './withholdingLeader.js';
import { wrongResultSigner } from './wrongResultSigner.js';

/** Every crime by its name. */
export const crimes = {
  equivocator,
  falseAcceptor,
  falseShareSender,
  hostilePublisher,
  invalidBlockProposer,
  nuller,
  shareWithholder,
  silentLeader,
  staleSpammer,
  withholdingLeader,
  wrongResultSigner,
} as const satisfies Readonly<Record<string, CommitCrime>>;

export type CrimeName = keyof typeof crimes;

export const crimeNames = Object.keys(crimes) as readonly CrimeName[];
