// What a person at the support desk does, as functions.
import assert from "node:assert/strict";
import { facts } from "../stage.mjs";

export const { origin, key } = facts;

export async function signIn(page, typed = key) {
  await page.goto("/support");
  await page.getByLabel("Key of the support desk").fill(typed);
  await page.getByRole("button", { name: "Sign in" }).click();
  // The answer is there when the page has a heading again.
  await page.getByRole("heading", { level: 1 }).waitFor({ state: "attached" });
}

export async function lookUp(page, address) {
  await page.getByLabel("Customer’s address or prefix").fill(address);
  await page.getByRole("button", { name: "Look up", exact: true }).click();
  await page.waitForURL(/\/support\/look-ups\/\d+$/);
}

export async function verdict(page) {
  return (await page.locator(".verdict").innerText()).replace(/\s+/g, " ");
}

// No address may stand in a URL, a title or the browser's storage: they outlive the session.
export async function assertKeepsNothing(page, addresses) {
  const left = `${page.url()} ${await page.title()}`;
  for (const address of addresses) assert.ok(!left.includes(address), `${address} in ${left}`);
}
