// Small things: the theme without a reload, copying, and times in words.
const say = (text) => { document.getElementById("say").textContent = text; };
const root = document.documentElement;

document.getElementById("theme")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  fetch(form.action, { method: "POST", body: new URLSearchParams({ theme: root.dataset.theme }) });
  say(dark ? "Light theme" : "Dark theme");
});

for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  navigator.clipboard?.writeText(button.dataset.copy).then(() => say("Copied"), () => say("Copy failed. Select the text instead."));
});

// The document as the server has it; the page doesn't carry it twice.
for (const button of document.querySelectorAll("[data-copy-from]")) button.hidden = false;
document.addEventListener("click", async (event) => {
  const from = event.target.closest("[data-copy-from]")?.dataset.copyFrom;
  const link = event.target.closest("a[data-decode]");
  try {
    if (from) {
      const reply = await fetch(from);
      if (!reply.ok || reply.redirected) throw new Error(reply.statusText);
      await navigator.clipboard.writeText(await reply.text());
      say("Copied");
    } else if (link && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      const page = new DOMParser().parseFromString(await (await fetch(link.href)).text(), "text/html");
      const text = page.getElementById("decoded");
      text.removeAttribute("id");
      link.replaceWith(text);
      say("Decoded");
    }
  } catch {
    if (link) location.href = link.href;
    else say("Copy failed. Download it instead.");
  }
});

const ago = (ms) => {
  const min = Math.max(0, Math.floor(ms / 60_000));
  if (min < 1) return "just now";
  if (min < 60) return `${min} min ago`;
  return min < 1440 ? `${Math.floor(min / 60)} h ${String(min % 60).padStart(2, "0")} min ago` : `${Math.floor(min / 1440)} d ago`;
};
const times = () => {
  for (const time of document.querySelectorAll("time[data-ago]")) time.textContent = ago(Date.now() - Date.parse(time.dateTime));
};
times();
setInterval(times, 30_000);
