import { expect, it } from 'vitest';
import { openKeyUse } from './keyUse.js';

it('tells other tabs of the same account alone, and nothing that is no command', async () => {
  const heard: string[] = [];
  const uses = ['own', 'other', 'stranger'].map((name) =>
    openKeyUse(name === 'stranger' ? 'bb' : 'aa', (used) => {
      heard.push(`${name} ${used.height} ${used.commandId}`);
    }),
  );
  const newer = new BroadcastChannel('nullspace.key-use.aa');
  const commandId = 'ab'.repeat(32);
  for (const other of [4, null, { height: 4 }, { commandId, height: -1 }, { commandId: 7 }]) {
    newer.postMessage(other);
  }
  newer.postMessage({ commandId: `${commandId}cd`, height: 4 });
  uses[0]?.tell({ commandId, height: 5 });
  await expect.poll(() => heard).toEqual([`other 5 ${commandId}`]);
  newer.close();
  for (const use of uses) use.close();
});
