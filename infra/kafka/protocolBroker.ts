import type { Broker } from 'kafkajs';

interface Producer {
  readonly producerId: string;
  readonly producerEpoch: number;
}

/** Requests that the client's brokers can send and its types leave out. */
export interface ProtocolBroker {
  listOffsets(request: {
    readonly isolationLevel: number;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number; readonly timestamp: string }[];
    }[];
  }): Promise<{
    readonly responses: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
    }[];
  }>;
  findGroupCoordinator(request: {
    readonly groupId: string;
    readonly coordinatorType: number;
  }): Promise<unknown>;
  initProducerId(request: {
    readonly transactionalId: string;
    readonly transactionTimeout: number;
  }): Promise<Producer>;
  addPartitionsToTxn(
    request: Producer & {
      readonly transactionalId: string;
      readonly topics: readonly { readonly topic: string; readonly partitions: number[] }[];
    },
  ): Promise<unknown>;
  endTxn(
    request: Producer & { readonly transactionalId: string; readonly transactionResult: boolean },
  ): Promise<unknown>;
}

/** The protocol's number of a transaction's coordinator; 0 is a group's. */
export const TRANSACTION_COORDINATOR = 1;

export function protocolBroker(broker: Broker): Broker & ProtocolBroker {
  return broker as Broker & ProtocolBroker;
}
