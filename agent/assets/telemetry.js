/*! Bufferlake telemetry.js, Apache-2.0: sends the result of a bufferbloat test to the provider's own agent.
 *
 *  <script src="/telemetry.js" defer></script>
 *  BufferlakeTelemetry.submit(result).then(function (sent) { console.log(sent.outcome, sent.testId); });
 *
 * Nothing is sent if the visitor objects: by Do Not Track or Global Privacy Control, by BufferlakeTelemetry.optOut(true),
 * or by telemetry_enabled: false in the result. Nothing here throws or rejects, sets a cookie, or sends a result twice.
 */
(function (window) {
  'use strict';

  if (window.BufferlakeTelemetry) return;

  // The agent takes the same result for ten minutes as one; the last attempt begins well within them.
  var MAX_ELAPSED_MS = 480000;
  var MAX_ATTEMPTS = 8;
  var FIRST_PAUSE_MS = 1000;
  var LONGEST_PAUSE_MS = 120000;
  // The agent waits at most ten seconds for its disk.
  var ANSWER_TIMEOUT_MS = 20000;
  // Browsers refuse longer bodies for requests that outlive their page.
  var MAX_KEEPALIVE_CHARS = 20000;
  var OPT_OUT_KEY = 'bufferlake-telemetry-opt-out';

  var script = window.document && window.document.currentScript;
  // Results that were handed in, with what became of them: the same object again is the same result.
  var known = typeof WeakMap === 'function' ? new WeakMap() : null;

  function nothing() {}

  /** True if the visitor objects to telemetry. */
  function optedOut() {
    try {
      var navigator = window.navigator || {};
      var doNotTrack = navigator.doNotTrack || window.doNotTrack || navigator.msDoNotTrack;
      if (doNotTrack === '1' || doNotTrack === 'yes' || navigator.globalPrivacyControl === true) return true;
    } catch (_) {
      return true;
    }
    try {
      return window.localStorage.getItem(OPT_OUT_KEY) === '1';
    } catch (_) {
      return false; // No storage, no remembered choice.
    }
  }

  /** Remembers in this browser whether the visitor objects. */
  function optOut(objects) {
    try {
      if (objects) window.localStorage.setItem(OPT_OUT_KEY, '1');
      else window.localStorage.removeItem(OPT_OUT_KEY);
    } catch (_) {
      return false;
    }
    return true;
  }

  /** A name that no other result has; random, so that it says nothing of the visitor. */
  function newKey() {
    var bytes = new Uint8Array(16);
    window.crypto.getRandomValues(bytes);
    return Array.prototype.map.call(bytes, function (b) { return ('0' + b.toString(16)).slice(-2); }).join('');
  }

  /** The body: a whole submission as it is, or bare results in one. */
  function bodyOf(result) {
    var whole = result && typeof result === 'object' && result.results;
    if (!result || typeof result !== 'object') return null;
    if (whole) return JSON.stringify(result);
    return JSON.stringify({ telemetry_enabled: true, timestamp: new Date().toISOString(), results: result });
  }

  /** Retry-After in ms: seconds, or a date. */
  function asked(response) {
    var text = response.headers && response.headers.get('Retry-After');
    if (!text) return 0;
    var ms = /^\s*\d+\s*$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
    return ms > 0 ? ms : 0;
  }

  function mayTryAgain(status) {
    return status === 408 || status === 425 || status === 429 || status >= 500;
  }

  /** One result on its way: calls `done` once with what became of it. */
  function deliver(endpoint, body, done) {
    var headers = { 'Content-Type': 'application/json', 'Idempotency-Key': newKey() };
    var began = Date.now();
    var attempts = 0;
    var underWay = false;
    var timer = null;

    function end(outcome, status, testId) {
      window.clearTimeout(timer);
      window.removeEventListener('pagehide', hurry);
      done({ outcome: outcome, status: status || null, testId: testId || null, attempts: attempts });
    }

    function again(status, atLeastMs) {
      // Full jitter, doubling: many pages whose agent was away do not come back at once.
      var ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * Math.pow(2, attempts - 1));
      var pause = Math.max(atLeastMs, Math.random() * ceiling);
      if (attempts >= MAX_ATTEMPTS || Date.now() - began + pause > MAX_ELAPSED_MS) return end('given-up', status);
      timer = window.setTimeout(attempt, pause);
    }

    function attempt() {
      window.clearTimeout(timer);
      // A machine that slept, or a page that was left and came back: the agent may have forgotten the key by now.
      if (Date.now() - began > MAX_ELAPSED_MS) return end('given-up');
      var aborted = typeof AbortController === 'function' ? new AbortController() : null;
      attempts += 1;
      underWay = true;
      var limit = window.setTimeout(function () { if (aborted) aborted.abort(); }, ANSWER_TIMEOUT_MS);
      var options = {
        method: 'POST', headers: headers, body: body, mode: 'cors', cache: 'no-store',
        credentials: 'omit', referrerPolicy: 'no-referrer',
        // A page that is closed now still gets its result delivered.
        keepalive: body.length <= MAX_KEEPALIVE_CHARS
      };
      if (aborted) options.signal = aborted.signal;
      new Promise(function (resolve) { resolve(window.fetch(endpoint, options)); }).then(function (response) {
        if (response.ok) {
          return response.json().catch(nothing).then(function (answer) {
            var testId = answer && answer.test_id;
            end(answer && answer.success && !testId ? 'opted-out' : 'kept', response.status, testId);
          });
        }
        if (!mayTryAgain(response.status)) return end('refused', response.status);
        return again(response.status, asked(response));
      }).catch(function () { again(null, 0); }).then(function () {
        underWay = false;
        window.clearTimeout(limit);
      });
    }

    // The page goes: what waits for its next attempt takes it now. It has the same key, so it stays one result.
    function hurry() {
      if (!underWay) attempt();
    }

    window.addEventListener('pagehide', hurry);
    attempt();
  }

  /**
   * Sends a result: a whole submission ({ results: … }), or the results alone ({ test_type, grades, metrics, … }).
   * options.endpoint  where to; else the script's data-endpoint, else /api/telemetry of the page's own site
   * options.optOut    true: the visitor objects, nothing is sent; the same as data-opt-out="true" on the script
   * Resolves to { outcome, status, testId, attempts }, outcome being one of:
   *   kept, opted-out, refused (for good; status says why), given-up (not delivered in eight minutes), invalid, unsupported
   */
  function submit(result, options) {
    var ended = function (outcome) { return { outcome: outcome, status: null, testId: null, attempts: 0 }; };
    var data = (script && script.dataset) || {};
    try {
      var optional = options || {};
      if (known && result && typeof result === 'object' && known.has(result)) return known.get(result);
      if (optional.optOut || data.optOut === 'true' || optedOut() || (result && result.telemetry_enabled === false)) {
        return Promise.resolve(ended('opted-out'));
      }
      if (typeof window.fetch !== 'function' || !window.crypto) return Promise.resolve(ended('unsupported'));
      var sent = new Promise(function (resolve) {
        var body = bodyOf(result);
        if (!body) return resolve(ended('invalid'));
        deliver(optional.endpoint || data.endpoint || '/api/telemetry', body, resolve);
      }).catch(function () { return ended('invalid'); });
      if (known && result && typeof result === 'object') known.set(result, sent);
      return sent;
    } catch (_) {
      // Not even promises: something that can be waited for like one.
      return { then: function (f) { if (f) f(ended('unsupported')); return this; }, catch: function () { return this; } };
    }
  }

  window.BufferlakeTelemetry = Object.freeze({ submit: submit, optOut: optOut, optedOut: optedOut });
}(window));
