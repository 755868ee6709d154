// Single keys: off while somebody types, with a modifier held, or where the person switched them off.
// A key that no control on the page claims goes on as the event "shortcut"; a module that takes it cancels that.
const root = document.documentElement;
const help = document.getElementById("help");
const opener = document.getElementById("help-b");
if (opener) {
  opener.hidden = false;
  opener.addEventListener("click", () => help.showModal());
}

const rows = () => [...document.querySelectorAll(".q tbody tr")];
const at = () => Math.max(0, rows().findIndex((row) => row.contains(document.activeElement) || row.classList.contains("cur")));
let moved = 0;
let goes = 0;

const move = (step) => {
  const all = rows();
  if (!all.length) return;
  const next = all[Math.min(all.length - 1, Math.max(0, at() + step))];
  const link = next.querySelector(".peek-l");
  moved = Date.now();
  // The preview belongs to the row, so moving loads it; focus goes on to the row's link there.
  sessionStorage.focusRow = next.dataset.row;
  if (link && !next.classList.contains("cur")) location.replace(link.href);
  else next.querySelector("a.t").focus();
};

const press = (key) => {
  const button = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!button || button.disabled) return false;
  button.click();
  return true;
};

const choose = (key) => {
  const label = [...document.querySelectorAll("#declare .opt")].find((option) => option.querySelector("kbd")?.textContent.toLowerCase() === key);
  if (!label) return false;
  document.dispatchEvent(new CustomEvent("decide", { detail: label.querySelector("input").value }));
  return true;
};

const PLACES = { q: "/cases", s: "/search", r: "/rules", h: "/sensors", m: "/models" };
const back = () => { if (/^\/cases\/\d+/.test(location.pathname)) location.href = sessionStorage.queue || "/cases"; };

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select");
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && typing) { typing.form?.requestSubmit(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || root.dataset.keys === "off") return;
  if (typing) { if (event.key === "Escape") event.target.blur(); return; }
  if (help.open) return;
  const key = event.key;
  if (goes && Date.now() - goes < 900) { goes = 0; if (PLACES[key]) location.href = PLACES[key]; return; }
  let used = true;
  if (key === "g") goes = Date.now();
  else if (key === "j") move(1);
  else if (key === "k") move(-1);
  else if (key === "o") rows()[at()]?.querySelector("a.t").click();
  else if (key === "Escape") back();
  else if (key === "/") document.getElementById("q").focus();
  else if (key === "n") document.getElementById("note")?.focus();
  else if (key === "c") document.querySelector("[data-command]")?.parentElement.querySelector("[data-copy]")?.click();
  else if ("fbte".includes(key) && (event.repeat || Date.now() - moved < 250)) used = true;
  else used = press(key) || choose(key) || !document.dispatchEvent(new CustomEvent("shortcut", { cancelable: true, detail: event }));
  if (used) event.preventDefault();
});

if (location.pathname === "/cases") {
  sessionStorage.queue = location.href;
  const wanted = rows().find((row) => row.dataset.row === sessionStorage.focusRow);
  wanted?.querySelector("a.t").focus();
  delete sessionStorage.focusRow;
}
