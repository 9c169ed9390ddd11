import { openTrust, type TrustedChain } from '../../../command/client/openTrust.js';
import { pageReader } from '../api/pageReader.js';

/**
 * Genesis as the reader gives it, and the epochs that it proves; whoever doubts genesis compares
 * its hash, the chain id.
 */
export function readTrust(): Promise<TrustedChain> {
  return openTrust(pageReader, { chainId: null });
}
