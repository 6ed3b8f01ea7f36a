// A browser for one test: what its pages may do is bounded, and whatever goes beyond fails the test.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";

// What the Rust test says of the programs that it started.
export const facts = JSON.parse(process.env.BUFFERLAKE_FACTS ?? "{}");

// Longest wait for anything on a page.
const PATIENCE_MS = 15_000;

export const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"];

const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser;

// Opens a page of its own on `origin`. It closes with the test `t`, which fails if anything strange happened but what
// the test says to expect, or if the browser was made to keep something where it may not.
export async function open(
  t, origin, { javaScript = true, width = 1280, height = 900, scheme = "light", mayKeep = true, expected = [] } = {},
) {
  browser ??= await chromium.launch({ executablePath: process.env.BUFFERLAKE_CHROMIUM, headless: true, args: QUIET });
  const context = await browser.newContext({
    baseURL: origin, javaScriptEnabled: javaScript, viewport: { width, height }, colorScheme: scheme,
    reducedMotion: "reduce", timezoneId: "Europe/Berlin", locale: "en-GB",
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const strange = watch(context, origin);
  const page = await context.newPage();
  t.after(async () => {
    const kept = await context.storageState();
    await context.close();
    assert.deepEqual(strange, expected, "nothing strange happens");
    if (!mayKeep) assert.deepEqual(kept, { cookies: [], origins: [] }, "no cookie, and nothing else is kept");
  });
  return page;
}

// Notes whatever the pages of a context do that no page of ours may.
export function watch(context, origin) {
  const strange = [];
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin) strange.push(`a request to ${url.origin}`);
  });
  context.on("page", (page) => {
    page.on("pageerror", (error) => strange.push(`an error of a script: ${error}`));
    page.on("console", (message) => {
      // That a page answers 4xx is said on the console, too; tests look at statuses themselves.
      const isStatus = /^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text());
      if (message.type() === "error" && !isStatus) strange.push(`on the console: ${message.text()}`);
    });
    page.on("dialog", (dialog) => {
      strange.push(`a dialogue: ${dialog.message()}`);
      dialog.dismiss();
    });
  });
  return strange;
}

// Closes the browser; a script's last `after`.
export async function closeBrowser() {
  await browser?.close();
}

// Fails if axe finds anything on the page as it is.
export async function assertAccessible(page, where) {
  await page.evaluate(axe);
  const found = await page.evaluate((tags) => globalThis.axe.run({ runOnly: tags }), WCAG);
  const faults = found.violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => node.html) }));
  assert.ok(found.passes.length > 10, "axe looked at something");
  assert.deepEqual(faults, [], `axe finds nothing: ${where}`);
}

// Fails if the page must be pushed sideways to be read.
export async function assertFits(page, where) {
  const [needed, has] = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return [scrollWidth, clientWidth];
  });
  assert.ok(needed <= has, `${where} needs ${needed} px and has ${has}`);
}

// The nodes of this role in the tree that screen readers see, each with name and description.
export async function accessibleNodes(page, role) {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  await session.detach();
  return nodes
    .filter((node) => !node.ignored && node.role?.value === role)
    .map((node) => ({ name: node.name?.value ?? "", description: node.description?.value ?? "" }));
}

// Keeps a picture of the whole page if BUFFERLAKE_SCREENSHOTS names a folder.
export async function picture(page, name) {
  const folder = process.env.BUFFERLAKE_SCREENSHOTS;
  if (folder) await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
}
