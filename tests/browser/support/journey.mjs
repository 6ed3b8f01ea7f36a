// Aim: a person at the desk finds out what a customer's line does, with JavaScript and without, and leaves a trace.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { accessibleNodes, closeBrowser, facts, open, picture } from "../stage.mjs";
import { assertKeepsNothing, key, lookUp, origin, signIn, verdict } from "./desk.mjs";

after(closeBrowser);
const { slow, quiet, unmeasured, household, home, prefix } = facts.customers;

for (const javaScript of [true, false]) {
  const how = javaScript ? "with JavaScript" : "without JavaScript";

  test(`a wrong key is refused, the right one lets in, ${how}`, async (t) => {
    const page = await open(t, origin, { javaScript });
    await page.goto("/support/audit");
    assert.match(page.url(), /\/support$/, "who is not signed in comes to the door");
    await signIn(page, "not-the-key");
    assert.equal(await page.getByRole("alert").innerText(), "This is not the key of the support desk.");
    await signIn(page);
    await page.getByRole("heading", { name: "Recent bad results" }).waitFor();
    const [cookie] = await page.context().cookies();
    const { path, httpOnly, sameSite, expires } = cookie;
    assert.deepEqual({ path, httpOnly, sameSite, expires }, { path: "/support", httpOnly: true, sameSite: "Strict", expires: -1 });
    assert.ok(!cookie.value.includes(key), "the cookie is not the key");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Key of the support desk").waitFor();
    await page.goto("/support/audit");
    assert.match(page.url(), /\/support$/, "signed out");
  });

  test(`every kind of customer gets a verdict, ${how}`, async (t) => {
    const page = await open(t, origin, { javaScript });
    await signIn(page);
    for (const [address, words] of [
      [slow, /Bad Latency rises by 310 ms while this customer uploads: bufferbloat on the upstream\. Typical for AS64500: 24 ms while uploading/],
      [quiet, /Good This line stays quiet under load: latency rises by 8 ms while downloading and by 12 ms while uploading\./],
      [unmeasured, /Not measured No test from here says .* stands for “not measured”/],
      [household, /Bad Household test, grade D: .* Weakest: video call, grade F\. Typical for AS64500/],
      [home, /Good This line stays quiet/],
      [prefix, /in this prefix are bad/],
      ["198.51.100.200", /No test from here is kept/],
    ]) {
      await lookUp(page, address);
      assert.match(await verdict(page), words, address);
      await assertKeepsNothing(page, [address, slow, quiet]);
    }
    await lookUp(page, ` ${quiet.toUpperCase()} `);
    await page.getByRole("button", { name: /Look at the whole home/ }).click();
    await page.getByRole("heading", { level: 1, name: home }).waitFor();
  });

  test(`a text that is no address is told so, ${how}`, async (t) => {
    const page = await open(t, origin, { javaScript });
    await signIn(page);
    const box = page.getByLabel("Customer’s address or prefix");
    await box.fill("the customer next door");
    await box.press("Enter");
    assert.match(await page.getByRole("alert").innerText(), /neither an address nor a prefix/);
    assert.equal(await box.inputValue(), "the customer next door", "what was typed can be mended");
    assert.match(await page.title(), /^Error/);
  });

  test(`the customer's page shows chart, history, ticket and record, ${how}`, async (t) => {
    const page = await open(t, origin, { javaScript });
    await signIn(page);
    await page.getByRole("button", { name: `Look up ${slow}` }).first().click();
    await page.getByRole("heading", { level: 1, name: slow }).waitFor();
    const charts = (await accessibleNodes(page, "image")).filter((node) => /Rise of latency/.test(node.name));
    assert.equal(charts.length, 1, "one of the two sizes is there");
    assert.match(charts[0].description, /While uploading: between .* and 310 ms, in the newest 310 ms; \d of \d+ tests? at 60 ms or more/);
    const rows = page.locator("table.history tbody tr");
    assert.equal(await rows.count(), facts.slowTests);
    assert.match(await rows.first().innerText(), /\+310 ms/);
    const ticket = await page.locator("#ticket").inputValue();
    assert.match(ticket, new RegExp(`^Bufferbloat check: ${slow} \\(AS64500`));
    assert.match(ticket, /Latency rises by 310 ms/);
    await page.getByText("Show the record").click();
    const record = JSON.parse(await page.locator("details pre").innerText());
    assert.equal(record.upload_increase, 31_000);
    assert.ok(!JSON.stringify(record).includes(slow), "no address in the record");
    const copy = page.getByRole("button", { name: "Copy" });
    assert.equal(await copy.isVisible(), javaScript, "a button that can do nothing is not shown");
    if (javaScript) {
      await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin });
      await copy.click();
      await page.getByRole("status").getByText("copied").waitFor({ state: "attached" });
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), ticket);
      assert.match(await page.locator("footer").innerText(), /Europe\/Berlin/);
    }
  });

  test(`look-ups leave a trace and can be gone back to, ${how}`, async (t) => {
    const page = await open(t, origin, { javaScript });
    await signIn(page);
    await lookUp(page, slow);
    const first = page.url();
    await lookUp(page, quiet);
    await page.goBack();
    await page.getByRole("heading", { level: 1, name: slow }).waitFor();
    assert.equal(page.url(), first);
    await page.reload();
    await page.getByRole("heading", { level: 1, name: slow }).waitFor();
    await page.goto("/support");
    await page.getByRole("link", { name: quiet }).click();
    await page.getByRole("heading", { level: 1, name: quiet }).waitFor();
    await page.getByRole("link", { name: "Audit log" }).click();
    const log = await page.locator("tbody").innerText();
    for (const trace of [slow, quiet, "look-up", "signed in", "refused"]) assert.ok(log.includes(trace), `${trace} in ${log}`);
    await page.getByRole("link", { name: "What leaves" }).click();
    await page.getByText("Nothing leaves: no warehouse is configured.").waitFor();
    await page.goto("/support/look-ups/999");
    await page.getByRole("heading", { name: "This look-up is not kept any more" }).waitFor();
  });
}

test("pictures to look at", { skip: !process.env.BUFFERLAKE_SCREENSHOTS }, async (t) => {
  for (const scheme of ["light", "dark"]) {
    for (const width of [360, 1280]) {
      const name = (what) => `${what}-${scheme}-${width}`;
      const page = await open(t, origin, { width, scheme, height: width === 360 ? 740 : 900 });
      await page.goto("/support");
      await picture(page, name("door"));
      await signIn(page);
      for (const [what, address] of Object.entries(facts.customers)) {
        await lookUp(page, address);
        await picture(page, name(what));
      }
      for (const [what, path] of [["start", "/support"], ["audit", "/support/audit"], ["leaves", "/support/leaves"]]) {
        await page.goto(path);
        await picture(page, name(what));
      }
    }
  }
});
