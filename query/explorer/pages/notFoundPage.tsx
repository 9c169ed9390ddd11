import { useTitle } from '../router.js';

export function NotFoundPage(props: { readonly path: string }) {
  useTitle('Not found');
  return (
    <div class="card missing">
      <h1>There is no such page</h1>
      <p>
        Nothing stands at <code>{props.path}</code>.
      </p>
      <p>
        Search for a height, a block, a command or an account, or go to the{' '}
        <a href="/">newest blocks</a>.
      </p>
    </div>
  );
}
