import { describe, expect, test } from 'vitest';
import { commandIn } from '../../src/triggers/comment-command.ts';

describe('a comment', () => {
  test.each([
    ['/belay run', { name: 'run' }],
    ['/belay run planBuild', { name: 'run', pipeline: 'planBuild' }],
    ['/belay run planbuild engine=scripted model=sonnet', { name: 'run', pipeline: 'planBuild', engine: 'scripted', model: 'sonnet' }],
    ['/belay RUN model=claude-opus-4.5[1m]', { name: 'run', model: 'claude-opus-4.5[1m]' }],
    ['/belay plan', { name: 'run', pipeline: 'plan' }],
    ['/belay approve', { name: 'approve' }],
    ['/belay approve 0123456789ab', { name: 'approve', hash: '0123456789ab' }],
    ['/belay reject keep the  alias', { name: 'reject', reason: 'keep the alias' }],
    ['/belay cancel', { name: 'cancel' }],
    ['/belay cancel not now', { name: 'cancel', reason: 'not now' }],
    ['/belay retry', { name: 'retry' }],
    ['/belay retry review', { name: 'retry', phase: 'review' }],
    ['/belay status', { name: 'status' }],
    ['/belay help', { name: 'help' }],
    ['/belay', { name: 'help' }],
    ['/Belay status  ', { name: 'status' }],
    ['Thanks!\r\n\r\n/belay status\r\n/belay cancel', { name: 'status' }],
  ])('that says %j asks for %j', (body, command) => {
    expect(commandIn(body)).toEqual(command);
  });

  test.each([
    [''],
    ['Thanks.'],
    ['Say /belay run to begin'],
    [' /belay run'],
    ['> /belay run'],
    ['/belayrun'],
    ['```\n/belay run\n```'],
    ['~~~sh\n/belay cancel\n~~~\nthanks'],
  ])('that says %j asks for nothing', (body) => {
    expect(commandIn(body)).toBeUndefined();
  });

  test.each([
    ['/belay deploy', 'There is no command `deploy`.'],
    ['/belay run everything', '`everything` is no pipeline'],
    ['/belay run engine=gpt', '`engine=gpt` names no engine'],
    ['/belay run model=--dangerously-skip-permissions', 'is not the name of a model'],
    ['/belay run model=a;b', 'is not the name of a model'],
    ['/belay reject', '`reject` wants the reason'],
    ['/belay retry everything', '`everything` is no phase'],
    ['/belay approve please', '`please` is not a hash'],
    ['/belay constructor', 'There is no command `constructor`.'],
    ['/belay `x`', "There is no command `'x'`."],
  ])('that says %j gets help', (body, problem) => {
    expect(commandIn(body)).toEqual({ name: 'help', problem: expect.stringContaining(problem) as unknown });
  });
});
