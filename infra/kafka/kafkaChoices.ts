/** Whose requests carry records; topics are made by kafkajs in either case. */
export const KAFKA_CLIENTS = ['kafkajs', 'platformatic'] as const;
export type KafkaClient = (typeof KAFKA_CLIENTS)[number];
export const KAFKA_CLIENT_DEFAULT: KafkaClient = 'platformatic';

/** What kafkajs has; in the words of Kafka's `sasl.mechanism`. */
export const SASL_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
export type SaslMechanism = (typeof SASL_MECHANISMS)[number];
