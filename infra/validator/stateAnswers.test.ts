import { describe, expect, it } from 'vitest';
import { executeBlock } from '../../command/engine/executeBlock.js';
import { genesisState } from '../../command/engine/genesisState.js';
import { decodeTrusted, encode } from '../../schemas/codec/codec.js';
import { stateValueHash } from '../../schemas/crypto/digests.js';
import { DOMAIN, taggedHash } from '../../schemas/crypto/domain.js';
import { verifyStateProof } from '../../schemas/crypto/stateProof.js';
import { present } from '../../schemas/kernel/assert.js';
import { STATE_HEIGHTS_KEPT } from '../../schemas/limits.js';
import { RejectCode } from '../../schemas/rejectCode.js';
import { engineChain, engineGenesis } from '../../test/simulation/engineChain.js';
import { person } from '../../test/vectors/engine/engineWorld.js';
import { answerStateRequest } from './stateAnswers.js';

const HEIGHTS = STATE_HEIGHTS_KEPT + 4;
/** The last height is executed and has no certificate yet. */
const CERTIFIED = HEIGHTS - 1;
const chain = engineChain({ heights: HEIGHTS, commands: 1, seed: 9 });
const state = genesisState(engineGenesis, 0);
for (const { certified } of chain) {
  executeBlock(state, certified.block, certified.certificate.result.seed);
}
const application = {
  certifiedTip: () => CERTIFIED,
  certificate: (height: number) =>
    height >= 1 && height <= CERTIFIED ? chain[height - 1]!.certified.certificate : null,
};
const account = encode('StateKey', { key: { kind: 'AccountKey', account: person('player 1') } });
const stranger = encode('StateKey', { key: { kind: 'AccountKey', account: person('nobody') } });
const ask = (key: Uint8Array, height: number) =>
  answerStateRequest({ id: 7, key, height }, state, application);

describe('an answer about a leaf of the state', () => {
  it.each([
    ['a value', account, 0],
    ['an absence', stranger, 0],
    ['a key that no record frames to', Uint8Array.of(1, 2, 3), 0],
    ['the value at the oldest height kept', account, HEIGHTS - STATE_HEIGHTS_KEPT + 1],
  ])('proves %s against the certificate that comes with it', (_what, key, height) => {
    const answer = ask(key, height);
    expect(answer).toMatchObject({ id: 7, code: 0 });
    const { result } = present(answer.certificate, 'a certificate');
    expect(result.height).toBe(height === 0 ? CERTIFIED : height);
    const proof = decodeTrusted('StateProof', answer.proof);
    const valueHash = answer.value === null ? null : stateValueHash(answer.value);
    const keyHash = taggedHash(DOMAIN.stateKey, key);
    const proven = { keyHash, valueHash, stateRoot: result.stateRoot, proof };
    expect(verifyStateProof(proven)).toBe(true);
    const another = stateValueHash(Uint8Array.of(1));
    expect(verifyStateProof({ ...proven, valueHash: another })).toBe(false);
    expect(answer.value !== null).toBe(key === account);
  });

  it.each([
    ['above what is certified, though it was executed', HEIGHTS],
    ['that nobody knows yet', HEIGHTS + 1],
    ['whose tree is no longer kept', HEIGHTS - STATE_HEIGHTS_KEPT],
  ])('says that it has none of a height %s', (_what, height) => {
    expect(ask(account, height)).toEqual({
      ...{ id: 7, code: RejectCode.stateUnavailable, value: null },
      ...{ proof: new Uint8Array(0), certificate: null },
    });
  });
});
