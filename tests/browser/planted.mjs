// Aim: what stage.mjs is to find is found when it is there.
import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";
import { assertAccessible, assertFits, closeBrowser, open, watch } from "./stage.mjs";

const PAGE = (body) => `<!doctype html><html lang="en"><head><meta name="viewport" content="width=device-width"><title>Planted</title></head><body><main><h1>Planted</h1>${body}</main></body></html>`;

const server = http.createServer((request, response) => {
  response.setHeader("content-type", "text/html");
  if (request.url.includes("policy")) response.setHeader("content-security-policy", "default-src 'none'");
  response.end(PAGE(decodeURIComponent(request.url.slice(1))));
});

let origin;
before(async () => {
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  origin = `http://127.0.0.1:${server.address().port}`;
});
after(async () => {
  await closeBrowser();
  server.close();
});

test("strange things are noted", async (t) => {
  for (const [planted, found] of [
    ["<img alt='' src='http://elsewhere.example/x.png'>", /a request to http:\/\/elsewhere\.example/],
    ["<script>alert('hit')</script>", /a dialogue: hit/],
    ["<script>console.error('hit')</script>", /on the console: hit/],
    ["<script>throw new Error('hit')</script>", /an error of a script: Error: hit/],
    ["<p style='color:red'>A policy forbids this.</p>", /on the console: .*violates the following Content Security Policy/],
  ]) {
    // A context of its own, because `open` would rightly fail this very test.
    const context = await (await open(t, origin)).context().browser().newContext();
    const strange = watch(context, origin);
    const page = await context.newPage();
    await page.goto(`${origin}/${encodeURIComponent(planted)}`, { waitUntil: "load" });
    await context.close();
    assert.match(strange.join("; "), found, planted);
  }
});

test("what a browser is made to keep is found", async (t) => {
  const page = await open(t, origin);
  await page.goto(`${origin}/${encodeURIComponent("<script>document.cookie = 'a=b'; localStorage.c = 'd'</script>")}`);
  const { cookies, origins } = await page.context().storageState();
  assert.deepEqual([cookies[0].name, origins[0].localStorage[0].name], ["a", "c"]);
});

test("a page that shuts somebody out is found", async (t) => {
  const page = await open(t, origin, { width: 360 });
  const good = "<p>Text.</p><label>Name <input></label>";
  await page.goto(`${origin}/${encodeURIComponent(good)}`);
  await assertAccessible(page, "good");
  await assertFits(page, "good");
  await page.goto(`${origin}/${encodeURIComponent("<input><p style='color:#aaa'>Pale.</p><div style='width:600px'>Wide.</div>")}`);
  await assert.rejects(assertAccessible(page, "planted"), /label|color-contrast/);
  await assert.rejects(assertFits(page, "planted"), /needs 6\d\d px and has 360/);
});
