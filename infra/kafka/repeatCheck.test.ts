import { EventEmitter } from 'node:events';
import type { Producer } from 'kafkajs';
import { expect, it } from 'vitest';
import { createRepeatCheck } from './repeatCheck.js';

function checked() {
  const emitter = new EventEmitter();
  const check = createRepeatCheck({
    events: { REQUEST: 'request' },
    on: (name: string, listener: () => void) => emitter.on(name, listener),
  } as unknown as Producer);
  const answers = (apiName: string, ...brokers: string[]) => {
    for (const broker of brokers) emitter.emit('request', { payload: { apiName, broker } });
  };
  return { check, answers };
}

it('takes one answer of each broker a send, whatever else they answer', () => {
  const { check, answers } = checked();
  for (const broker of ['a', 'b']) {
    check.begin();
    answers('AddPartitionsToTxn', 'a', 'a');
    answers('Produce', 'a', broker === 'a' ? 'c' : 'b');
    check.end();
  }
  expect(check.brokers).toBe(3);
});

it('takes any number of answers of the only broker of a send', () => {
  const { check, answers } = checked();
  answers('Produce', 'b');
  check.begin();
  answers('Produce', 'a', 'a');
  check.end();
});

it('doubts a send that one of the brokers answered twice', () => {
  const { check, answers } = checked();
  check.begin();
  answers('Produce', 'a', 'b', 'a');
  expect(() => check.end()).toThrow(expect.objectContaining({ code: 'inDoubt', retriable: true }));
});
