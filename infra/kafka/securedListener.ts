import { SASL_MECHANISMS } from './kafkaChoices.js';

export interface ScramUser {
  readonly name: string;
  readonly password: string;
}

/** A listener of our own broker over TLS and SASL, to test clients and rules of access against. */
export interface SecuredListener {
  readonly port: number;
  /** PEM file with the broker's private key (PKCS #8) and its chain of certificates. */
  readonly keyStorePath: string;
  /** PEM file: who signs the certificates of clients, which then have to show one. */
  readonly clientCaPath?: string;
  /** May do everything; makes the rules. */
  readonly operator: string;
  /** Known from the start, by SCRAM and by PLAIN. Names and passwords of letters and digits. */
  readonly users: readonly ScramUser[];
}

const LOGIN = 'org.apache.kafka.common.security';

/**
 * The settings that an authorizer and a listener with users need. Whoever comes over the plain
 * listeners of loopback, the brokers themselves and who runs them, may do everything; the users of
 * the secured one what rules allow, and nothing where there is no rule.
 * https://kafka.apache.org/41/security/
 */
export function securedSettings(secured: SecuredListener): Readonly<Record<string, string>> {
  const { users, operator, clientCaPath } = secured;
  const passwords = users.map(({ name, password }) => `user_${name}="${password}"`).join(' ');
  const own = {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': secured.keyStorePath,
    ...(clientCaPath === undefined
      ? { 'ssl.client.auth': 'none' }
      : {
          'ssl.client.auth': 'required',
          'ssl.truststore.type': 'PEM',
          'ssl.truststore.location': clientCaPath,
        }),
    'sasl.enabled.mechanisms': SASL_MECHANISMS.join(','),
    'plain.sasl.jaas.config': `${LOGIN}.plain.PlainLoginModule required ${passwords};`,
    'scram-sha-256.sasl.jaas.config': `${LOGIN}.scram.ScramLoginModule required;`,
    'scram-sha-512.sasl.jaas.config': `${LOGIN}.scram.ScramLoginModule required;`,
  };
  return {
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': `User:ANONYMOUS;User:${operator}`,
    'allow.everyone.if.no.acl.found': 'false',
    ...Object.fromEntries(
      Object.entries(own).map(([name, value]) => [`listener.name.secured.${name}`, value]),
    ),
  };
}
