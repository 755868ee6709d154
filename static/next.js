// The queue without navigation: what a verdict, an undo or a step leads to is fetched, and the regions that
// the server rendered are swapped in whole. Nothing is shown as done before the server has answered.
const say = (text) => { document.getElementById("say").textContent = text; };
const parse = (html) => new DOMParser().parseFromString(html, "text/html");
const html = { headers: { accept: "text/html" } };
const PEEK = ".peek";
const AFTER_ACT = ["#tabs", "#nav-count", "#rows", PEEK, "#done"];
let busy = false;
let asked;

const current = () => document.querySelector(".q tr.cur");
const focus = () => (current()?.querySelector("a.t") || document.getElementById("main")).focus({ preventScroll: true });

const swap = (page, address, regions) => {
  for (const css of regions) {
    const [old, next] = [document.querySelector(css), page.querySelector(css)];
    if (old && next) old.replaceWith(next);
  }
  for (const button of document.querySelectorAll(".peek [data-copy][hidden]")) button.hidden = false;
  const url = new URL(address, location);
  for (const told of ["done", "undone", "snoozed", "bulk", "assigned"]) url.searchParams.delete(told);
  history.replaceState(null, "", url);
  document.dispatchEvent(new CustomEvent("swapped"));
};

// What stands in the row or the form while and after something is sent.
const mark = (place, css, text) => {
  if (!place) return;
  let line = place.querySelector(`:scope > .${css}`);
  if (!line) {
    line = document.createElement("p");
    line.className = css;
    place.append(line);
  }
  line.textContent = text;
};

const problem = async (reply) => {
  if (new URL(reply.url).pathname === "/login") return "You were signed out. Sign in in another tab, then try again. Your text is still here.";
  const page = parse(await reply.text());
  const told = page.querySelector(".banner[role=alert]") || page.querySelector("[role=alert]") || page.querySelector(".login-c p:not(.brand)");
  return told?.textContent.trim() || `Not saved: the server answered ${reply.status}.`;
};

const failed = (form, row, why) => {
  mark(row?.querySelector("th"), "saving", "");
  mark(form.closest(".decide") ? form : document.getElementById("done"), "err", why);
  say(why);
  setTimeout(() => document.querySelector("#done > .err")?.remove(), 8000);
};

const send = async (form, button) => {
  if (busy) return;
  busy = true;
  asked?.abort();
  const body = new URLSearchParams(new FormData(form, button));
  if (form.getAttribute("action") === "/undo") {
    const fresh = { next: "queue", from: location.search.slice(1), idempotency_key: `${Date.now()}.${Math.random()}` };
    for (const [name, value] of Object.entries(fresh)) body.set(name, value);
  }
  const row = form.closest(PEEK) && current();
  row?.classList.add("busy");
  const slow = setTimeout(() => mark(row?.querySelector("th"), "saving", "Saving"), 300);
  try {
    const reply = await fetch(form.action, { method: "POST", body, ...html });
    if (reply.ok && new URL(reply.url).pathname === "/cases") {
      swap(parse(await reply.text()), reply.url, AFTER_ACT);
      say(document.querySelector("#done .toast span")?.textContent || "Saved.");
      focus();
    } else if (reply.ok && /^\/cases\/bulk\//.test(new URL(reply.url).pathname)) location.href = reply.url;
    else failed(form, row, await problem(reply));
  } catch {
    failed(form, row, "Not saved: the server did not answer. Your text is still here.");
  } finally {
    clearTimeout(slow);
    row?.classList.remove("busy");
    busy = false;
  }
};

// The row is current at once; its preview can't be used before it has come.
const show = async (row) => {
  const link = row.querySelector(".peek-l");
  current()?.classList.remove("cur");
  row.classList.add("cur");
  row.querySelector("a.t").focus();
  row.scrollIntoView({ block: "nearest" });
  const peek = document.querySelector(PEEK);
  if (!link || !peek?.checkVisibility()) return;
  peek.inert = true;
  asked?.abort();
  asked = new AbortController();
  try {
    const reply = await fetch(link.href, { signal: asked.signal, ...html });
    if (!reply.ok || reply.redirected) location.href = link.href;
    else swap(parse(await reply.text()), link.href, [PEEK]);
  } catch (error) {
    if (error.name !== "AbortError") say("The preview could not be fetched.");
  }
};

if (location.pathname === "/cases") {
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || !event.target.matches("form[data-swap]")) return;
    event.preventDefault();
    send(event.target, event.submitter);
  });
  document.addEventListener("move", (event) => {
    event.preventDefault();
    if (busy) return;
    const all = [...document.querySelectorAll(".q tbody tr")];
    const at = all.findIndex((row) => row.classList.contains("cur"));
    const next = all[Math.min(all.length - 1, Math.max(0, at + event.detail))];
    if (next && next !== all[at]) show(next);
    else focus();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".peek-l");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    if (!busy) show(link.closest("tr"));
  });
  const wanted = new URL(location).searchParams.get("peek");
  if (wanted && document.activeElement === document.body) focus();
} else {
  // Forms of a case page lead back to it with the list that it was opened from.
  const from = new URL(location).searchParams.get("from");
  document.addEventListener("submit", (event) => {
    const action = event.target.getAttribute("action") || "";
    if (from !== null && action === "/undo") {
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name: "from", value: from });
      event.target.append(field);
    }
    if (from === null || !/^\/cases\/\d+\/[^?]+$/.test(action)) return;
    event.target.setAttribute("action", `${action}?from=${encodeURIComponent(from)}`);
  });
}
