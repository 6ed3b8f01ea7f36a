// telemetry.js: a result arrives once or not at all, the visitor's will is done, and the page never notices.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { KEPT, answer, open } from './browser.mjs';

const RESULT = { test_type: 'single', grades: { overall: 'B' }, metrics: { baseline_latency_ms: 20 } };
const LOST = new TypeError('Failed to fetch');
/** The agent takes the same key for so long as one result (intake::retries::RETRY_WINDOW_S). */
const RETRY_WINDOW_MS = 600_000;

/** Hands the result in and lets everything happen. */
async function submit(browser, result = RESULT, options = undefined) {
  const sent = browser.telemetry.submit(result, options);
  await browser.pass();
  return sent;
}

// Aim: a good result goes out once, as the agent wants it.
test('a result is sent and kept', async () => {
  const browser = open([KEPT]);
  const sent = await submit(browser);
  assert.deepEqual({ ...sent }, { outcome: 'kept', status: 200, testId: 'isp_1_1', attempts: 1 });
  assert.equal(browser.requests.length, 1);
  const [request] = browser.requests;
  assert.equal(request.url, '/api/telemetry');
  assert.equal(request.method, 'POST');
  assert.equal(request.headers['Content-Type'], 'application/json');
  assert.match(request.headers['Idempotency-Key'], /^[0-9a-f]{32}$/);
  assert.equal(request.keepalive, true);
  assert.equal(request.credentials, 'omit');
  const body = JSON.parse(request.body);
  assert.equal(body.telemetry_enabled, true);
  assert.deepEqual(body.results, RESULT);
  assert.ok(Date.parse(body.timestamp) > 0);
  assert.equal(browser.listening('pagehide'), 0, 'it still listens');
  assert.equal(browser.timers(), 0, 'it still waits');
});

test('a whole submission goes out as it is', async () => {
  const browser = open([KEPT]);
  const whole = { telemetry_enabled: true, server_info: { server_name: 'x' }, results: RESULT };
  await submit(browser, whole, { endpoint: 'https://agent.example/api/telemetry' });
  assert.equal(browser.requests[0].body, JSON.stringify(whole));
  assert.equal(browser.requests[0].url, 'https://agent.example/api/telemetry');
});

test('the script element names the endpoint', async () => {
  const browser = open([KEPT], { document: { currentScript: { dataset: { endpoint: '/elsewhere' } } } });
  await submit(browser);
  assert.equal(browser.requests[0].url, '/elsewhere');
});

// Aim: whatever fails on the way, the same bytes go out again under the same key, and each pause is within its bound.
test('what fails is sent again, the same', async () => {
  const browser = open([LOST, answer(503), answer(500), answer(408), KEPT]);
  const sent = await submit(browser);
  assert.equal(sent.outcome, 'kept');
  assert.equal(sent.attempts, 5);
  const first = browser.requests[0];
  for (const request of browser.requests) {
    assert.equal(request.body, first.body);
    assert.equal(request.headers['Idempotency-Key'], first.headers['Idempotency-Key']);
  }
  browser.pauses.forEach((pause, index) => assert.ok(pause <= 1_000 * 2 ** index, `pause ${index}: ${pause} ms`));
});

test('two results have two keys', async () => {
  const browser = open([KEPT]);
  await submit(browser, { ...RESULT });
  await submit(browser, { ...RESULT });
  const keys = browser.requests.map((request) => request.headers['Idempotency-Key']);
  assert.equal(new Set(keys).size, 2);
});

// Aim: it asks no more often than the agent wishes, whether that is said in seconds or as a date.
test('Retry-After is honoured', async () => {
  for (const wish of ['7', new Date(Date.UTC(2026, 10, 25) + 7_000).toUTCString()]) {
    const browser = open([answer(429, {}, { 'Retry-After': wish }), KEPT]);
    const sent = await submit(browser);
    assert.equal(sent.outcome, 'kept');
    assert.equal(browser.requests[1].at - browser.requests[0].at, 7_000, wish);
  }
});

test('an agent that wishes to be left alone for longer than a key lasts is given up', async () => {
  const browser = open([answer(503, {}, { 'Retry-After': '3600' })]);
  assert.equal((await submit(browser)).outcome, 'given-up');
  assert.equal(browser.requests.length, 1);
});

test('what is refused for good is not sent again', async () => {
  for (const status of [400, 401, 403, 404, 405, 413, 415, 422]) {
    const browser = open([answer(status), KEPT]);
    const sent = await submit(browser);
    assert.deepEqual([sent.outcome, sent.status], ['refused', status]);
    assert.equal(browser.requests.length, 1, `status ${status}`);
  }
});

// Aim: it does not try for ever, and never at a time at which the agent could have forgotten the key.
test('attempts are bounded in number and time', async () => {
  for (const fate of [LOST, answer(503), 'never', answer(503, {}, { 'Retry-After': '100' })]) {
    const browser = open([fate]);
    const sent = await submit(browser);
    assert.equal(sent.outcome, 'given-up');
    assert.ok(browser.requests.length >= 2 && browser.requests.length <= 8, `${browser.requests.length} attempts`);
    const last = browser.requests.at(-1).at - browser.requests[0].at;
    assert.ok(last < RETRY_WINDOW_MS - 60_000, `the last attempt began after ${last} ms`);
    assert.equal(browser.listening('pagehide'), 0);
  }
});

test('a machine that slept sends nothing after its key has expired', async () => {
  const browser = open([LOST]);
  const sent = browser.telemetry.submit(RESULT);
  await browser.settle();
  browser.sleep(RETRY_WINDOW_MS);
  await browser.pass();
  assert.equal((await sent).outcome, 'given-up');
  assert.equal(browser.requests.length, 1);
});

// Aim: closing the page neither loses a result that waits for its next attempt nor sends one twice that is under way.
test('a page that is closed sends at once what waits', async () => {
  const browser = open([answer(503, {}, { 'Retry-After': '60' }), KEPT]);
  const sent = browser.telemetry.submit(RESULT);
  await browser.settle();
  assert.equal(browser.requests.length, 1);
  await browser.fire('pagehide');
  assert.equal(browser.requests.length, 2);
  assert.equal(browser.requests[1].keepalive, true);
  assert.equal(browser.requests[1].headers['Idempotency-Key'], browser.requests[0].headers['Idempotency-Key']);
  assert.equal((await sent).outcome, 'kept');
  await browser.pass();
  assert.equal(browser.requests.length, 2, 'the timer of the second attempt still ran');
});

test('a page that is closed leaves alone what is under way', async () => {
  const browser = open(['never']);
  browser.telemetry.submit(RESULT);
  await browser.settle();
  await browser.fire('pagehide');
  assert.equal(browser.requests.length, 1);
});

test('a body that is too long to outlive its page is sent all the same', async () => {
  const browser = open([KEPT]);
  await submit(browser, { ...RESULT, comment: 'x'.repeat(30_000) });
  assert.equal(browser.requests[0].keepalive, false);
});

// Aim: handing the same result in again, at the same time or later, sends nothing more.
test('the same result is sent once', async () => {
  const browser = open([KEPT]);
  const result = { ...RESULT };
  const both = [browser.telemetry.submit(result), browser.telemetry.submit(result)];
  await browser.pass();
  const sent = [...(await Promise.all(both)), await submit(browser, result)];
  assert.deepEqual(sent.map((each) => each.outcome), ['kept', 'kept', 'kept']);
  assert.equal(browser.requests.length, 1);
});

// Aim: each way of objecting is enough, and then nothing at all leaves the browser.
test('a visitor who objects is left alone', async () => {
  const pages = [
    [{ navigator: { doNotTrack: '1' } }],
    [{ navigator: { globalPrivacyControl: true } }],
    [{ doNotTrack: '1' }],
    [{ document: { currentScript: { dataset: { optOut: 'true' } } } }],
    [{}, RESULT, { optOut: true }],
    [{}, { telemetry_enabled: false, results: RESULT }],
    [{ get navigator() { throw new Error('no'); } }],
  ];
  for (const [page, result, options] of pages) {
    const browser = open([KEPT]);
    Object.defineProperties(browser.window, Object.getOwnPropertyDescriptors(page));
    const again = page.document ? open([KEPT], page) : browser;
    assert.equal((await submit(again, result ?? { ...RESULT }, options)).outcome, 'opted-out');
    assert.equal(again.requests.length, 0);
  }
});

test('an objection is remembered and can be taken back', async () => {
  const browser = open([KEPT]);
  const result = { ...RESULT };
  assert.equal(browser.telemetry.optedOut(), false);
  assert.equal(browser.telemetry.optOut(true), true);
  assert.equal(browser.telemetry.optedOut(), true);
  assert.equal((await submit(browser, result)).outcome, 'opted-out');
  assert.equal(browser.telemetry.optOut(false), true);
  assert.equal((await submit(browser, result)).outcome, 'kept');
  assert.equal(browser.storage.size, 0);
});

test('an agent that was told to keep nothing says so', async () => {
  const browser = open([answer(200, { success: true, test_id: null })]);
  assert.equal((await submit(browser)).outcome, 'opted-out');
});

// Aim: nothing that a page or a browser does makes it throw or reject.
test('it never throws into the page', async () => {
  const circular = {};
  circular.self = circular;
  for (const odd of [undefined, null, 1, 'text', circular, { results: circular }, { toJSON() { throw new Error('no'); } }]) {
    const browser = open([KEPT]);
    // Not by way of the function above, which would put a good result in place of undefined.
    assert.equal((await browser.telemetry.submit(odd)).outcome, 'invalid', String(typeof odd));
    assert.equal(browser.requests.length, 0);
  }
  const broken = { getItem() { throw new Error('no'); }, setItem() { throw new Error('no'); }, removeItem() {} };
  const browsers = [
    [{ fetch: undefined }, 'unsupported'],
    [{ crypto: undefined }, 'unsupported'],
    [{ crypto: { getRandomValues() { throw new Error('no'); } } }, 'invalid'],
    [{ localStorage: broken }, 'kept'],
    [{ localStorage: undefined }, 'kept'],
    [{ document: undefined }, 'kept'],
    [{ fetch() { throw new Error('no'); } }, 'given-up'],
  ];
  for (const [page, outcome] of browsers) {
    const browser = open([KEPT], page);
    assert.equal((await submit(browser, { ...RESULT })).outcome, outcome);
  }
  assert.equal(open([KEPT], { localStorage: broken }).telemetry.optOut(true), false);
  const unreadable = { ...KEPT, json: async () => { throw new SyntaxError('no'); } };
  assert.equal((await submit(open([unreadable]))).outcome, 'kept');
});

test('a page that loads the script twice has it once', () => {
  const browser = open([KEPT]);
  assert.ok(Object.isFrozen(browser.telemetry));
  const taken = open([KEPT], { BufferlakeTelemetry: browser.telemetry });
  assert.equal(taken.telemetry, browser.telemetry);
});
