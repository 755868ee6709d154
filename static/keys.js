// Single keys: off while somebody types, with a modifier held, or where the person switched them off.
// A key presses the visible control that names it. What no control claims goes on as the event "shortcut";
// a module that takes it cancels that.
const root = document.documentElement;
const help = document.getElementById("help");
const opener = document.getElementById("help-b");
if (opener) {
  opener.hidden = false;
  opener.addEventListener("click", () => help.showModal());
}

const rows = () => [...document.querySelectorAll(".q tbody tr")];
const current = () => rows().find((row) => row.contains(document.activeElement)) || rows().find((row) => row.classList.contains("cur")) || rows()[0];
const onCase = /^\/cases\/\d+/.test(location.pathname);
const SECTIONS = ["why", "process", "votes", "detections", "intel", "timeline", "raw"];
const PLACES = { q: "/cases", d: "/dashboard", o: "/handover", s: "/search", r: "/rules", m: "/models", h: "/sensors", a: "/admin/integrations" };
const DECIDING = ["f", "b", "t", "e"];
let moved = 0;
let goes = 0;
for (const event of ["move", "swapped"]) document.addEventListener(event, () => { moved = Date.now(); });

// A control of a page's part that is not shown or that waits for its data is none; a closed menu's is one.
const usable = (control) => !control.disabled && !control.closest("[hidden], [inert]") && control.closest("aside, nav, .toast, .bulk")?.checkVisibility() !== false;
const press = (key) => {
  const controls = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].filter(usable);
  // A toast's undo comes before the one in the menu.
  const control = controls.find((one) => one.checkVisibility()) || controls[0];
  control?.click();
  control?.dispatchEvent(new CustomEvent("pressed", { bubbles: true }));
  return Boolean(control);
};

const choose = (key) => {
  const label = [...document.querySelectorAll("#declare .opt")].find((option) => option.querySelector("kbd")?.textContent.toLowerCase() === key);
  if (!label) return false;
  document.dispatchEvent(new CustomEvent("decide", { detail: label.querySelector("input").value }));
  return true;
};

const move = (step) => press(step > 0 ? "j" : "k") || !document.dispatchEvent(new CustomEvent("move", { cancelable: true, detail: step }));

const jump = (number) => {
  const tab = document.querySelector(`#tabs a[data-key="${number}"]`);
  if (tab) tab.click();
  const section = onCase && document.getElementById(SECTIONS[number - 1]);
  if (section) {
    section.scrollIntoView();
    section.tabIndex = -1;
    section.focus({ preventScroll: true });
  }
  return Boolean(tab || section);
};

const unfold = (open) => {
  const folded = document.querySelectorAll("details.raw");
  for (const one of folded) one.open = open;
  return folded.length > 0;
};

const focus = (css) => {
  const found = document.querySelector(css);
  found?.focus();
  return Boolean(found);
};

const copy = () => {
  const button = document.querySelector("[data-command]")?.parentElement.querySelector("[data-copy]");
  button?.click();
  return Boolean(button);
};

const OWN = {
  j: () => move(1),
  k: () => move(-1),
  o: () => { const link = current()?.querySelector("a.t"); link?.click(); return Boolean(link); },
  "/": () => focus("#q"),
  n: () => press("n") || focus("#note"),
  c: copy,
  ".": () => press(".") || focus("#actions summary") || focus(".decide .btn"),
  "[": () => unfold(false),
  "]": () => unfold(true),
};
const others = (key, event) =>
  OWN[key]?.() || (/^[1-7]$/.test(key) && jump(Number(key))) || press(key) || choose(key)
  || !document.dispatchEvent(new CustomEvent("shortcut", { cancelable: true, detail: event }));

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select");
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.target.closest("form")?.requestSubmit(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || root.dataset.keys === "off") return;
  if (typing) { if (event.key === "Escape") event.target.blur(); return; }
  if (help.open) return;
  const key = event.key;
  // Holding a key decides one case only, and never the one that has just come under the hand.
  if ([...DECIDING, "u", "Enter"].includes(key) && event.repeat) { event.preventDefault(); return; }
  if (DECIDING.includes(key) && Date.now() - moved < 250) { event.preventDefault(); return; }
  if (goes && Date.now() - goes < 900) {
    goes = 0;
    if (PLACES[key]) location.href = PLACES[key];
    return;
  }
  if (key === "g") { goes = Date.now(); event.preventDefault(); return; }
  if (others(key, event)) event.preventDefault();
  else if (key === "Escape" && onCase) location.href = "/cases";
});
