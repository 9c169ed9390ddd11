import { useState } from 'preact/hooks';
import { decode, framedName } from '../../../schemas/codec/codec.js';
import { parseHex } from '../../../schemas/kernel/bytes.js';
import { plainJson } from '../fairness/plainJson.js';

interface Decoding {
  readonly title: string;
  readonly text: string;
  readonly ok: boolean;
}

/** What a framed record says. */
function describe(hex: string): Decoding {
  const bytes = parseHex(hex.replace(/\s|0x/g, ''));
  if (bytes === null) return { ok: false, title: 'Not hex', text: 'whole bytes, two digits each' };
  const name = framedName(bytes);
  if (name === null) {
    const text = 'a frame is a zero byte, the schema id as four bytes, and the Avro body';
    return { ok: false, title: 'Not a framed record', text };
  }
  const decoded = decode(name, bytes);
  if (!decoded.ok) return { ok: false, title: `Not a ${name}`, text: decoded.reason };
  return { ok: true, title: name, text: plainJson(decoded.value, 2) };
}

export function DecodeTool() {
  const [hex, setHex] = useState('');
  const decoding = hex.trim() === '' ? null : describe(hex.trim());
  return (
    <section class="card">
      <h2>Decode bytes</h2>
      <label>
        Hex of any framed record: an event, a certificate, a block, a state leaf
        <textarea
          rows={3}
          spellcheck={false}
          value={hex}
          onInput={(event) => setHex(event.currentTarget.value)}
        />
      </label>
      {decoding !== null && (
        <div role="status">
          <h3 class={decoding.ok ? '' : 'less'}>{decoding.title}</h3>
          <pre>{decoding.text}</pre>
        </div>
      )}
    </section>
  );
}
