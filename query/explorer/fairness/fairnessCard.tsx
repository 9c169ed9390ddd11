import { useState } from 'preact/hooks';
import { isReadError } from '../../../command/client/readerError.js';
import { loadCode, loadCodeAgain } from '../api/loadCode.js';
import type { Check } from '../verify/check.js';
import { Icon } from '../widgets/icons.js';
import { NotLoaded } from '../widgets/notLoaded.js';
import { CheckList } from './checkList.js';

/** Recomputes a command's outcome in this browser when asked to; its code is loaded then. */
export function FairnessCard(props: { readonly id: string }) {
  const [checks, setChecks] = useState<readonly Check[] | null>(null);
  const [busy, setBusy] = useState(false);
  /** What was to be run when its code did not come. */
  const [missed, setMissed] = useState<{ readonly alter: boolean } | null>(null);
  const run = async (alter: boolean) => {
    setBusy(true);
    setChecks(null);
    setMissed(null);
    try {
      const load = () => import('./checkCommand.js');
      const code = await (missed === null ? loadCode(load) : loadCodeAgain(load));
      if (code === null) return setMissed({ alter });
      setChecks(await code.checkCommand(props.id, alter));
    } catch (error) {
      if (!isReadError(error)) throw error;
      setChecks([{ name: 'The data could be read', passed: false, detail: error.message }]);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="card" id="fairness">
      <h2>
        <Icon name="shield" /> Fairness check
      </h2>
      <p class="quiet">
        Recomputed in this browser from public data and the validators’ keys of genesis, with code
        that shares nothing with the engine.
      </p>
      <p class="buttons">
        <button type="button" disabled={busy} onClick={() => run(false)}>
          Check this command
        </button>
        <button type="button" class="second" disabled={busy} onClick={() => run(true)}>
          Check an altered copy
        </button>
      </p>
      {busy && <p class="loading">Checking…</p>}
      {missed !== null && (
        <NotLoaded what="The code of the check" again={() => run(missed.alter)} />
      )}
      {checks !== null && <CheckList checks={checks} />}
    </section>
  );
}
