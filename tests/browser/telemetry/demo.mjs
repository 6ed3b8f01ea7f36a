// Aim: in a real browser, on a site whose nginx is set up as we say, the page of deploy/agent/ sends a result once, also
// when it is closed meanwhile, and sends nothing if its visitor objects.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertAccessible, assertFits, closeBrowser, facts, open } from "../stage.mjs";

const { origin, agent } = facts;
const PATH = "/api/telemetry";

after(closeBrowser);

// Opens the page and notes the submissions that it makes.
async function openDemo(t, options) {
  const page = await open(t, origin, options);
  const keys = [];
  page.on("request", (request) => {
    if (new URL(request.url()).pathname === PATH) keys.push(request.headers()["idempotency-key"]);
  });
  return { page, keys };
}

async function send(page) {
  await page.getByRole("button", { name: "Send it" }).click();
}

async function outcome(page) {
  const sent = page.locator("#sent[data-outcome]");
  await sent.waitFor();
  return sent.getAttribute("data-outcome");
}

test("a result is kept, and the page says who runs the server", async (t) => {
  const { page, keys } = await openDemo(t);
  await page.goto("/telemetry-demo.html");
  await page.getByRole("link", { name: "Example ISP, Example City" }).waitFor();
  await send(page);
  assert.equal(await outcome(page), "kept");
  assert.match(await page.locator("#sent").innerText(), /^Kept as isp_\d+_\d+$/);
  assert.equal(keys.length, 1);
  assert.match(keys[0], /^[0-9a-f]{32}$/);
  await assertAccessible(page, "the demonstration page");
  await assertFits(page, "the demonstration page");
});

test("what fails is sent again under the same key", async (t) => {
  const expected = ["on the console: Failed to load resource: net::ERR_CONNECTION_RESET"];
  const { page, keys } = await openDemo(t, { expected });
  await page.route(`**${PATH}`, (route) => route.abort("connectionreset"), { times: 1 });
  await page.goto("/telemetry-demo.html");
  await send(page);
  assert.equal(await outcome(page), "kept");
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
});

test("a page that is left while it waits has its result delivered", async (t) => {
  const expected = ["on the console: Failed to load resource: the server responded with a status of 503 (Service Unavailable)"];
  const { page, keys } = await openDemo(t, { expected });
  const later = { status: 503, headers: { "Retry-After": "60" } };
  const refused = page.waitForResponse((response) => response.status() === 503);
  await page.route(`**${PATH}`, (route) => route.fulfill(later), { times: 1 });
  await page.goto("/telemetry-demo.html");
  await send(page);
  await refused;
  // The answer has to reach the script.
  await page.evaluate(() => new Promise((resolve) => { setTimeout(resolve, 100); }));
  assert.equal(keys.length, 1);
  await page.goto(`${origin}/telemetry.js`);
});

test("a visitor who objects sends nothing, and is remembered", async (t) => {
  const { page, keys } = await openDemo(t);
  await page.goto("/telemetry-demo.html");
  await page.getByLabel("Do not send my results").check();
  await send(page);
  assert.equal(await outcome(page), "opted-out");
  await page.reload();
  assert.ok(await page.getByLabel("Do not send my results").isChecked());
  await send(page);
  assert.equal(await outcome(page), "opted-out");
  assert.equal(keys.length, 0);
});

for (const signal of ["globalPrivacyControl", "doNotTrack"]) {
  test(`${signal} is an objection`, async (t) => {
    const { page, keys } = await openDemo(t);
    await page.addInitScript((name) => {
      Object.defineProperty(navigator, name, { get: () => (name === "doNotTrack" ? "1" : true) });
    }, signal);
    await page.goto("/telemetry-demo.html");
    await send(page);
    assert.equal(await outcome(page), "opted-out");
    assert.equal(keys.length, 0);
  });
}

// The last test: three visitors of those above did not object.
test("each result was kept once", async () => {
  const deadline = Date.now() + 10_000;
  let rows;
  do {
    ({ history: { rows } } = await (await fetch(`${agent}/api/health`)).json());
  } while (rows < 3 && Date.now() < deadline);
  assert.equal(rows, 3);
});
