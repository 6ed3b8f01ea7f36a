// Aim: the desk can be used by everybody: WCAG 2.2 AA as far as axe sees, on a phone and a desk, in light and dark, and
// with the keyboard alone.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { assertAccessible, assertFits, closeBrowser, facts, open } from "../stage.mjs";
import { key, lookUp, origin, signIn } from "./desk.mjs";

after(closeBrowser);

for (const scheme of ["light", "dark"]) {
  for (const width of [360, 1280]) {
    test(`axe finds nothing, ${scheme}, ${width} px`, async (t) => {
      const page = await open(t, origin, { width, scheme, height: width === 360 ? 740 : 900 });
      const look = async (where) => {
        await assertAccessible(page, where);
        await assertFits(page, where);
      };
      await page.goto("/support");
      await look("door");
      await signIn(page, "wrong");
      await look("wrong key");
      await signIn(page);
      await look("start");
      const box = page.getByLabel("Customer’s address or prefix");
      await box.fill("nobody");
      await box.press("Enter");
      await page.getByRole("alert").waitFor();
      await look("no address");
      for (const address of Object.values(facts.customers)) {
        await lookUp(page, address);
        for (const summary of await page.locator("summary").all()) await summary.click();
        await look(address);
      }
      for (const path of ["/support/leaves", "/support/audit", "/support/look-ups/999", "/support/nowhere"]) {
        await page.goto(path);
        await look(path);
      }
    });
  }
}

// Presses Tab until the element has the focus, which must be seen.
async function tabTo(page, wanted, most = 60) {
  for (let step = 0; step < most; step += 1) {
    await page.keyboard.press("Tab");
    const { name, outline } = await page.evaluate(() => {
      const at = document.activeElement;
      return { name: (at.getAttribute("aria-label") ?? at.textContent).trim(), outline: getComputedStyle(at).outlineStyle };
    });
    assert.notEqual(outline, "none", `the focus is seen on “${name}”`);
    if (name === wanted) return;
  }
  assert.fail(`Tab does not reach “${wanted}”`);
}

test("the keyboard alone does everything", async (t) => {
  const page = await open(t, origin);
  await page.goto("/support");
  await page.keyboard.type(key);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Recent bad results" }).waitFor();
  await page.keyboard.type(facts.customers.slow);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: facts.customers.slow }).waitFor();
  await tabTo(page, "Skip to the content");
  await page.keyboard.press("Enter");
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin });
  await tabTo(page, "Copy");
  await page.keyboard.press("Enter");
  await page.getByRole("status").getByText("copied").waitFor({ state: "attached" });
  await tabTo(page, "Show the record");
  await page.keyboard.press("Enter");
  await page.locator("details pre").waitFor();
  await page.goto("/support");
  await tabTo(page, `Look up ${facts.customers.slow}`);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: facts.customers.slow }).waitFor();
  await tabTo(page, "Audit log");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Audit log" }).waitFor();
  await tabTo(page, "Sign out");
  await page.keyboard.press("Enter");
  await page.getByLabel("Key of the support desk").waitFor();
});
