import { expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfig } from './loadConfig.js';
import { HelpAsked } from './optionsHelp.js';
import { count, flag, list, port, postgresUrl } from './optionTypes.js';

const schema = z.object({
  genesis: z.string(),
  listenPort: port.default(9000).describe('where players come in'),
  databaseUrl: postgresUrl.optional().describe('of the tables'),
  trusted: list.default([]).describe('networks'),
  publish: flag.default(true).describe('off: writes nothing'),
  json: flag.default(false),
  sessionsMax: count(10).default(3).describe('at a time'),
  log: z.enum(['kafka', 'postgres']).optional().describe('where it is'),
  kafkaPassword: z.string().optional().describe('of a user'),
});

const EXPECTED = `options, by flag or (variable):
  --genesis TEXT (NULLSPACE_GENESIS), needed
      file of the chain
  --listen-port PORT (NULLSPACE_LISTEN_PORT), default 9000
      where players come in
  --database-url URL (DATABASE_URL)
      of the tables
  --trusted A,B (NULLSPACE_TRUSTED)
      networks
  --[no-]publish (NULLSPACE_PUBLISH), default true
      off: writes nothing
  --json (NULLSPACE_JSON), default false
      answer as a line of JSON
  --sessions-max N (NULLSPACE_SESSIONS_MAX), default 3
      at a time
  --log kafka|postgres (NULLSPACE_LOG)
      where it is
  NULLSPACE_KAFKA_PASSWORD=TEXT, no flag
      of a user
`;

it.each([[['--help']], [['-h']], [['--bogus', '--help']]])(
  '%j lists every option with its variable, default and what it is',
  (argv) => {
    const asked = (): unknown => loadConfig(schema, argv, { READ_ONLY: 'maybe' });
    expect(asked).toThrow(HelpAsked);
    expect(asked).toThrow(EXPECTED);
  },
);
