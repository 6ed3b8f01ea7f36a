// Measures when the largest part of a page is painted: the middle of some visits, each with an empty cache. Its last line is JSON.
import { chromium } from "playwright-core";
import { QUIET, facts } from "../stage.mjs";

const browser = await chromium.launch({ executablePath: process.env.BUFFERLAKE_CHROMIUM, headless: true, args: QUIET });
const times = [];
for (let visit = 0; visit < facts.visits; visit += 1) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.goto(`${facts.origin}${facts.path}`, { waitUntil: "networkidle" });
  times.push(await page.evaluate(() => new Promise((resolve) => {
    new PerformanceObserver((list) => resolve(list.getEntries().at(-1).startTime))
      .observe({ type: "largest-contentful-paint", buffered: true });
  })));
  await context.close();
}
await browser.close();
times.sort((a, b) => a - b);
console.log(JSON.stringify({ median_ms: times[Math.floor(times.length / 2)], all_ms: times }));
