import { LogError } from '../../schemas/logError.js';
import type { LogCluster } from './logCluster.js';

/**
 * Why no coordinator was found. kafkajs asks every broker, forgets what each of them answered, and
 * says no more than that; a user without the right to an id must be told so. Another error passes
 * through.
 */
export async function coordinatorRefusal(
  cluster: LogCluster,
  writerId: string,
  error: unknown,
): Promise<unknown> {
  if ((error as Error).name !== 'KafkaJSGroupCoordinatorNotFound') return error;
  try {
    await cluster.askForCoordinator(writerId);
  } catch (refusal) {
    return refusal;
  }
  return new LogError('unreachable', `writer ${writerId} had no coordinator for a moment`, error);
}
