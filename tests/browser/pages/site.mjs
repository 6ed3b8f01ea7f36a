// The public site: every page in one list, which all tests go through, and what people do on pages, as functions.
import assert from "node:assert/strict";
import { facts, open } from "../stage.mjs";

export const { origin, release } = facts;

const [best, second] = facts.known;
const [planted] = facts.planted;

// A page is tested by a line here: its name in pictures and messages, its path, and how many charts it has at least.
export const PAGES = [
  ["home", "/"],
  ["rankings", "/rankings"],
  ["rankings-household", "/rankings?mode=household"],
  ["rankings-share", "/rankings?window=90&policy=libreqos-2024-12&order=share"],
  ["rankings-below", "/rankings?evidence=below_gate"],
  ["rankings-hosting", "/rankings?evidence=hosting"],
  ["rankings-nothing", "/rankings?query=no+network+has+this+name"],
  ["network", `/asn/${best.asn}`, 4],
  ["network-planted", `/asn/${planted.asn}`, 4],
  ["network-below", `/asn/${facts.below}`],
  ["country", `/country/${best.country}`, 3],
  ["compare", `/compare?a=${best.asn}&b=${second.asn}&c=${planted.asn}`],
  ["compare-empty", "/compare"],
  ["data", "/data"],
  ["methodology", "/methodology"],
  ["reference", "/api/docs"],
  ["status", "/status"],
  ["privacy", "/privacy"],
  ["search", "/search?query=te"],
  ["search-empty", "/search"],
  ["search-nothing", "/search?query=no+network+has+this+name"],
].map(([name, path, charts = 0]) => ({ name, path, charts }));

// What cannot be shown is a page as well.
export const TROUBLES = [
  { name: "not-found", path: "/nowhere", status: 404 },
  { name: "bad-question", path: "/rankings?window=8", status: 400 },
  { name: "past-the-end", path: "/rankings?page=99", status: 404 },
  { name: "unknown-network", path: "/asn/64500", status: 404 },
  { name: "unknown-country", path: "/country/AQ", status: 404 },
];

// A page in a browser that may keep nothing.
export function visit(t, options) {
  return open(t, origin, { mayKeep: false, ...options });
}

// Goes to a page of the lists, which must answer as the list says.
export async function goTo(page, { path, status = 200 }) {
  const response = await page.goto(path, { waitUntil: "load" });
  assert.equal(response.status(), status, path);
}

// Goes to a path in a way that no address bar would change: the path may hold anything.
export function encoded(text) {
  return encodeURIComponent(text).replaceAll("%20", "+");
}

// Texts of the first table's column with this head, from the top.
export async function column(page, head) {
  const table = page.locator("table.ranking").first();
  const heads = await table.locator("thead th").allInnerTexts();
  const at = heads.findIndex((text) => text.trim().startsWith(head));
  assert.ok(at >= 0, `no column ${head}: ${heads.join("; ")}`);
  const rows = await table.locator("tbody tr").all();
  return Promise.all(rows.map(async (row) => (await row.locator("> *").nth(at).innerText()).trim()));
}

// The API's answer to a link of a page.
export async function download(page, name) {
  const link = page.locator("section").first().getByRole("link", { name, exact: true });
  const response = await page.request.get(await link.getAttribute("href"));
  assert.equal(response.status(), 200, name);
  return response;
}

export { best, planted, second };
