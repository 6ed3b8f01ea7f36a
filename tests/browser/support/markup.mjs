// Aim: nothing that a client, or the person at the desk, sends becomes markup, runs, or loads anything.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, facts, open } from "../stage.mjs";
import { lookUp, origin, signIn } from "./desk.mjs";

after(closeBrowser);

// What every page may consist of; an element that a payload brought would be one more.
const FOREIGN = "script:not([src^='/support/script.js']), iframe, object, embed, img, link:not([href^='/support/']), base, [onerror], [onload], [onclick], [onfocus], marquee, math, foreignObject, animate, style";

async function assertHarmless(page, where) {
  assert.equal(await page.locator(FOREIGN).count(), 0, `foreign elements: ${where}`);
  assert.equal(await page.evaluate(() => globalThis.hit), undefined, `a payload ran: ${where}`);
}

test("what clients sent is shown as the text that it is", async (t) => {
  const page = await open(t, origin);
  await signIn(page);
  for (const [address, payload] of facts.payloads) {
    await lookUp(page, address);
    await assertHarmless(page, payload);
    const shown = await page.locator("td.long").first().innerText();
    const words = payload.split(/\s+/).filter((word) => word.length > 3);
    assert.ok(words.length > 0 && words.every((word) => shown.includes(word)), `${payload} is shown: ${shown}`);
    assert.ok((await page.locator("#ticket").inputValue()).includes(words[0]), `${payload} in the ticket`);
  }
  await page.goto("/support");
  await assertHarmless(page, "start");
});

test("what is typed is shown as the text that it is", async (t) => {
  const page = await open(t, origin);
  for (const [, payload] of facts.payloads) {
    await signIn(page, payload);
    await assertHarmless(page, "sign-in");
    await page.goto(`/support/${encodeURIComponent(payload)}?${encodeURIComponent(payload)}`);
    await assertHarmless(page, "URL");
  }
  await signIn(page);
  for (const [, payload] of facts.payloads) {
    const box = page.getByLabel("Customer’s address or prefix");
    await box.evaluate((input) => input.removeAttribute("maxlength"));
    await box.fill(payload);
    await box.press("Enter");
    await page.getByRole("alert").waitFor();
    assert.equal(await box.inputValue(), payload);
    await assertHarmless(page, "search");
  }
});
