// Aim: pages are valid HTML, light, cached and described, leave nothing behind, and lead nowhere that is not there.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { HtmlValidate } from "html-validate";
import { closeBrowser, facts } from "../stage.mjs";
import { PAGES, TROUBLES, goTo, origin, release, visit } from "./site.mjs";

after(closeBrowser);

// Most that a page may bring over the line, compressed, with all that it needs.
const MOST_PAGE_BYTES = 150_000;

// Most that the script may be, as it is written.
const MOST_SCRIPT_BYTES = 20_000;

// Links of all pages that are followed.
const MOST_LINKS = 600;

const validator = new HtmlValidate({
  root: true,
  extends: ["html-validate:recommended", "html-validate:a11y"],
  rules: {
    // Templates leave blanks where a condition was not met.
    "no-trailing-whitespace": "off",
    "attribute-boolean-style": "off",
    "long-title": "off",
    // A doctype in small letters is one.
    "doctype-style": "off",
    // A box with a wide table in it is a region inside of its section: both are named.
    "prefer-native-element": ["error", { exclude: ["region"] }],
    // A list of links may have a name.
    "aria-label-misuse": ["error", { allowAnyNamable: true }],
  },
});

async function fetchText(path, headers = {}) {
  const response = await fetch(`${origin}${path}`, { headers: { accept: "text/html", ...headers }, redirect: "manual" });
  return { response, text: await response.text() };
}

test("every page is valid HTML", async () => {
  const faults = [];
  for (const { path } of [...PAGES, ...TROUBLES]) {
    const { text } = await fetchText(path);
    const report = await validator.validateString(text);
    for (const { line, ruleId, message } of report.results.flatMap(({ messages }) => messages)) {
      faults.push(`${path}:${line}: ${ruleId}: ${message}: ${text.split("\n")[line - 1].slice(0, 120)}`);
    }
  }
  assert.deepEqual(faults, []);
});

test("every page is light", async (t) => {
  for (const place of PAGES) {
    const page = await visit(t);
    const session = await page.context().newCDPSession(page);
    await session.send("Network.enable");
    const sizes = new Map();
    const urls = new Map();
    session.on("Network.responseReceived", ({ requestId, response }) => urls.set(requestId, response.url));
    session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => sizes.set(requestId, encodedDataLength));
    await goTo(page, place);
    await page.waitForLoadState("networkidle");
    const all = [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
    const told = [...sizes].map(([id, bytes]) => `${urls.get(id)}: ${bytes}`).join(", ");
    assert.ok(sizes.size >= 3, `page, style and script were seen: ${told}`);
    assert.ok(all <= MOST_PAGE_BYTES, `${place.path} is ${all} bytes: ${told}`);
    await page.close();
  }
  const { text } = await fetchText("/");
  const script = /<script src="([^"]+)"/.exec(text)[1];
  const bytes = (await fetchText(script)).text.length;
  assert.ok(bytes > 0 && bytes <= MOST_SCRIPT_BYTES, `the script is ${bytes} bytes`);
});

test("every page names its release, its URL, and what it is", async () => {
  const titles = new Set();
  for (const { path } of PAGES) {
    const { response, text } = await fetchText(path);
    assert.equal(response.status, 200, `${path} is its one spelling: ${response.headers.get("location")}`);
    assert.equal(/<strong data-release>([^<]+)</.exec(text)?.[1], release, path);
    const canonical = /<link rel="canonical" href="([^"]+)"/.exec(text)?.[1].replaceAll("&amp;", "&").replaceAll("&#38;", "&");
    assert.equal(canonical, `${origin}${path}`, "the canonical URL");
    const [, title] = /<title>([^<]+)</.exec(text);
    assert.match(title, /.{10,}/, path);
    titles.add(title);
    assert.match(/<meta name="description" content="([^"]+)"/.exec(text)?.[1] ?? "", /.{50,}/, path);
  }
  assert.ok(titles.size > PAGES.length / 2, "titles differ");
});

test("descriptions for machines can be read", async () => {
  let found = 0;
  for (const { path } of PAGES) {
    const { text } = await fetchText(path);
    for (const [, json] of text.matchAll(/<script type="application\/ld\+json">(.*?)<\/script>/gs)) {
      const about = JSON.parse(json);
      assert.ok(about["@type"], `${path}: ${json.slice(0, 200)}`);
      assert.ok(about["@context"], `${path}: ${json.slice(0, 200)}`);
      found += 1;
    }
  }
  assert.ok(found > 0, "some page is described");
});

test("headers shut everything else out, and nothing is kept", async () => {
  for (const { path } of [...PAGES, ...TROUBLES]) {
    const { response } = await fetchText(path);
    const header = (name) => response.headers.get(name) ?? "";
    const policy = header("content-security-policy");
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"]) {
      assert.ok(policy.includes(part), `${part} of ${path}`);
    }
    assert.ok(!/unsafe|https?:|\*/.test(policy), `${path}: ${policy}`);
    assert.equal(header("x-content-type-options"), "nosniff", path);
    assert.equal(header("set-cookie"), "", path);
    assert.match(header("referrer-policy"), /^(strict-origin|no-referrer)/, path);
  }
});

test("who has a page is told so", async () => {
  for (const { path } of PAGES) {
    for (const coding of ["gzip", "zstd", "identity"]) {
      const { response } = await fetchText(path, { "accept-encoding": coding });
      const etag = response.headers.get("etag");
      assert.ok(etag, `${path} has an entity tag`);
      assert.match(response.headers.get("cache-control"), /max-age=\d+/);
      assert.equal(response.headers.get("vary"), "accept-encoding");
      const again = await fetchText(path, { "accept-encoding": coding, "if-none-match": etag });
      assert.deepEqual([again.response.status, again.text], [304, ""], `${path}, ${coding}`);
    }
  }
});

test("a page that is nowhere is friendly, and searches", async (t) => {
  const page = await visit(t);
  for (const trouble of TROUBLES) {
    await goTo(page, trouble);
    await page.locator("main form[role=search]").waitFor();
    assert.match(await page.locator("meta[name=robots]").getAttribute("content"), /noindex/);
  }
  await page.goto("/nowhere");
  await page.locator("main input[name=query]").fill(facts.known[0].name.split(" ")[0]);
  await page.locator("main").getByRole("button", { name: "Find" }).click();
  await page.getByRole("link", { name: facts.known[0].name, exact: true }).first().waitFor();
});

test("search engines find every page, and robots are told what not to ask", async () => {
  const { text } = await fetchText("/sitemap.xml");
  const listed = [...text.matchAll(/<loc>([^<]+)<\/loc>/g)].map(([, url]) => url);
  assert.ok(listed.includes(`${origin}/`) && listed.includes(`${origin}/rankings`), text.slice(0, 500));
  for (const url of listed) {
    assert.ok(url.startsWith(`${origin}/`), url);
    const response = await fetch(url, { redirect: "manual" });
    assert.equal(response.status, 200, url);
    await response.arrayBuffer();
  }
  const robots = (await fetchText("/robots.txt")).text;
  assert.match(robots, new RegExp(`^Sitemap: ${origin}/sitemap\\.xml$`, "m"));
  assert.match(robots, /^Disallow: \/api\/$/m);
});

test("no link leads nowhere", async () => {
  const links = new Map();
  for (const { path } of [...PAGES, ...TROUBLES]) {
    const { text } = await fetchText(path);
    for (const [, , url] of text.matchAll(/ (href|src)="([^"]+)"/g)) {
      const target = new URL(url.replaceAll("&amp;", "&").replaceAll("&#38;", "&"), `${origin}${path}`);
      if (target.origin !== origin) continue;
      const fragment = decodeURIComponent(target.hash.slice(1));
      target.hash = "";
      if (fragment && target.href === `${origin}${path}`) {
        assert.ok(text.includes(` id="${fragment}"`), `${path} has no #${fragment}`);
        continue;
      }
      if (!links.has(target.href)) links.set(target.href, path);
    }
  }
  assert.ok(links.size > 20, `${links.size} links were found`);
  for (const [link, from] of [...links].slice(0, MOST_LINKS)) {
    const response = await fetch(link, { headers: { accept: "text/html,*/*" } });
    await response.arrayBuffer();
    assert.ok(response.status < 400, `${link} of ${from} is answered with ${response.status}`);
  }
});
