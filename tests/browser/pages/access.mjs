// Aim: everybody can read the pages: WCAG 2.2 AA as far as axe sees, on a phone and a desk, in light and dark; charts speak to
// those who do not see them; the keyboard alone does everything; all of it is kept as pictures to be looked at.
import assert from "node:assert/strict";
import path from "node:path";
import { after, test } from "node:test";
import { accessibleNodes, assertAccessible, assertFits, closeBrowser, facts } from "../stage.mjs";
import { PAGES, TROUBLES, goTo, origin, visit } from "./site.mjs";

after(closeBrowser);

// Smallest target for a finger or a shaking hand, in px (WCAG 2.2, 2.5.8); links inside of sentences and tables are exempt.
const LEAST_TARGET_PX = 24;

function keep(page, name, how) {
  return page.screenshot({ path: path.join(facts.pictures, `${name}-${how}.png`), fullPage: true });
}

for (const scheme of ["light", "dark"]) {
  for (const width of [360, 1280]) {
    test(`axe finds nothing, ${scheme}, ${width} px`, async (t) => {
      const page = await visit(t, { width, scheme, height: width === 360 ? 740 : 900 });
      const faults = [];
      const note = (fault) => faults.push(fault.message);
      for (const place of [...PAGES, ...TROUBLES]) {
        await goTo(page, place);
        await keep(page, place.name, `${scheme}-${width}`);
        await assertFits(page, place.path).catch(note);
        // What is folded must be readable as well.
        for (const summary of await page.locator("summary:visible").all()) await summary.click();
        await assertAccessible(page, place.path).catch(note);
        await assertFits(page, `${place.path}, unfolded,`).catch(note);
      }
      assert.deepEqual(faults, []);
    });
  }
}

test("charts speak to those who do not see them", async (t) => {
  const page = await visit(t);
  for (const { path: at, charts } of PAGES) {
    await page.goto(at);
    const svgs = await page.locator("svg:visible").evaluateAll((found) => found
      .filter((svg) => !svg.closest("[aria-hidden=true]"))
      .map((svg) => ({ role: svg.getAttribute("role"), isChart: svg.closest("figure") !== null })));
    assert.ok(svgs.every(({ role }) => role === "img"), `${at}: each picture is one for screen readers, or hidden from them`);
    const images = await accessibleNodes(page, "image");
    assert.ok(images.length >= svgs.length, `${at}: ${images.length} of ${svgs.length} pictures are told`);
    for (const { name, description } of images) {
      assert.ok(name.length > 10 || description.length > 10, `${at}: a picture without words: “${name}” “${description}”`);
    }
    const figures = await page.locator("figure").all();
    assert.ok(figures.length >= charts, `${at} has ${figures.length} charts and should have ${charts}`);
    for (const figure of figures) {
      const title = await figure.locator("figcaption").innerText();
      assert.match(title, /\d/, `${at}: the summary in words says a figure: ${title}`);
      const rows = await figure.locator("table tbody tr").count();
      const heads = await figure.locator("table thead th[scope=col]").count();
      assert.ok(rows > 0 && heads > 1, `${at}: a table says the same as “${title}”`);
      assert.equal(await figure.locator("table caption").count(), 1, `${at}: it has a caption`);
    }
  }
});

test("pages have landmarks, one heading at the top, and no gaps below", async (t) => {
  const page = await visit(t);
  for (const place of [...PAGES, ...TROUBLES]) {
    await goTo(page, place);
    for (const role of ["banner", "main", "contentinfo"]) {
      assert.equal(await page.getByRole(role).count(), 1, `${role} of ${place.path}`);
    }
    const levels = await page.locator("h1, h2, h3, h4").evaluateAll((found) => found.map((head) => Number(head.tagName[1])));
    assert.equal(levels[0], 1, place.path);
    assert.equal(levels.filter((level) => level === 1).length, 1, place.path);
    levels.reduce((above, level) => {
      assert.ok(level <= above + 1, `${place.path}: a heading of level ${level} below one of ${above}`);
      return level;
    });
    assert.equal(await page.locator("meta[name=viewport]").getAttribute("content"), "width=device-width, initial-scale=1");
    assert.equal(await page.locator("table:not(:has(caption))").count(), 0, `every table of ${place.path} has a caption`);
    assert.equal(await page.locator("thead th:not([scope])").count(), 0, `every head of ${place.path} has a scope`);
  }
});

test("everything that is pressed is large enough", async (t) => {
  const page = await visit(t, { width: 360, height: 740 });
  for (const place of [...PAGES, ...TROUBLES]) {
    await goTo(page, place);
    const small = await page.locator("button:visible, input:visible, select:visible, summary:visible, nav a:visible")
      .evaluateAll((found, least) => found
        .map((element) => [element.outerHTML.slice(0, 80), element.getBoundingClientRect()])
        .filter(([, box]) => box.width < least || box.height < least)
        .map(([html, box]) => `${html} ${Math.round(box.width)} × ${Math.round(box.height)}`), LEAST_TARGET_PX);
    assert.deepEqual(small, [], place.path);
  }
});

test("text can be four times as large", async (t) => {
  // 1280 px at 400 % are 320 px (WCAG 2.2, 1.4.10).
  const page = await visit(t, { width: 320, height: 256 });
  for (const place of PAGES) {
    await goTo(page, place);
    await assertFits(page, `${place.path} at 400 %`);
  }
});

test("the keyboard alone reads the ranking", async (t) => {
  const page = await visit(t);
  await page.goto("/rankings");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
  await page.keyboard.press("Enter");
  assert.ok(page.url().endsWith("#main"));
  const seen = new Set();
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press("Tab");
    const { text, outline } = await page.evaluate(() => {
      const at = document.activeElement;
      return { text: at.textContent.trim().split("\n")[0], outline: getComputedStyle(at).outlineStyle };
    });
    assert.notEqual(outline, "none", `the focus is seen on “${text}”`);
    seen.add(text);
    if (text === "Votes") break;
  }
  assert.ok(seen.has("Votes"), `Tab comes to the heads of columns: ${[...seen].join("; ")}`);
  await page.keyboard.press("Enter");
  await page.waitForURL(/sort=votes/);
});

test("pages can be printed", async (t) => {
  // A4 with margins.
  const page = await visit(t, { width: 720, height: 1000 });
  await page.emulateMedia({ media: "print" });
  for (const place of PAGES) {
    await goTo(page, place);
    assert.equal(await page.getByRole("navigation", { name: "Pages" }).isVisible(), false, place.path);
    await keep(page, place.name, "print");
  }
  assert.ok(page.url().startsWith(origin));
});
