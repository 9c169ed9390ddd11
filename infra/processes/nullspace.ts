import { ConfigError } from '../config/loadConfig.js';
import { HelpAsked } from '../config/optionsHelp.js';
import { hideUrls } from '../telemetry/hideUrls.js';
import { EXIT_CONFIG } from './role.js';

type Run = (argv: readonly string[]) => Promise<void>;

interface Command {
  readonly help: string;
  /** The first argument, where a command does several things. */
  readonly actions?: string;
  load(): Promise<Run>;
}

/** Every command of the program; each is loaded when it is called. */
const COMMANDS: Readonly<Record<string, Command>> = {
  start: {
    help: 'run the whole platform on this machine, on embedded parts',
    load: async () => (await import('./start.js')).start,
  },
  demo: {
    help: 'play real bets through a gateway, read them back and check every one',
    load: async () => (await import('./demo.js')).demo,
  },
  cluster: {
    help: 'up, status or down: the platform as separate processes, on Kafka or Postgres',
    actions: 'up|status|down',
    load: async () => (await import('./cluster.js')).cluster,
  },
  verify: {
    help: 'execute the log again and check every certificate and root',
    load: async () => (await import('./verify.js')).verify,
  },
  replay: {
    help: 'make a validator folder from the log: state and blocks, from a snapshot on',
    load: async () => (await import('./replay.js')).replay,
  },
  recover: {
    help: 'look, propose, sign, begin: another epoch after the loss of all validators',
    actions: 'look|propose|sign|begin',
    load: async () => (await import('./recover.js')).recover,
  },
  drill: {
    help: 'rehearse the loss of everything but the log: state and tables made from it again',
    load: async () => (await import('./drill.js')).drill,
  },
  log: {
    help: 'cat: verified records of the log, as lines; topics, access: what its servers must have',
    actions: 'cat|topics|access',
    load: async () => (await import('./log.js')).log,
  },
  export: {
    help: 'verified heights as Avro or Parquet files, with a manifest of their hashes',
    load: async () => (await import('./export.js')).exportCommand,
  },
  projections: {
    help: 'status, rebuild, swap or prune: the tables that readers see, and those beside them',
    actions: 'status|rebuild|swap|prune',
    load: async () => (await import('./projections.js')).projections,
  },
  standby: {
    help: "create, status or promote: a copy of the tables' server that follows it, for readers",
    actions: 'create|status|promote',
    load: async () => (await import('./standby.js')).standby,
  },
  validator: {
    help: 'role: agree on an order, execute it, publish it',
    load: async () => (await import('./validator.js')).validatorRole,
  },
  gateway: {
    help: 'role: serve players',
    load: async () => (await import('./gateway.js')).gatewayRole,
  },
  projector: {
    help: 'role: fold the log into tables',
    load: async () => (await import('./projector.js')).projectorRole,
  },
  reader: {
    help: 'role: answer from the tables; the explorer page',
    load: async () => (await import('./reader.js')).readerRole,
  },
};

function usage(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(
    ([name, { help }]) => `  ${name.padEnd(width)}  ${help}`,
  );
  const more = 'nullspace COMMAND --help lists the options of one';
  return `usage: nullspace COMMAND [OPTIONS]\n\n${lines.join('\n')}\n\n${more}\n`;
}

function commandHelp(name: string, { help, actions }: Command, options: string): string {
  const words = ['nullspace', name, ...(actions === undefined ? [] : [actions]), '[OPTIONS]'];
  return `usage: ${words.join(' ')}\n\n${help}\n\n${options}`;
}

/** Codes of errors that say that another process holds a folder, key or port, or what is unfit. */
const HELD: ReadonlySet<unknown> = new Set([
  ...['folderInUse', 'in-use', 'portTaken', 'folderNotEmpty', 'slotInUse'],
  ...['binariesMissing', 'versionMismatch', 'unsuited'],
]);

/** To start again is of use only where nobody has to change anything first. */
function statusOf(error: unknown): number {
  const isHeld = HELD.has((error as { readonly code?: unknown }).code);
  return error instanceof ConfigError || isHeld ? EXIT_CONFIG : 1;
}

async function main(argv: readonly string[]): Promise<void> {
  const isAbout = argv[0] === 'help' && argv.length > 1;
  const [name = 'help', ...rest] = isAbout ? [...argv.slice(1), '--help'] : argv;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const asked = name === 'help' || name === '--help' || name === '-h';
    (asked ? process.stdout : process.stderr).write(usage());
    process.exitCode = asked ? 0 : EXIT_CONFIG;
    return;
  }
  try {
    const run = await command.load();
    await run(rest);
  } catch (error) {
    if (error instanceof HelpAsked) {
      process.stdout.write(commandHelp(name, command, error.message));
      return;
    }
    const known =
      error instanceof ConfigError || typeof (error as { code?: unknown }).code === 'string';
    if (!known) {
      hideUrls(error);
      throw error;
    }
    process.stderr.write(`nullspace ${name}: ${(error as Error).message}\n`);
    process.exitCode = statusOf(error);
  }
}

await main(process.argv.slice(2));
