// A browser as telemetry.js sees it, whose clock, network and visitor belong to the test.
import { readFileSync } from 'node:fs';
import vm from 'node:vm';

const SCRIPT = readFileSync(new URL('../../agent/assets/telemetry.js', import.meta.url), 'utf8');

/** An answer of the agent. */
export function answer(status, body = {}, headers = {}) {
  const named = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    status,
    ok: status >= 200 && status < 300,
    headers: { get: (name) => named.get(name.toLowerCase()) ?? null },
    json: async () => body,
  };
}

export const KEPT = answer(200, { success: true, test_id: 'isp_1_1' });

/**
 * Loads the script into a page. `answers` are given one after the other, the last one again and again: an answer, an
 * Error (no connection), or 'never'. `page` overrides parts of the window.
 */
export function open(answers, page = {}) {
  let now = Date.UTC(2026, 10, 25);
  let nextTimer = 1;
  const timers = new Map();
  const listeners = new Map();
  const storage = new Map();
  const requests = [];
  const pauses = [];

  class ClockDate extends Date {
    constructor(...given) { super(...(given.length ? given : [now])); }
    static now() { return now; }
  }

  const window = {
    navigator: {},
    document: { currentScript: { dataset: {} } },
    localStorage: {
      getItem: (key) => storage.get(key) ?? null,
      setItem: (key, value) => storage.set(key, value),
      removeItem: (key) => storage.delete(key),
    },
    crypto: globalThis.crypto,
    setTimeout(f, ms) { timers.set(nextTimer, { f, at: now + ms, ms }); return nextTimer++; },
    clearTimeout(id) { timers.delete(id); },
    addEventListener(name, f) { listeners.set(name, [...(listeners.get(name) ?? []), f]); },
    removeEventListener(name, f) { listeners.set(name, (listeners.get(name) ?? []).filter((known) => known !== f)); },
    fetch(url, options) {
      const given = answers[Math.min(requests.length, answers.length - 1)];
      requests.push({ url, ...options, at: now });
      if (given === 'never') {
        return new Promise((_, reject) => {
          options.signal.addEventListener('abort', () => reject(new Error('aborted')));
        });
      }
      return given instanceof Error ? Promise.reject(given) : Promise.resolve(given);
    },
    ...page,
  };
  const context = vm.createContext({
    window, Date: ClockDate, Math, AbortController, Uint8Array, WeakMap, Promise, JSON, Object, Array, Number,
  });
  vm.runInContext(SCRIPT, context);

  const settle = async () => { for (let turn = 0; turn < 30; turn += 1) await Promise.resolve(); };
  return {
    window,
    telemetry: window.BufferlakeTelemetry,
    requests,
    pauses,
    settle,
    storage,
    listening: (name) => (listeners.get(name) ?? []).length,
    fire: async (name) => { for (const f of listeners.get(name) ?? []) f(); await settle(); },
    /** Lets this many milliseconds pass without anything happening: a machine asleep. */
    sleep: (ms) => { now += ms; },
    /** Runs timers until none is left that is due within `ms`. */
    async pass(ms = Infinity) {
      const end = now + ms;
      await settle();
      for (;;) {
        const due = [...timers].sort(([, a], [, b]) => a.at - b.at)[0];
        if (!due || due[1].at > end) break;
        timers.delete(due[0]);
        now = Math.max(now, due[1].at);
        pauses.push(due[1].ms);
        due[1].f();
        await settle();
      }
      if (end !== Infinity) now = Math.max(now, end);
    },
    timers: () => timers.size,
  };
}
