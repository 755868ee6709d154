// Back leads to the row from which a case was opened: before leaving, the address takes the row in.
const go = (row) => {
  const peek = row?.querySelector(".peek-l");
  if (!peek) return;
  history.scrollRestoration = "manual";
  sessionStorage.queueTop = scrollY;
  history.replaceState(history.state, "", peek.href);
  sessionStorage.queue = location.href;
};
document.addEventListener("click", (event) => {
  const link = event.target.closest(".q tbody a[href^='/cases/'], .peek a[href^='/cases/']");
  if (link) go(link.closest("tr") ?? document.querySelector(".q tr.cur"));
});

// Then that row is current, focused and in sight again. The place is kept here: the browser puts it back at a time
// of its own, which may be after ours.
const came = performance.getEntriesByType("navigation")[0]?.type;
if (history.scrollRestoration === "manual" && (came === "back_forward" || came === "reload")) {
  scrollTo({ top: Number(sessionStorage.queueTop ?? 0), behavior: "instant" });
  const row = document.querySelector(".q tr.cur");
  row?.querySelector("a.t").focus({ preventScroll: true });
  row?.scrollIntoView({ block: "nearest", behavior: "instant" });
}
// A page from the back-forward cache is made anew.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
