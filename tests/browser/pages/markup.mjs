// Aim: names that strangers chose and what visitors type stay text: no markup, no script, no link that was not there.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, facts } from "../stage.mjs";
import { PAGES, encoded, origin, visit } from "./site.mjs";

after(closeBrowser);

// What every page may consist of; an element that a payload brought would be one more.
const FOREIGN = [
  "script:not([src^='/assets/script.js'], [type='application/ld+json'])", "iframe", "object", "embed", "base", "math",
  "foreignObject", "animate", "marquee", "style", "[style]", "img:not([src^='/asn/'])",
  "link:not([href^='/assets/'], [rel='canonical'])", "[onerror], [onload], [onclick], [onfocus]", "[href^='javascript:']",
].join(", ");

async function assertHarmless(page, where) {
  const foreign = await page.locator(FOREIGN).evaluateAll((found) => found.map((element) => element.outerHTML));
  assert.deepEqual(foreign, [], `foreign elements: ${where}`);
  assert.equal(await page.evaluate(() => globalThis.hit), undefined, `a payload ran: ${where}`);
}

test("names of networks and organisations are the text that they are", async (t) => {
  const page = await visit(t);
  for (const { path } of PAGES) {
    await page.goto(path);
    await assertHarmless(page, path);
  }
  await page.goto("/rankings?limit=1000");
  const text = await page.locator("main").innerText();
  for (const { payload } of facts.planted) assert.ok(text.includes(payload), `${payload} is shown as it is`);
  for (const { asn, payload } of facts.planted) {
    const response = await page.goto(`/asn/${asn}`);
    await assertHarmless(page, `/asn/${asn}`);
    if (response.status() !== 200) continue;
    assert.equal(await page.locator("h1").innerText(), payload);
    assert.ok((await page.title()).includes(payload), "the title is text, too");
    // What is there to be pasted elsewhere is a link with a picture, whatever the network is called.
    const pasted = await page.locator("#badge-html").innerText();
    const elements = await page.evaluate((html) => [...new DOMParser().parseFromString(html, "text/html").body
      .querySelectorAll("*")].map((element) => element.tagName), pasted);
    assert.deepEqual(elements, ["A", "IMG"], pasted);
  }
});

test("what is typed is the text that it is", async (t) => {
  const page = await visit(t);
  for (const { payload } of facts.planted) {
    const text = encoded(payload);
    for (const path of [
      `/search?query=${text}`, `/rankings?query=${text}`, `/rankings?country=${text}`, `/compare?a=${text}&b=${text}`,
      `/asn/${text}`, `/country/${text}`, `/${text}?${text}=${text}`,
    ]) {
      await page.goto(path);
      await assertHarmless(page, path);
    }
    await page.goto(`/search?query=${text}`);
    const box = page.locator("main input[name=query]");
    assert.equal(await box.inputValue(), payload, "what was typed can be mended");
  }
});

test("live search offers names as text", async (t) => {
  const page = await visit(t);
  for (const { payload } of facts.planted) {
    await page.goto("/");
    await page.getByRole("combobox").pressSequentially(payload.slice(0, 12));
    const option = page.getByRole("option").filter({ hasText: payload });
    await option.first().waitFor();
    await assertHarmless(page, payload);
  }
  assert.ok(page.url().startsWith(origin));
});
