import { expect, test } from 'vitest';
import { loadConfig } from '../src/config.ts';

const load = (env: NodeJS.ProcessEnv) => loadConfig({ HOME: '/home/ada', ...env });
const place = (url: string, more: NodeJS.ProcessEnv = {}) => load({ BELAY_ARTIFACTS_URL: url, ...more }).artifacts;

test('hosts have nothing in common unless it is said where', () => {
  expect(load({ AWS_REGION: 'eu-central-1', AWS_ENDPOINT_URL: 'https://s3.example.com' }).artifacts).toBeUndefined();
});

test('a folder is named by its address, a store by its bucket and what keys begin with', () => {
  expect(place('file:///mnt/belay%20files')).toEqual({ folder: '/mnt/belay files' });
  expect(place('s3://belay')).toEqual({ bucket: 'belay', prefix: '' });
  expect(place('s3://belay/')).toEqual({ bucket: 'belay', prefix: '' });
  expect(place('s3://my.bucket-1/team/a/')).toEqual({ bucket: 'my.bucket-1', prefix: 'team/a' });
});

test.each([
  '/mnt/belay',
  'file://mnt/belay',
  'file:///mnt/belay?x',
  'file:///a%2Fb',
  's3://',
  's3://B',
  's3://belay//x',
  's3://belay/../x',
  's3://belay/a b',
  's3://belay/x?y',
  'S3://belay',
  'https://belay.s3.amazonaws.com/x',
])('%j is no such place, and the error says what is', (url) => {
  const allowed = 'must be file:/// with an absolute path, or s3://bucket or s3://bucket/prefix';
  expect(() => place(url)).toThrow(`BELAY_ARTIFACTS_URL is '${url}': ${allowed}`);
});

test('a store of one’s own has its address and its key by the names that the SDK knows', () => {
  const key = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'wJalr', AWS_SESSION_TOKEN: 'FwoG' };
  const config = load({
    BELAY_ARTIFACTS_URL: 's3://belay',
    AWS_ENDPOINT_URL: 'http://all:9',
    AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9',
    ...key,
  });
  expect(config.artifacts).toMatchObject({
    bucket: 'belay',
    prefix: '',
    endpoint: 'http://127.0.0.1:9',
    region: 'us-east-1',
    credentials: {
      accessKeyId: config.secrets.AWS_ACCESS_KEY_ID,
      secretAccessKey: config.secrets.AWS_SECRET_ACCESS_KEY,
      sessionToken: config.secrets.AWS_SESSION_TOKEN,
    },
  });
  expect(Object.values(config.secrets).map((secret) => secret.current())).toEqual(['AKIA', 'wJalr', 'FwoG']);
  expect(place('s3://belay', { AWS_REGION: 'eu-central-1' })).toEqual({ bucket: 'belay', prefix: '', region: 'eu-central-1' });
});

test('what agents are told of their run is no setting of a Belay that they start', () => {
  expect(load({ BELAY_RUN_ID: '0k3v9x2a', BELAY_PHASE: 'test', BELAY_STEP: '7' }).warnings).toEqual([]);
});
