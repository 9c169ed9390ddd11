import { useTitle } from '../router.js';
import { DecodeTool } from '../tools/decodeTool.js';
import { ProofTool } from '../tools/proofTool.js';
import { RecomputeTool } from '../tools/recomputeTool.js';

/** What a doubter needs; everything runs in this browser. */
export function ToolsPage() {
  useTitle('Tools');
  return (
    <>
      <h1>Tools</h1>
      <p class="quiet">
        All of this is computed in this browser. The same rules stand in words in the engine’s
        documentation, and any HMAC tool gives the same numbers.
      </p>
      <ProofTool />
      <RecomputeTool />
      <DecodeTool />
      <section class="card">
        <h2>For programs</h2>
        <ul>
          <li>
            <a href="/openapi.json">OpenAPI document</a> of every path of the read API
          </li>
          <li>
            <a href="/genesis">Genesis</a>: the validators’ keys, the assets and the rules; its hash
            is the chain id
          </li>
          <li>
            Live feed: a WebSocket on <code>/feed</code>, resumable from any height with{' '}
            <code>?from=HEIGHT&amp;topics=blocks,commands</code>
          </li>
          <li>
            Avro schemas on <code>/schemas/ids/ID</code>, as a schema registry answers them
          </li>
        </ul>
      </section>
    </>
  );
}
