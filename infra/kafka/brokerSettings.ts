/** What a leader may lose before it stops taking writes: one of `replicas`, and never all. */
export function inSyncMin(replicas: number): number {
  return Math.max(1, replicas - 1);
}

/**
 * How many replicas a topic has on a cluster of which so many brokers are known: three are enough.
 */
export function defaultReplicas(brokers: number): number {
  return Math.max(1, Math.min(brokers, 3));
}

/**
 * What every broker of a cluster of `brokers` has in common, wherever it runs: our own runtime and
 * infra/compose read it from here. Kept for ever, written only while a majority is in step, no
 * topic by accident, no leader that lacks what was acknowledged. A transaction that its writer
 * leaves open hides from readers whatever others write after it, for as long as it may stay open:
 * 15 minutes by default, and another 10 s until that is noticed.
 */
export function brokerSettings(brokers: number): Readonly<Record<string, string>> {
  const replicas = defaultReplicas(brokers);
  const inSync = inSyncMin(replicas);
  return {
    'process.roles': 'broker,controller',
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'auto.create.topics.enable': 'false',
    'num.partitions': '1',
    'default.replication.factor': String(replicas),
    'min.insync.replicas': String(inSync),
    'unclean.leader.election.enable': 'false',
    'log.retention.ms': '-1',
    'log.retention.bytes': '-1',
    'message.max.bytes': '16777216',
    'replica.fetch.max.bytes': '16777216',
    'offsets.topic.replication.factor': String(replicas),
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': String(replicas),
    'transaction.state.log.min.isr': String(inSync),
    'transaction.state.log.num.partitions': '1',
    'transaction.max.timeout.ms': '15000',
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
    'share.coordinator.state.topic.replication.factor': String(replicas),
    'share.coordinator.state.topic.min.isr': String(inSync),
    'group.initial.rebalance.delay.ms': '0',
    ...(brokers === 1 ? ALONE : AMONG_OTHERS),
  };
}

/** A killed broker may register again only when its old session is over (9 s by default). */
const ALONE = {
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
};

/**
 * The partitions of a broker that was killed have another leader when its session is over. Where it
 * led the controllers too, they notice first (1 to 1.4 s), elect another, and that one begins with
 * new sessions (1.5 s): 3.5 s at worst, which leaves a writer 1.5 of the five seconds within which
 * it is to write again.
 *
 * A new leader takes a write only when one that follows it has it too. It learns of that follower
 * before it knows that it leads, and refuses it: the follower asks again after the back-off (1 s by
 * default), and picks new partitions up when its present fetch is over (500 ms by default).
 */
const AMONG_OTHERS = {
  'broker.session.timeout.ms': '1500',
  'broker.heartbeat.interval.ms': '300',
  'controller.quorum.election.timeout.ms': '500',
  'controller.quorum.election.backoff.max.ms': '250',
  'replica.fetch.backoff.ms': '100',
  'replica.fetch.wait.max.ms': '200',
};

/**
 * What each of several brokers has for itself: how long it waits for a controller that is silent.
 * Where all wait the same, those that are left come forward at the same moment, vote each for
 * itself, and need a second election (0.5 to 1 s more).
 */
export function ownBrokerSettings(
  brokers: number,
  nodeId: number,
): Readonly<Record<string, string>> {
  if (brokers === 1) return {};
  return { 'controller.quorum.fetch.timeout.ms': String(1_000 + 200 * ((nodeId - 1) % 3)) };
}
