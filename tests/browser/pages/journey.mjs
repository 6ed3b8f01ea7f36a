// Aim: people find their provider, narrow the ranking down, sort it, leaf through it and take it away, with JavaScript and
// without, and each state is a URL that says it.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeBrowser, facts } from "../stage.mjs";
import { best, column, download, origin, release, second, visit } from "./site.mjs";

after(closeBrowser);

// The number of the network in a cell of the ranking.
const number = (cell) => Number(/AS(\d+)/.exec(cell)[1]);

for (const javaScript of [true, false]) {
  const how = javaScript ? "with JavaScript" : "without JavaScript";

  test(`a provider is found by name and by number, ${how}`, async (t) => {
    const page = await visit(t, { javaScript });
    await page.goto("/");
    const name = best.name.split(" ")[0];
    await page.getByRole("searchbox").or(page.getByRole("combobox")).first().fill(name);
    await page.getByRole("button", { name: "Find" }).first().click();
    await page.waitForURL(/\/search\?query=/);
    await page.getByRole("link", { name: best.name, exact: true }).first().waitFor();
    await page.goto(`/search?query=AS${best.asn}`);
    assert.equal(new URL(page.url()).pathname, `/asn/${best.asn}`, "a known number leads to the network's page");
    await page.goto("/search?query=nobody+is+called+this");
    await page.getByText("No listed network has a name like this").waitFor();
  });

  test(`the ranking is narrowed down, and the filters go again, ${how}`, async (t) => {
    const page = await visit(t, { javaScript });
    await page.goto("/rankings");
    const all = await column(page, "Network");
    await page.getByLabel("Country").selectOption(best.country);
    await page.getByRole("button", { name: "Show" }).click();
    await page.waitForURL((url) => url.searchParams.get("country") === best.country);
    await page.locator(".chips a").first().waitFor();
    const some = await column(page, "Network");
    assert.ok(some.length > 0 && some.length < all.length, `${some.length} of ${all.length} networks`);
    const { data } = await (await download(page, "JSON")).json();
    assert.ok(data.every(({ country }) => country === best.country), "all are of this country");
    assert.deepEqual(some.map(number), data.map(({ asn }) => asn), "and all of them are shown");
    assert.equal(page.url(), `${origin}/rankings?country=${best.country}`, "the URL says nothing that is usual");
    await page.goBack();
    await page.waitForURL(`${origin}/rankings`);
    await page.locator(".chips").waitFor({ state: "detached" });
    await page.goForward();
    await page.waitForURL((url) => url.searchParams.get("country") === best.country);
    await page.locator(".chips a").first().click();
    await page.waitForURL(`${origin}/rankings`);
    await page.locator(".chips").waitFor({ state: "detached" });
    assert.deepEqual(await column(page, "Network"), all);
  });

  test(`the ranking is sorted, and says by what, ${how}`, async (t) => {
    const page = await visit(t, { javaScript });
    await page.goto("/rankings");
    const head = page.locator("table.ranking").first().getByRole("columnheader", { name: "Votes" });
    await head.getByRole("link").click();
    await page.waitForURL(/sort=votes/);
    await page.locator("table.ranking").first().locator("th[aria-sort]", { hasText: "Votes" }).waitFor();
    const direction = await head.getAttribute("aria-sort");
    const ranks = (await column(page, "Rank")).map((text) => Number.parseInt(text, 10));
    assert.ok(["ascending", "descending"].includes(direction), direction);
    const figures = (await column(page, "Votes")).map((text) => Number(text.split("\n")[0].replaceAll(",", "")));
    const sorted = [...figures].sort((a, b) => (direction === "ascending" ? a - b : b - a));
    assert.deepEqual(figures, sorted);
    assert.notDeepEqual(ranks, [...ranks].sort((a, b) => a - b), "ranks are not in order any more");
  });

  test(`the ranking is leafed through, and each page taken away as data, ${how}`, async (t) => {
    const page = await visit(t, { javaScript });
    await page.goto("/rankings?limit=10");
    const first = await column(page, "Network");
    assert.equal(first.length, 10);
    await page.getByRole("link", { name: "Later" }).click();
    await page.waitForURL(/page=2/);
    await page.getByRole("link", { name: "Earlier" }).waitFor();
    const second = await column(page, "Network");
    assert.ok(second.every((network) => !first.includes(network)), "other networks");
    const numbers = second.map(number);
    const { data } = await (await download(page, "JSON")).json();
    assert.deepEqual(data.map((row) => row.asn), numbers, "the JSON holds the rows that are seen");
    const csv = (await (await download(page, "CSV")).text()).trim().split("\n");
    assert.equal(csv.length, 11);
    const at = csv[0].split(",").indexOf("asn");
    assert.ok(at >= 0, csv[0]);
    for (const [row, asn] of numbers.entries()) assert.ok(csv[row + 1].includes(String(asn)), csv[row + 1]);
    const parquet = await download(page, "Parquet");
    const bytes = await parquet.body();
    assert.deepEqual([bytes.subarray(0, 4), bytes.subarray(-4)].map(String), ["PAR1", "PAR1"]);
    await page.getByRole("link", { name: "Earlier" }).click();
    await page.waitForURL(`${origin}/rankings?limit=10`);
  });

  test(`households are ranked by share, and little evidence stands apart, ${how}`, async (t) => {
    const page = await visit(t, { javaScript });
    await page.goto("/rankings");
    await page.getByRole("heading", { name: "Too little evidence for a rank" }).waitFor();
    await page.getByRole("heading", { name: "Hosting networks" }).waitFor();
    const hosting = page.locator("section", { has: page.getByRole("heading", { name: "Hosting networks" }) });
    assert.match(await hosting.innerText(), new RegExp(`AS${facts.hosting}\\b`));
    await page.getByRole("navigation", { name: "Kind of test" }).getByRole("link").nth(1).click();
    await page.waitForURL(/mode=household/);
    const heads = await page.locator("table.ranking").first().locator("thead").innerText();
    assert.ok(!/Latency grows by/.test(heads), heads);
  });
}

for (const javaScript of [true, false]) {
  const how = javaScript ? "with JavaScript" : "without JavaScript";

  test(`networks are compared, by number and by name, ${how}`, async (t) => {
    const page = await visit(t, { javaScript });
    await page.goto(`/asn/${best.asn}`);
    await page.getByRole("link", { name: "Compare with other networks" }).click();
    await page.waitForURL(`${origin}/compare?a=${best.asn}`);
    const field = page.getByLabel("Network 2");
    await field.fill(`AS${second.asn}`);
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    await page.waitForURL(`${origin}/compare?a=${best.asn}&b=${second.asn}`);
    const table = page.locator("table.compared");
    for (const { name } of [best, second]) await table.getByRole("link", { name, exact: true }).waitFor();
    await page.getByRole("heading", { name: "What can surely be said" }).waitFor();
    await page.goto(`/compare?a=${best.asn}&b=nobody+is+called+this`);
    await page.locator("[aria-invalid=true]").waitFor();
  });

  test(`a network's page tells all of it, and its badge leads to it, ${how}`, async (t) => {
    const page = await visit(t, { javaScript });
    await page.goto(`/asn/as${best.asn}`);
    await page.waitForURL(`${origin}/asn/${best.asn}`);
    assert.equal(await page.locator("h1").innerText(), best.name);
    assert.match(await page.locator("main").innerText(), new RegExp(`release ${release}`, "i"), "the citation names the release");
    const badge = page.locator("main img");
    assert.ok(await badge.evaluate((image) => image.complete && image.naturalWidth > 50), "the badge is drawn");
    // What the page says to paste, pasted into a page of somebody else, must lead back.
    const [, href, src] = /href="([^"]+)"[^]*src="([^"]+)"/.exec(await page.locator("#badge-html").innerText());
    const picture = await page.request.get(src);
    assert.match(picture.headers()["content-type"], /^image\/svg\+xml/);
    assert.equal(picture.headers()["cross-origin-resource-policy"], "cross-origin");
    assert.match(await picture.text(), /aria-label="bufferbloat: /);
    await page.goto(href);
    assert.equal(await page.locator("h1").innerText(), best.name);
    const card = await page.request.get(await page.locator("meta[property='og:image']").getAttribute("content"));
    const png = await card.body();
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1200, 630], "the card has the size that is announced");
    await page.getByRole("navigation", { name: "Where this page lies" }).getByRole("link").nth(1).click();
    await page.waitForURL(`${origin}/country/${best.country}`);
    await page.getByRole("link", { name: best.name, exact: true }).first().click();
    await page.waitForURL(`${origin}/asn/${best.asn}`);
  });
}

test("a chart's marks say what they stand for", async (t) => {
  const page = await visit(t);
  await page.goto(`/asn/${best.asn}`);
  await page.locator("svg:visible .told").first().hover();
  assert.match(await page.locator(".tip").innerText(), /\d/);
});

test("live filters change the page without a new one", async (t) => {
  const page = await visit(t);
  await page.goto("/rankings");
  await page.evaluate(() => { globalThis.same = true; });
  await page.getByLabel("Country").selectOption(best.country);
  await page.waitForURL((url) => url.searchParams.get("country") === best.country);
  await page.locator(".chips a").first().waitFor();
  assert.equal(await page.evaluate(() => globalThis.same), true, "no page was loaded");
  await page.goBack();
  await page.locator(".chips").waitFor({ state: "detached" });
});

test("a provider is found while its name is typed, by keyboard alone", async (t) => {
  const page = await visit(t);
  await page.goto("/");
  const box = page.getByRole("combobox");
  await box.focus();
  await page.keyboard.type(best.name.slice(0, 5));
  await page.getByRole("option", { name: best.name }).first().waitFor();
  assert.equal(await box.getAttribute("aria-expanded"), "true");
  await page.keyboard.press("Escape");
  assert.equal(await box.getAttribute("aria-expanded"), "false");
  await page.keyboard.press("ArrowDown");
  await page.getByRole("option", { name: best.name }).first().waitFor();
  for (let step = 0; step < 8; step += 1) {
    await page.keyboard.press("ArrowDown");
    const chosen = await page.locator("[role=option][aria-selected=true]").innerText();
    if (chosen.includes(`AS${best.asn} `) || chosen.endsWith(`AS${best.asn}`)) break;
  }
  await page.keyboard.press("Enter");
  await page.waitForURL(`${origin}/asn/${best.asn}`);
});
