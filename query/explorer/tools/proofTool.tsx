import { useState } from 'preact/hooks';
import { isReadError } from '../../../command/client/readerError.js';
import { openCertificate } from '../../../command/client/verifyEvents.js';
import type { ProvenEvent } from '../../../schemas/gateway/protocol.js';
import { toHex } from '../../../schemas/kernel/bytes.js';
import type { Check } from '../fairness/check.js';
import { checkEvents } from '../fairness/checkCommand.js';
import { CheckList } from '../fairness/checkList.js';
import { readTrust } from '../fairness/trustOfGenesis.js';

interface Proof {
  readonly account: string;
  readonly certificate: string;
  readonly events: readonly ProvenEvent[];
}

const FILE_BYTES_MAX = 4 * 1024 * 1024;

function failed(detail: string): Check[] {
  return [{ name: 'This is a proof of inclusion', passed: false, detail }];
}

/** The parts of a proof in a pasted text, or what is missing. */
function parseProof(text: string): Proof | string {
  let json: Partial<Proof>;
  try {
    json = JSON.parse(text) as Partial<Proof>;
  } catch (error) {
    if (error instanceof SyntaxError) return `not JSON: ${error.message}`;
    throw error;
  }
  const { account, certificate, events } = json ?? {};
  if (typeof certificate !== 'string') return 'it has no certificate';
  if (!Array.isArray(events) || events.length === 0) return 'it has no events';
  if (!/^[0-9a-f]{64}$/.test(String(account))) return 'it names no account';
  const parts = ['value', 'partition', 'index', 'path', 'leaf', 'leafPath'];
  const isWhole = events.every((event) => parts.every((part) => part in Object(event)));
  return isWhole ? { account: String(account), certificate, events } : 'an event lacks its path';
}

async function checkProof(text: string): Promise<Check[]> {
  const proof = parseProof(text);
  if (typeof proof === 'string') return failed(proof);
  const { trust, genesis } = await readTrust();
  const certificate = openCertificate(proof.certificate, trust);
  const signed: Check = {
    name: 'A quorum of validators signed the result',
    passed: certificate !== null,
    detail: certificate === null ? '' : `height ${certificate.result.height}`,
  };
  if (certificate === null) return [signed];
  const { seed } = certificate.result;
  const checks = [signed, { name: 'Seed of the height', passed: true, detail: toHex(seed) }];
  return [
    ...checks,
    ...(await checkEvents(proof.account, proof.events, certificate, trust, genesis)),
  ];
}

/** Checks what `Proof of inclusion` on a command's page saves. */
export function ProofTool() {
  const [text, setText] = useState('');
  const [checks, setChecks] = useState<readonly Check[] | null>(null);
  const check = async (event: Event) => {
    event.preventDefault();
    setChecks(null);
    try {
      setChecks(await checkProof(text));
    } catch (error) {
      if (!isReadError(error)) throw error;
      setChecks(failed(error.message));
    }
  };
  const onFile = async (event: Event) => {
    const file = (event.currentTarget as HTMLInputElement).files?.[0];
    if (file === undefined) return;
    if (file.size > FILE_BYTES_MAX) return setChecks(failed('the file is too large for a proof'));
    setText(await file.text());
  };
  return (
    <section class="card">
      <h2>Verify a proof</h2>
      <form onSubmit={check}>
        <label>
          A proof of inclusion, as a command’s page saves it
          <textarea
            rows={5}
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <p class="buttons">
          <label class="button second">
            Open a file
            <input class="hidden" type="file" accept=".json,application/json" onChange={onFile} />
          </label>
          <button type="submit">Verify</button>
        </p>
      </form>
      {checks !== null && <CheckList checks={checks} />}
    </section>
  );
}
