import { VerifyPool } from '../../infra/crypto/verifyPool.js';
import { hashesPerSecond, poolVerifiesPerSecond, verifiesPerSecond } from './ceilings.js';
import { type Bench, besides, figure, type Measure } from './measure.js';

const SECONDS = 1;

/** What the machine gives at this moment, and so what other benchmarks can at most reach. */
export const ceilingsBench: Bench = {
  about: 'SHA-256 and Ed25519 on this machine now: what all other figures rest on',
  async run(_args, say): Promise<readonly Measure[]> {
    say('hashing and verifying, one second each');
    const node = hashesPerSecond(65, SECONDS);
    const long = hashesPerSecond(1_024, SECONDS);
    const one = verifiesPerSecond(SECONDS);
    const measures = [
      figure('SHA-256 of 65 bytes, one thread', node, 'hashes/s'),
      besides('SHA-256 of 1,024 bytes, one thread', long, 'hashes/s', '65 bytes', node),
      figure('Ed25519 verify, one thread', one, 'signatures/s'),
    ];
    for (const workers of [1, 2]) {
      const pool = await VerifyPool.open({ workers });
      const rate = await poolVerifiesPerSecond(pool, SECONDS);
      await pool.close();
      const name = `Ed25519 verify, pool of ${workers}`;
      measures.push(besides(name, rate, 'signatures/s', 'one thread', one));
    }
    return measures;
  },
};
