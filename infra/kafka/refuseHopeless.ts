import { createClient, type KafkaOptions } from './client.js';
import { toLogError } from './errors.js';

/**
 * Asks every named broker once, where the cluster asks who one is. The client takes a certificate
 * that it refuses for a broker that is away, and asks again for twelve seconds: nothing is gained
 * by that when all of them refuse. One that is away, or answers, leaves the word to the client.
 * @throws LogError notAuthenticated, tlsRefused
 */
export async function refuseHopeless(options: KafkaOptions): Promise<void> {
  if (options.security === undefined) return;
  const refusals = await Promise.all(
    options.brokers.map((broker) => refusalOf({ ...options, brokers: [broker] })),
  );
  const [first] = refusals;
  if (first !== undefined && first !== null && !refusals.includes(null)) throw first;
}

async function refusalOf(options: KafkaOptions): Promise<Error | null> {
  const [broker] = options.brokers;
  const admin = createClient(options, { retries: 0 }).admin();
  try {
    await admin.connect();
    return null;
  } catch (error) {
    const refusal = toLogError(error, String(broker));
    return refusal.retriable || refusal.code === 'failed' ? null : refusal;
  } finally {
    await admin.disconnect();
  }
}
