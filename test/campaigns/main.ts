import { ConfigError } from '../../infra/config/loadConfig.js';
import { HelpAsked } from '../../infra/config/optionsHelp.js';
import { installNativeCrypto } from '../../infra/crypto/nativeSha256.js';
import type { Campaign } from './campaign.js';
import { hostileCampaign } from './hostileCampaign.js';
import { logCampaign } from './logCampaign.js';
import { projectionsCampaign } from './projectionsCampaign.js';
import { takeOversCampaign } from './takeOversCampaign.js';

/** Every campaign by its name; a new one is one line here. */
const CAMPAIGNS: Readonly<Record<string, Campaign>> = {
  hostile: hostileCampaign,
  log: logCampaign,
  projections: projectionsCampaign,
  takeovers: takeOversCampaign,
};

function listing(): string {
  const lines = Object.entries(CAMPAIGNS).map(
    ([name, { about, usage }]) => `  ${name.padEnd(12)} ${about}\n  ${''.padEnd(12)} ${usage}`,
  );
  return `npm run campaign -- NAME [OPTIONS] [--json]\n${lines.join('\n')}\n`;
}

/**
 * `npm run campaign` lists the campaigns, `npm run campaign -- NAME` runs one, or goes on with the
 * one that was stopped in its data folder. With --json the last line of the output is its report.
 */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args.filter((arg) => arg !== '--json');
  if (name === undefined) {
    process.stdout.write(listing());
    return 0;
  }
  const campaign = Object.hasOwn(CAMPAIGNS, name) ? CAMPAIGNS[name] : undefined;
  if (campaign === undefined) {
    process.stderr.write(`campaign: there is no "${name}"\n${listing()}`);
    return 2;
  }
  installNativeCrypto();
  try {
    const { report, ok } = await campaign.run(rest, (line) => process.stderr.write(`${line}\n`));
    const lines = Object.entries(report).map(([what, value]) => `${what.padEnd(14)} ${value}`);
    const text = args.includes('--json') ? JSON.stringify(report) : lines.join('\n');
    process.stdout.write(`${text}\n`);
    return ok ? 0 : 1;
  } catch (error) {
    if (error instanceof HelpAsked) {
      process.stdout.write(error.message);
      return 0;
    }
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`campaign ${name}: ${error.message}\n`);
    return 2;
  }
}
