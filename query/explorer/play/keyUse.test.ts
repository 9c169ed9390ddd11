import { expect, it } from 'vitest';
import { openKeyUse } from './keyUse.js';

it('tells other tabs of the same account alone, and nothing that is no height', async () => {
  const heard: string[] = [];
  const uses = ['own', 'other', 'stranger'].map((name) =>
    openKeyUse(name === 'stranger' ? 'bb' : 'aa', (height) => heard.push(`${name} ${height}`)),
  );
  const newer = new BroadcastChannel('nullspace.key-use.aa');
  newer.postMessage({ height: 4 });
  newer.postMessage(-1);
  uses[0]?.tell(5);
  await expect.poll(() => heard).toEqual(['other 5']);
  newer.close();
  for (const use of uses) use.close();
});
