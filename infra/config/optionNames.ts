/** Environment variables that have a name of their own; others are NULLSPACE_<OPTION_NAME>. */
const ENVIRONMENT_NAMES: Readonly<Record<string, string>> = {
  databaseUrl: 'DATABASE_URL',
  kafkaBrokers: 'KAFKA_BROKERS',
  readOnly: 'READ_ONLY',
  redisUrl: 'REDIS_URL',
  gatewayInstanceId: 'GATEWAY_INSTANCE_ID',
  gatewayDataDir: 'GATEWAY_DATA_DIR',
};

/**
 * Options that have no flag: everybody on a machine can read its command lines, and they end in
 * histories and lists of processes.
 */
const SECRETS: ReadonlySet<string> = new Set(['kafkaPassword']);

export function isSecret(option: string): boolean {
  return SECRETS.has(option);
}

function words(option: string): string[] {
  return option.split(/(?=[A-Z])/).map((word) => word.toLowerCase());
}

/** `listenPort` is `listen-port` on a command line, behind two dashes. */
export function flagName(option: string): string {
  return words(option).join('-');
}

export function environmentName(option: string): string {
  return ENVIRONMENT_NAMES[option] ?? `NULLSPACE_${words(option).join('_').toUpperCase()}`;
}

/** All names of an option, for messages: `--listen-port (NULLSPACE_LISTEN_PORT)`. */
export function optionNames(option: string): string {
  return isSecret(option)
    ? environmentName(option)
    : `--${flagName(option)} (${environmentName(option)})`;
}
