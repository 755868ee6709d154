// Deciding by key or button: at once where nothing argues against it, otherwise by the form with what is missing.
const AGREES = { false_positive: "fp", true_positive: "tp", benign_true_positive: "fp" };
const say = (text) => { document.getElementById("say").textContent = text; };

// The preview: flags and disagreement lead to the case page, where they can be read and a reason given.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-decide]");
  const verdict = event.submitter?.value;
  if (!form || !verdict) return;
  const agrees = AGREES[verdict] === form.dataset.machine && verdict !== "true_positive";
  if (agrees && form.dataset.flags === "0") return;
  event.preventDefault();
  if (agrees && form.dataset.sure !== verdict) {
    form.dataset.sure = verdict;
    event.submitter.setAttribute("aria-pressed", "true");
    say(`${form.dataset.flags} things argue against this. Press again to close it all the same.`);
    let hint = form.querySelector(".sure");
    if (!hint) { hint = document.createElement("p"); hint.className = "wide sure c-su"; form.prepend(hint); }
    hint.textContent = `${form.dataset.flags} things argue against this. Press again to close it all the same.`;
    return;
  }
  if (agrees) { HTMLFormElement.prototype.submit.call(withVerdict(form, verdict)); return; }
  location.href = `${form.dataset.page}#decide-${verdict}`;
});

const withVerdict = (form, verdict) => {
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name: "verdict", value: verdict });
  form.append(field);
  return form;
};

// The case page: a key chooses the verdict and goes to what is needed next.
const declare = document.getElementById("declare");
const reason = declare?.querySelector("select[name=reason]");
const groups = reason ? [...reason.querySelectorAll("optgroup")] : [];
const chosen = () => declare.querySelector("input[name=verdict]:checked")?.value;

const fit = () => {
  const verdict = chosen();
  for (const group of groups) {
    group.hidden = Boolean(verdict) && group.dataset.verdict !== verdict;
    group.disabled = group.hidden;
  }
  if (reason.selectedOptions[0]?.parentElement.disabled) reason.value = "";
};

const pick = (verdict) => {
  const input = declare?.querySelector(`input[value="${CSS.escape(verdict)}"]`);
  if (!input) return;
  input.checked = true;
  fit();
  const machine = declare.dataset.machine;
  const disagrees = verdict === "true_positive" || (machine === "true_positive" && verdict !== "undetermined");
  if (verdict === "undetermined") declare.querySelector("input[name=close]").checked = false;
  const target = disagrees ? reason : declare.querySelector("button[type=submit]");
  document.getElementById("decide").scrollIntoView({ block: "nearest" });
  target.focus();
  say(`${input.closest("label").querySelector("span").textContent}. ${disagrees ? "Choose a reason." : "Enter saves."}`);
};

if (declare) {
  declare.addEventListener("change", fit);
  fit();
  document.addEventListener("decide", (event) => pick(event.detail));
  const asked = () => {
    const verdict = location.hash.match(/^#decide-(\w+)$/)?.[1];
    if (verdict) pick(verdict);
  };
  addEventListener("hashchange", asked);
  // Going to the fragment takes the focus away, so the choice comes after it.
  if (document.readyState === "complete") asked();
  else addEventListener("load", () => setTimeout(asked));
}

// The toast counts down, and waits while somebody is at it.
for (const toast of document.querySelectorAll("[data-toast]")) {
  let left = Number(toast.dataset.toast);
  const count = document.createElement("span");
  count.className = "count";
  toast.querySelector(".sp").before(count);
  const tick = () => {
    count.textContent = left > 0 ? `${left} s` : "";
    if (left <= 0) { toast.hidden = true; clearInterval(timer); }
    if (!toast.matches(":hover, :focus-within")) left -= 1;
  };
  const timer = setInterval(tick, 1000);
  tick();
}
