import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** PEM texts. */
export interface IssuedCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateOptions {
  readonly name: string;
  /** IPv4 addresses that the certificate is for. */
  readonly addresses?: readonly (readonly number[])[];
  /** Default one day from an hour ago. */
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** Signs certificates that tests use for an hour: X.509 by RFC 5280, ECDSA over P-256. */
export interface Authority {
  /** PEM text. */
  readonly certificate: string;
  issue(options: CertificateOptions): IssuedCertificate;
}

const HOUR_MS = 3_600_000;

/** An element of DER (X.690): tag, length, content. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : [0x82, length >> 8, length & 255];
  if (length >= 128 && length < 256) size.splice(0, 3, 0x81, length);
  const head = [tag, ...size];
  return Buffer.concat([Buffer.from(head), content]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const octets = (bytes: Uint8Array): Buffer => der(0x04, bytes);
const bits = (bytes: Uint8Array): Buffer => der(0x03, Buffer.of(0), bytes);
const objectId = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const YES = der(0x01, Buffer.of(255));

/** ecdsa-with-SHA256, 1.2.840.10045.4.3.2 */
const ALGORITHM = sequence(objectId('2a8648ce3d040302'));
/** id-at-commonName, 2.5.4.3 */
const COMMON_NAME = objectId('550403');
/** id-ce-basicConstraints 2.5.29.19, id-ce-keyUsage 2.5.29.15, id-ce-subjectAltName 2.5.29.17 */
const BASIC_CONSTRAINTS = objectId('551d13');
const KEY_USAGE = objectId('551d0f');
const SUBJECT_ALT_NAME = objectId('551d11');

const nameOf = (name: string): Buffer =>
  sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(name)))));

/** GeneralizedTime, to the second. */
const timeOf = (date: Date): Buffer =>
  der(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]|\.\d+Z/g, '')}Z`));

function extensions(isAuthority: boolean, addresses: readonly (readonly number[])[]): Buffer {
  const critical = (id: Buffer, value: Buffer): Buffer => sequence(id, YES, octets(value));
  // keyCertSign is bit 5, digitalSignature bit 0
  const usage = isAuthority ? Buffer.of(2, 0x04) : Buffer.of(7, 0x80);
  const all = [
    critical(BASIC_CONSTRAINTS, isAuthority ? sequence(YES) : sequence()),
    critical(KEY_USAGE, der(0x03, usage)),
  ];
  if (addresses.length > 0) {
    const names = addresses.map((address) => der(0x87, Buffer.from(address)));
    all.push(sequence(SUBJECT_ALT_NAME, octets(sequence(...names))));
  }
  return der(0xa3, sequence(...all));
}

interface Issuer {
  readonly name: string;
  readonly privateKey: KeyObject;
}

function pem(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function certify(
  issuer: Issuer,
  publicKey: KeyObject,
  options: CertificateOptions,
  isAuthority: boolean,
): string {
  const now = Date.now();
  const { name, addresses = [] } = options;
  const { notBefore = new Date(now - HOUR_MS), notAfter = new Date(now + 23 * HOUR_MS) } = options;
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))), // version 3
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(15)])),
    ALGORITHM,
    nameOf(issuer.name),
    sequence(timeOf(notBefore), timeOf(notAfter)),
    nameOf(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    extensions(isAuthority, addresses),
  );
  return pem(sequence(body, ALGORITHM, bits(sign('sha256', body, issuer.privateKey))));
}

const newKeys = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

/** A new authority. Two of one name are still two: each has a key of its own. */
export function newAuthority(name: string): Authority {
  const { publicKey, privateKey } = newKeys();
  const issuer = { name, privateKey };
  return {
    certificate: certify(issuer, publicKey, { name }, true),
    issue: (options) => {
      const own = newKeys();
      return {
        certificate: certify(issuer, own.publicKey, options, false),
        key: own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      };
    },
  };
}
