// Live pages without fragments: when the server says that a case changed, fetch this page again and
// swap the regions marked data-live. Nothing moves under the hand: a region with focus stays, open
// details stay open, and new rows of the queue wait behind a button.
const dot = document.getElementById("feed");
const word = dot?.querySelector("span");
const fresh = document.getElementById("fresh");
const shownCase = location.pathname.match(/^\/cases\/(\d+)$/)?.[1];
let heard = Date.now();
let due = 0;
let last = new Date();

const openDetails = (region) => [...region.querySelectorAll("details")].map((details) => details.open);

const swap = (page) => {
  for (const old of document.querySelectorAll("[data-live][id]")) {
    const next = page.getElementById(old.id);
    if (!next || old.contains(document.activeElement) || old.outerHTML === next.outerHTML) continue;
    const open = openDetails(old);
    old.replaceWith(next);
    next.querySelectorAll("details").forEach((details, at) => { if (open[at]) details.open = true; });
    next.querySelectorAll("[hidden][data-copy]").forEach((button) => { button.hidden = false; });
  }
  if (!fresh) return;
  const known = new Set([...document.querySelectorAll("[data-row]")].map((row) => row.dataset.row));
  const added = [...page.querySelectorAll("[data-row]")].filter((row) => !known.has(row.dataset.row)).length;
  fresh.hidden = added === 0;
  fresh.textContent = added === 1 ? "1 new case, show" : `${added} new cases, show`;
};

const refresh = async () => {
  try {
    const reply = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!reply.ok || reply.redirected) return;
    swap(new DOMParser().parseFromString(await reply.text(), "text/html"));
    last = new Date();
  } catch { /* the next beat tries again */ }
};

const soon = () => {
  clearTimeout(due);
  due = setTimeout(refresh, 100);
};

const state = (live) => {
  dot.hidden = false;
  dot.classList.toggle("off", !live);
  word.textContent = live ? "Live" : `Reconnecting, data as of ${last.toISOString().slice(11, 19)}`;
};

if (dot && document.querySelector("[data-live]")) {
  const feed = new EventSource("/events");
  feed.addEventListener("hello", (event) => {
    heard = Date.now();
    state(true);
    // Something happened after this page was made and before the feed began.
    if (Number(event.data) > Number(dot.dataset.feed)) soon();
    dot.dataset.feed = event.data;
  });
  feed.addEventListener("case", (event) => {
    heard = Date.now();
    state(true);
    if (!shownCase || event.data === shownCase) soon();
  });
  feed.addEventListener("error", () => state(false));
  feed.addEventListener("open", () => { heard = Date.now(); state(true); });
  // Comments don't reach scripts, so a connection counts as alive while the browser says that it is open.
  setInterval(() => {
    if (feed.readyState === EventSource.OPEN) heard = Date.now();
    if (Date.now() - heard > 35_000) { state(false); refresh(); }
  }, 20_000);
}
