// What is typed on a case page is kept on the server: when the field is left, and a second after typing stopped.
const page = location.pathname.match(/^\/cases\/\d+/)?.[0];

const guard = (form) => {
  let timer = 0;
  let last = "";
  const fields = () => {
    const body = new URLSearchParams(new FormData(form));
    body.set("form", form.dataset.draft);
    for (const name of ["version", "idempotency_key", "close", "from"]) body.delete(name);
    return body;
  };
  const save = () => {
    clearTimeout(timer);
    timer = 0;
    const body = fields();
    if (body.toString() === last) return;
    last = body.toString();
    fetch(`${page}/draft`, { method: "POST", body, keepalive: last.length < 60_000 }).catch(() => { last = ""; });
  };
  const later = (ms) => { clearTimeout(timer); timer = setTimeout(save, ms); };
  form.addEventListener("input", () => later(1000));
  // A press of the form's own button leaves the field as well; then the form itself is what is saved.
  form.addEventListener("focusout", () => { if (timer) later(150); });
  form.addEventListener("submit", () => { clearTimeout(timer); timer = 0; });
  addEventListener("pagehide", () => { if (timer) save(); });
};

if (page) for (const form of document.querySelectorAll("form[data-draft]")) guard(form);
