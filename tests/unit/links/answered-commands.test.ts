import { describe, expect, it } from 'vitest';
import { ANSWERED_MAX, AnsweredCommands } from '../../../src/links/answered-commands.ts';
import type { Receipt } from '../../../src/record/command.ts';

describe('answered commands', () => {
  it('carries out each id once, also while the first is under way, and forgets the oldest', async () => {
    const answered = new AnsweredCommands();
    const carriedOut: string[] = [];
    const send = (id: string): Promise<Receipt> =>
      answered.once(id, async () => {
        carriedOut.push(id);
        return { commandId: id, accepted: true, detail: `${carriedOut.length}`, asked: {}, sent: {} };
      });
    const [first, again] = await Promise.all([send('a'), send('a')]);
    expect(again).toEqual(first);
    expect(carriedOut).toEqual(['a']);
    for (let count = 0; count < ANSWERED_MAX; count += 1) await send(`b${count}`);
    await send('a');
    await send(`b${ANSWERED_MAX - 1}`);
    expect(carriedOut.filter((id) => id === 'a')).toHaveLength(2);
    expect(carriedOut).toHaveLength(ANSWERED_MAX + 2);
  });
});
