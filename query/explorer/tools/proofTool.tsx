import { useState } from 'preact/hooks';
import { isReadError } from '../../../command/client/readerError.js';
import { CheckList } from '../fairness/checkList.js';
import { readTrust } from '../fairness/trustOfGenesis.js';
import { checkProof, failedProof, type ProofVerdict } from './checkProof.js';
import { PROOF_CHARACTERS_MAX, parseProof } from './proofFile.js';
import { ProvenCard } from './provenCard.js';

const IS_PROOF = 'This is a proof of inclusion';

async function verdictOf(text: string): Promise<ProofVerdict> {
  const proof = parseProof(text);
  if (typeof proof === 'string') return failedProof(IS_PROOF, proof);
  try {
    const { trust, genesis } = await readTrust();
    return await checkProof(proof, trust, genesis);
  } catch (error) {
    if (!isReadError(error)) throw error;
    return failedProof('What it is checked with could be read', error.message);
  }
}

function Verdict(props: { readonly verdict: ProofVerdict }) {
  const { checks, proven, unproven } = props.verdict;
  return (
    <>
      <CheckList checks={checks} />
      {proven !== null && <ProvenCard proven={proven} />}
      {proven !== null && unproven.length > 0 && (
        <p class="quiet break">
          Said by the file and proven by nothing: <code>{unproven.join(', ')}</code>
        </p>
      )}
    </>
  );
}

/** Checks what `Proof of inclusion` on a command's page saves. */
export function ProofTool() {
  const [text, setText] = useState('');
  /** With the text that it is about: above another one it is not shown. */
  const [held, setHeld] = useState<{ readonly text: string; readonly verdict: ProofVerdict }>();
  const check = async (event: Event) => {
    event.preventDefault();
    setHeld(undefined);
    setHeld({ text, verdict: await verdictOf(text) });
  };
  const take = (taken: string) => {
    setHeld(undefined);
    setText(taken);
  };
  const onFile = async (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    const file = input.files?.[0];
    if (file === undefined) return;
    const isTooLarge = file.size > PROOF_CHARACTERS_MAX;
    take(isTooLarge ? '' : await file.text());
    // The same file, changed meanwhile, can be opened again.
    input.value = '';
    if (!isTooLarge) return;
    setHeld({ text: '', verdict: failedProof(IS_PROOF, 'the file is too large for a proof') });
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
            onInput={(event) => take(event.currentTarget.value)}
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
      {held?.text === text && <Verdict verdict={held.verdict} />}
    </section>
  );
}
