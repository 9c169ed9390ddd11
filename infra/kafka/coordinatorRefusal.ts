import type { Cluster } from 'kafkajs';
import { LogError } from '../../schemas/logError.js';
import { protocolBroker, TRANSACTION_COORDINATOR } from './protocolBroker.js';

/**
 * Why no coordinator was found. The client asks every broker, forgets what each of them answered,
 * and says no more than that; a user without the right to an id must be told so. Another error
 * passes through.
 */
export async function coordinatorRefusal(
  cluster: Cluster,
  writerId: string,
  error: unknown,
): Promise<unknown> {
  if ((error as Error).name !== 'KafkaJSGroupCoordinatorNotFound') return error;
  try {
    await cluster.refreshMetadata(); // it may not have asked for brokers yet
    const [nodeId] = cluster.getNodeIds();
    const broker = protocolBroker(await cluster.findBroker({ nodeId: String(nodeId) }));
    const of = { groupId: writerId, coordinatorType: TRANSACTION_COORDINATOR };
    await broker.findGroupCoordinator(of);
  } catch (refusal) {
    return refusal;
  }
  return new LogError('unreachable', `writer ${writerId} had no coordinator for a moment`, error);
}
