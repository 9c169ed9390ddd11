import type { Producer } from 'kafkajs';
import { LogError } from '../../schemas/logError.js';

/**
 * Whether a send over several brokers stored something twice. When one of them refuses, kafkajs
 * 2.2.4 begins the send again without waiting for what is on its way to the others, and stores it
 * anew behind that, with new sequence numbers; its answer names only the second place. What tells
 * is how often a broker answered: once a send, or the send began again. Where one broker has all
 * that is sent nothing else is on its way, and a repeat has the sequence numbers of the first try.
 */
export interface RepeatCheck {
  /** Brokers that have stored something for this producer. */
  readonly brokers: number;
  /** Before a send. */
  begin(): void;
  /** After it. @throws LogError inDoubt */
  end(): void;
}

export function createRepeatCheck(producer: Pick<Producer, 'events' | 'on'>): RepeatCheck {
  const brokers = new Set<string>();
  const answers = new Map<string, number>();
  producer.on(producer.events.REQUEST, ({ payload: { apiName, broker } }) => {
    if (apiName !== 'Produce') return;
    brokers.add(broker);
    answers.set(broker, (answers.get(broker) ?? 0) + 1);
  });
  return {
    get brokers() {
      return brokers.size;
    },
    begin: () => answers.clear(),
    end() {
      if (answers.size === 1) return;
      for (const [broker, times] of answers) {
        if (times === 1) continue;
        throw new LogError('inDoubt', `${broker} was sent the same records ${times} times`);
      }
    },
  };
}
