// Comfort for the support desk's pages: they work without it. It fetches nothing and keeps nothing.
"use strict";

// Times are written in UTC; the customer on the telephone speaks of local ones.
const two = (number) => String(number).padStart(2, "0");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
for (const time of document.querySelectorAll("time")) {
  const at = new Date(time.dateTime);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const local = `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
  if (time.hasAttribute("data-local")) time.textContent = local;
  else time.title = local;
}
if (zone) for (const name of document.querySelectorAll("[data-zone]")) name.textContent = zone;

for (const button of document.querySelectorAll("[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  const status = document.querySelector("[data-copied]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    let copied = true;
    try {
      await navigator.clipboard.writeText(source.value);
    } catch {
      // Plain http to another machine has no clipboard: the text is selected, so that the keyboard copies it.
      source.select();
      copied = document.execCommand("copy");
    }
    status.textContent = copied ? "The ticket’s text is copied." : "The text is selected: copy it with the keyboard.";
    button.textContent = copied ? "Copied" : "Selected";
  });
}
