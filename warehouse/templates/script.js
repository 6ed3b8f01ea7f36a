// Comfort for the public pages: they work without it. It asks this server only, for what a link or a form would ask,
// and keeps nothing.
"use strict";

// Filters and sorting without a new page: the same URL is fetched, and what differs is put in its place.

const PAUSE_MS = 250;
let pause;
const SWAPPED = "[data-swap]";
let asked = 0;

async function show(url, { push = true, focus = null, typing = null } = {}) {
  const turn = ++asked;
  const results = document.querySelector("[data-results]");
  results?.setAttribute("aria-busy", "true");
  let next;
  try {
    const response = await fetch(url, { headers: { accept: "text/html" } });
    next = new DOMParser().parseFromString(await response.text(), "text/html");
    url = response.url;
  } catch {
    location.assign(url);
    return;
  }
  // Somebody was quicker.
  if (turn !== asked) return;
  if (!next.querySelector("[data-results]")) {
    location.assign(url);
    return;
  }
  for (const part of document.querySelectorAll(SWAPPED)) {
    const other = next.querySelector(`[data-swap="${part.dataset.swap}"]`);
    if (other) part.replaceWith(document.adoptNode(other));
  }
  for (const field of document.querySelectorAll("form[data-live] [id]")) {
    const other = next.getElementById(field.id);
    if (other && "value" in field && field !== typing) field.value = other.value;
  }
  document.title = next.title;
  // What is asked twice, by a field and then by its button, is one step back.
  if (push && url !== location.href) history.pushState({ live: true }, "", url);
  focus?.();
  // A region that was there before is read out when its text changes.
  const status = document.querySelector("[data-status]");
  if (status) status.textContent = next.querySelector("[data-status]")?.dataset.status ?? "";
}

function asUrl(form) {
  const url = new URL(form.action, location.href);
  for (const [name, value] of new FormData(form)) if (value !== "") url.searchParams.append(name, value);
  return url;
}

const isPlainClick = (event) =>
  event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-live]");
  if (!link || !isPlainClick(event)) return;
  event.preventDefault();
  // The keyboard goes on where it was: at the head of the column, or at the beginning of what is new.
  const head = link.closest("th");
  const place = head && [head.closest("section")?.getAttribute("aria-labelledby"), head.cellIndex];
  const focus = () => {
    const table = place && document.querySelector(`section[aria-labelledby="${place[0]}"] table`);
    const again = table?.rows[0]?.cells[place[1]]?.querySelector("a");
    const begin = again ?? document.querySelector("[data-results]");
    begin?.focus({ preventScroll: Boolean(again) });
    if (!again) begin?.scrollIntoView({ block: "start" });
  };
  show(link.href, { focus });
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-live]");
  if (!form) return;
  event.preventDefault();
  clearTimeout(pause);
  show(asUrl(form), { typing: document.activeElement });
});

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-live]");
  if (!form) return;
  clearTimeout(pause);
  pause = setTimeout(() => show(asUrl(form), { typing: event.target }), event.target.type === "search" ? PAUSE_MS : 0);
});

if (document.querySelector("[data-results]")) {
  history.replaceState({ live: true }, "");
  addEventListener("popstate", (event) => {
    if (event.state?.live) show(location.href, { push: false });
  });
}

// Live search: a combobox over the API's own search (the pattern of the ARIA Authoring Practices Guide).

const MOST_OFFERED = 8;
let boxes = 0;

for (const input of document.querySelectorAll("input[data-suggest]")) {
  const list = document.createElement("ul");
  const status = document.createElement("p");
  list.id = `offered-${++boxes}`;
  list.className = "offered";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Networks that fit");
  status.className = "unseen";
  status.setAttribute("role", "status");
  input.after(list, status);
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id,
  })) input.setAttribute(name, value);

  const isField = input.dataset.suggest === "value";
  let chosen = -1;
  let question;
  let timer;

  const choose = (at) => {
    chosen = at;
    [...list.children].forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
    const option = list.children[at];
    if (option) {
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  };
  const close = () => {
    question?.abort();
    clearTimeout(timer);
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    choose(-1);
  };
  const take = (option) => {
    close();
    if (!isField) {
      location.assign(`/asn/${option.dataset.asn}`);
      return;
    }
    input.value = option.dataset.asn;
  };
  const offer = (networks) => {
    list.replaceChildren(...networks.map((network, index) => {
      const option = document.createElement("li");
      const small = document.createElement("small");
      option.id = `${list.id}-${index}`;
      option.dataset.asn = network.asn;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      small.textContent = ["AS" + network.asn, network.country].filter(Boolean).join(" · ");
      option.append(network.name ?? `AS${network.asn}`, " ", small);
      return option;
    }));
    chosen = -1;
    input.removeAttribute("aria-activedescendant");
    list.hidden = networks.length === 0;
    input.setAttribute("aria-expanded", String(networks.length > 0));
    const words = networks.length === 1 ? "1 network fits" : `${networks.length} networks fit`;
    status.textContent = networks.length === 0 ? "No network fits" : `${words}: use the arrow keys`;
  };
  const look = async () => {
    const query = input.value.trim();
    if (query === "") return close();
    question?.abort();
    question = new AbortController();
    const url = `/api/v1/asn?limit=${MOST_OFFERED}&query=${encodeURIComponent(query)}`;
    try {
      const response = await fetch(url, { signal: question.signal });
      if (response.ok && document.activeElement === input) offer((await response.json()).data);
    } catch {
      // Given up for a newer question, or no answer: the form still works.
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, 150);
  });
  input.addEventListener("keydown", (event) => {
    const count = list.children.length;
    if (event.key === "ArrowDown" && list.hidden) look();
    else if (list.hidden) return;
    else if (event.key === "ArrowDown") choose((chosen + 1) % count);
    else if (event.key === "ArrowUp") choose(chosen <= 0 ? count - 1 : chosen - 1);
    else if (event.key === "Enter" && chosen >= 0) take(list.children[chosen]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
  // The list goes when the field is left, but not before a press on one of its lines has counted.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) take(option);
  });
  input.addEventListener("blur", close);
}

// Charts: what a mark says, also for fingers and in the page's own type. Browsers show the title by themselves, but late.

const tip = document.createElement("p");
tip.className = "tip";
tip.hidden = true;
tip.setAttribute("aria-hidden", "true");
document.body.append(tip);

function point(event) {
  const mark = event.target.closest?.(".told");
  const words = mark?.querySelector("title")?.textContent ?? mark?.dataset.words;
  tip.hidden = !words;
  if (!words) return;
  // Else the browser shows the same a second time.
  mark.dataset.words = words;
  mark.querySelector("title")?.remove();
  tip.textContent = words;
  const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
  tip.style.left = `${Math.max(8, Math.min(event.clientX + 12, room))}px`;
  const below = event.clientY + 18;
  tip.style.top = `${below + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 10 : below}px`;
}
document.addEventListener("pointermove", point);
document.addEventListener("pointerdown", point);
addEventListener("scroll", () => { tip.hidden = true; }, { passive: true });

// Copying: a button names what it copies.

for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  const usual = button.textContent;
  const status = document.createElement("span");
  status.className = "unseen";
  status.setAttribute("role", "status");
  button.hidden = false;
  button.after(status);
  button.addEventListener("click", async () => {
    const text = source.value ?? source.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
      status.textContent = "Copied";
    } catch {
      // Without https there is no clipboard: the text is selected, so that the keyboard copies it.
      getSelection().selectAllChildren(source);
      source.select?.();
      status.textContent = "Selected: copy it with the keyboard";
    }
    setTimeout(() => { button.textContent = usual; }, 2000);
  });
}
