// Live pages without fragments: when the server says that a case changed, fetch this page again and
// swap the regions marked data-live. Nothing moves under the hand: a region with focus stays, open
// details stay open, new rows of the queue wait behind a button, and rows that others decided stay, dimmed.
const dot = document.getElementById("feed");
const word = dot?.querySelector("span");
const fresh = document.getElementById("fresh");
const stale = document.getElementById("stale");
// A form that was refused answers with the page under the form's own address, which can't be fetched.
const place = document.querySelector("[data-page]")?.dataset.page;
const shownCase = place?.match(/^\/cases\/(\d+)$/)?.[1];
const QUIET = 35_000;
let feed;
let tries = 0;
let heard = Date.now();
let due = 0;
let last = new Date();

const clock = (at) => at.toISOString().slice(11, 19);
const openDetails = (region) => [...region.querySelectorAll("details")].map((details) => details.open);
const numbers = (page) => new Set([...page.querySelectorAll("[data-row]")].map((row) => row.dataset.row));

// What the server sent for a region, before scripts changed it.
const sent = new WeakMap();
const html = (region) => sent.get(region) ?? region.outerHTML;

const replace = (old, next) => {
  const open = openDetails(old);
  const height = old.offsetHeight;
  sent.set(next, next.outerHTML);
  if (next.dataset.say && next.dataset.say !== old.dataset.say) document.getElementById("say").textContent = next.dataset.say;
  // A selected row stays selected.
  const [was, is] = [old.querySelector(".pick :checked"), next.querySelector(".pick input")];
  // One that stands for more than before was not selected.
  if (was && is && was.name === is.name && was.value === is.value) is.checked = true;
  old.replaceWith(next);
  // What stands below stays where it is, also where less came than there was.
  if (next.offsetHeight < height && next.matches("section")) next.style.minBlockSize = `${height}px`;
  next.querySelectorAll("details").forEach((details, at) => { if (open[at]) details.open = true; });
  next.querySelectorAll("[hidden][data-copy]").forEach((button) => { button.hidden = false; });
};

// Rows that are on this page and not in the fresh one: somebody decided them, or they went elsewhere.
const dim = async (there) => {
  const gone = [...document.querySelectorAll("tr[data-row]:not(.gone, [data-busy])")].filter((row) => !there.has(row.dataset.row));
  if (!gone.length) return;
  const reply = await fetch(`/cases/states?numbers=${gone.map((row) => row.dataset.row)}`);
  if (!reply.ok) return;
  const told = new DOMParser().parseFromString(await reply.text(), "text/html");
  for (const row of gone) {
    const text = told.getElementById(`state-${row.dataset.row}`)?.textContent;
    const place = row.querySelector(".sub");
    if (!text || !place) continue;
    row.classList.add("gone");
    place.textContent = text;
  }
};

const swap = (page) => {
  // Before its rows move from there to here.
  const there = numbers(page);
  for (const old of document.querySelectorAll("[data-live][id]")) {
    const next = page.getElementById(old.id);
    if (next && !old.inert && !old.contains(document.activeElement) && html(old) !== next.outerHTML) replace(old, next);
  }
  document.dispatchEvent(new CustomEvent("fresh"));
  if (!fresh) return;
  const known = numbers(document);
  const added = [...there].filter((number) => !known.has(number)).length;
  fresh.hidden = added === 0;
  fresh.textContent = added === 1 ? "1 new case, show" : `${added} new cases, show`;
  dim(there).catch(() => {});
};

const failed = (yes) => {
  if (!stale) return;
  stale.hidden = !yes;
  if (yes) stale.querySelector("span").textContent = `The queue could not be refreshed at ${clock(new Date())} UTC. Shown as of ${clock(last)}.`;
};

const refresh = async () => {
  try {
    const reply = await fetch(place && place !== location.pathname ? place : location.href, { headers: { accept: "text/html", "x-live": "1" } });
    if (reply.redirected && new URL(reply.url).pathname === "/login") { feed?.close(); word.textContent = "Signed out"; return; }
    if (!reply.ok) throw new Error(reply.statusText);
    swap(new DOMParser().parseFromString(await reply.text(), "text/html"));
    last = new Date();
    failed(false);
  } catch { failed(true); }
};

const soon = () => {
  clearTimeout(due);
  due = setTimeout(refresh, 100);
};

const state = (live) => {
  dot.hidden = false;
  dot.classList.toggle("off", !live);
  word.textContent = live ? "Live" : `Reconnecting, data as of ${clock(last)}`;
};

const alive = () => {
  heard = Date.now();
  tries = 0;
  state(true);
};

const connect = () => {
  feed?.close();
  feed = new EventSource(shownCase ? `/events?case=${shownCase}` : "/events");
  feed.addEventListener("hello", (event) => {
    alive();
    // Something happened after this page was made and before the feed began.
    if (Number(event.data) > Number(dot.dataset.feed)) soon();
    dot.dataset.feed = event.data;
  });
  feed.addEventListener("beat", alive);
  feed.addEventListener("case", (event) => {
    alive();
    dot.dataset.feed = event.lastEventId || dot.dataset.feed;
    if (!shownCase || event.data === shownCase) soon();
  });
  feed.addEventListener("error", () => {
    state(false);
    // The browser connects again by itself but where the server refused.
    if (feed.readyState === EventSource.CLOSED) setTimeout(connect, Math.min(60_000, 2000 * 2 ** tries++));
  });
};

if (dot && document.querySelector("[data-live]")) {
  connect();
  // A page that is kept for going back looks at nothing.
  addEventListener("pagehide", () => feed.close());
  addEventListener("pageshow", (event) => { if (event.persisted) { connect(); soon(); } });
  stale?.querySelector("button").addEventListener("click", refresh);
  // Without a word for too long the feed may be dead without knowing: look oneself, and try another.
  setInterval(() => {
    if (Date.now() - heard < QUIET) return;
    state(false);
    refresh();
    if (feed.readyState === EventSource.OPEN) connect();
  }, 20_000);
}
