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
