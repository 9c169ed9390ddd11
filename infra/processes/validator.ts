import { existsSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { equalBytes } from '../../schemas/kernel/bytes.js';
import { SNAPSHOT_EVERY_HEIGHTS, SNAPSHOT_EVERY_HEIGHTS_MAX } from '../../schemas/limits.js';
import { ConfigError, loadConfig } from '../config/loadConfig.js';
import { count, flag, port, webSocketUrls } from '../config/optionTypes.js';
import { type KeyFile, readKeyFile } from '../crypto/keyFile.js';
import { installNativeCrypto } from '../crypto/nativeSha256.js';
import { createNativeSigner, nativeVerifier } from '../crypto/nativeSignatures.js';
import { readChainKeys } from '../genesis/epochsFile.js';
import { readValidatorGenesis } from '../genesis/validatorGenesis.js';
import { createStatusServer, listen } from '../http/statusServer.js';
import { lateLog } from '../log/lateLog.js';
import { checkLogConfig, logOptions, openLog } from '../log/openLog.js';
import { openSnapshotArchive, type SnapshotArchive } from '../recovery/snapshotArchive.js';
import { createHeightTimesLog } from '../telemetry/heightTimes.js';
import { createMetrics } from '../telemetry/metrics.js';
import { lockValidator } from '../validator/validatorLocks.js';
import { openNode, type ValidatorNode } from '../validator/validatorNode.js';
import { openPeerTransport } from '../websocket/peerTransport.js';
import { type RunningRole, runRole } from './role.js';

const configSchema = z.object({
  ...logOptions,
  genesis: z.string(),
  key: z.string().describe("file of this validator's key"),
  peers: webSocketUrls,
  host: z.string().default('127.0.0.1'),
  port: port.default(9100),
  dataDir: z.string().describe('folder of its state, blocks and journal, of no other validator'),
  snapshotArchive: z
    .string()
    .optional()
    .describe('folder to copy snapshots to, which all may share; a lost folder begins there'),
  snapshotEvery: count(SNAPSHOT_EVERY_HEIGHTS_MAX)
    .default(SNAPSHOT_EVERY_HEIGHTS)
    .describe('heights from one snapshot of the state to the next'),
  publish: flag.default(true).describe('off: this validator never writes the log'),
  verifyWorkers: z.coerce
    .number()
    .int()
    .min(0)
    .max(16)
    .default(1)
    .describe('threads that check signatures of players'),
});

const SHARD = 0;

/**
 * A file beside the key says that it has signed. Without the data folder's journal such a key must
 * not sign again in this epoch, whoever lost the folder.
 */
function firstStartOf(keyPath: string): boolean {
  return !existsSync(`${keyPath}.used`);
}

function markUsed(keyPath: string): void {
  writeFileSync(`${keyPath}.used`, 'This key has signed. Without its journal it must not again.\n');
}

function indexOf(key: KeyFile, validators: readonly Uint8Array[]): number {
  const index = validators.findIndex((publicKey) => equalBytes(publicKey, key.publicKey));
  if (index >= 0) return index;
  throw new ConfigError('--key: this key is not one of the validators');
}

function openArchive(
  { snapshotArchive }: z.infer<typeof configSchema>,
  chainId: Uint8Array,
): SnapshotArchive | null {
  return snapshotArchive === undefined
    ? null
    : openSnapshotArchive(snapshotArchive, chainId, SHARD);
}

function checkPeers(urls: readonly string[], validators: readonly Uint8Array[]): void {
  if (urls.length === validators.length) return;
  throw new ConfigError(`--peers: ${validators.length} validator URLs are needed`);
}

/** `nullspace validator`: agree on an order, execute it, answer gateways, publish. */
export function validatorRole(argv: readonly string[]): Promise<void> {
  return runRole('validator', async (logger, fail): Promise<RunningRole> => {
    const config = loadConfig(configSchema, argv, process.env);
    if (config.publish) checkLogConfig(config);
    installNativeCrypto();
    const genesis = readValidatorGenesis(config.genesis);
    const key = readKeyFile(config.key);
    const keys = readChainKeys(config.genesis, genesis, SHARD);
    const { chainId, validators } = keys;
    const self = indexOf(key, validators);
    checkPeers(config.peers, validators);
    const lock = await lockValidator(config.dataDir, config.key);
    const metrics = createMetrics('validator');
    const signer = createNativeSigner(key.seed);
    let node: ValidatorNode | null = null;
    const server = createStatusServer(metrics, () => ({
      role: 'validator',
      name: `validator-${self}`,
      ready: false,
      height: 0,
      ...node?.status(),
    }));
    const heightTimes = createHeightTimesLog();
    server.get('/heights', { schema: { hide: true } }, async (request) => {
      const { from } = request.query as { readonly from?: string };
      return heightTimes.from(Number(from ?? 0));
    });
    const transport = openPeerTransport({
      server: server.server,
      self,
      validators,
      urls: config.peers,
      identity: { chainId, role: 'VALIDATOR', signer, verifier: nativeVerifier() },
      onRefused: (error) => logger.debug({ code: error.code }, error.message),
    });
    const url = await listen(server, config.host, config.port);
    const log = config.publish ? lateLog(() => openLog(config, logger)) : null;
    const opened = await openNode({
      genesis,
      keys,
      self,
      signer,
      beaconSecret: key.beaconShare ?? new Uint8Array(0),
      dataDir: config.dataDir,
      snapshotEveryHeights: config.snapshotEvery,
      archive: openArchive(config, chainId),
      firstStart: firstStartOf(config.key),
      onSigning: () => markUsed(config.key),
      onFailed: fail,
      transport,
      log,
      verifyWorkers: config.verifyWorkers,
      metrics,
      heightTimes,
      logger,
    });
    node = opened;
    return {
      url,
      async stop() {
        await opened.stop();
        transport.close();
        await log?.close();
        await server.close();
        lock.release();
      },
    };
  });
}
