import { describe, expect, it } from 'vitest';
import { isOwnWorkerUrl } from '../../../src/platform/trusted-types.ts';

const ORIGIN = 'http://localhost:4791';

describe('worker URLs of the build', () => {
  it.each([
    `${ORIGIN}/assets/recorder-Ab3_x-9Q.js`,
    `${ORIGIN}/assets/conductor.js`,
    '/service-worker.js',
    '/workers/instrument.ts',
  ])('lets %s through', (url) => expect(isOwnWorkerUrl(url, ORIGIN)).toBe(true));

  it.each([
    'http://localhost:4792/assets/recorder-12345678.js',
    'https://localhost:4791/assets/recorder-12345678.js',
    '//evil.example/assets/recorder-12345678.js',
    '/assets/other-12345678.js',
    '/assets/recorder.js',
    '/assets/../uploads/recorder-12345678.js',
    '/assets/recorder-12345678.js/../../x.js',
    'data:text/javascript,1',
    'blob:http://localhost:4791/assets/recorder-12345678.js',
    'javascript:1',
    '',
    'http://[',
  ])('refuses %s', (url) => expect(isOwnWorkerUrl(url, ORIGIN)).toBe(false));
});
