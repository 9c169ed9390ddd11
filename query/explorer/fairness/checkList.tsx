import type { Check } from '../verify/check.js';
import { Icon } from '../widgets/icons.js';

/** A verdict, which is PASS when every step holds, and the steps. */
export function CheckList(props: { readonly checks: readonly Check[] }) {
  const { checks } = props;
  const passed = checks.length > 0 && checks.every((check) => check.passed);
  return (
    <>
      <p class={`verdict ${passed ? 'pass' : 'fail'}`} role="status">
        {passed ? 'PASS' : 'FAIL'}
      </p>
      <ul class="checks">
        {checks
          .map((check, place) => ({ ...check, place }))
          .map((check) => (
            <li key={check.place} class={check.passed ? 'pass' : 'fail'}>
              {check.passed ? <Icon name="done" /> : <b>✕</b>}
              <span>
                {check.name}
                {check.detail !== '' && <code>{check.detail}</code>}
              </span>
            </li>
          ))}
      </ul>
    </>
  );
}
