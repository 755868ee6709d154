// Deciding by key or button: what a verdict asks for opens in place, with the next thing to do in focus.
const say = (text) => { document.getElementById("say").textContent = text; };

// The preview's questions.
const ask = (question) => {
  if (!question?.open) return;
  for (const button of question.querySelectorAll("[data-shut], .chips")) button.hidden = false;
  if (!question.contains(document.activeElement) || document.activeElement.matches("summary")) question.querySelector("[data-first]")?.focus();
};
// A key's question has the focus before the next key is read; "toggle" comes when the page has time for it.
document.addEventListener("pressed", (event) => ask(event.target.closest("details.ask")));
document.addEventListener("toggle", (event) => {
  const question = event.target;
  if (!question.matches?.("details.ask")) return;
  // What is being asked stays under the hand, whatever the live feed brings.
  const peek = question.closest("aside");
  peek?.toggleAttribute("data-live", !peek.querySelector("details.ask[open]"));
  if (!question.open) return;
  ask(question);
  say(question.querySelector(".pop b")?.textContent || "");
}, true);
const shut = (question) => { question.open = false; question.querySelector("summary").focus(); };
document.addEventListener("keydown", (event) => {
  const question = event.key === "Escape" && document.querySelector("details.ask[open]");
  if (!question) return;
  event.stopPropagation();
  shut(question);
}, true);
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-shut], [data-reason]");
  if (!button) return;
  if (button.matches("[data-shut]")) { shut(button.closest("details")); return; }
  const select = button.form?.querySelector("select[name=reason]") || button.closest("form").querySelector("select[name=reason]");
  select.value = button.dataset.reason;
  select.dispatchEvent(new Event("input", { bubbles: true }));
  button.closest("form").querySelector("textarea[name=note]")?.focus();
});

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
  for (const part of declare.querySelectorAll("[data-for]")) part.querySelector(".chips").hidden = part.dataset.for !== verdict;
  if (reason.selectedOptions[0]?.parentElement.disabled) reason.value = "";
};

const pick = (verdict) => {
  const input = declare?.querySelector(`input[value="${CSS.escape(verdict)}"]`);
  if (!input) return;
  input.checked = true;
  fit();
  const machine = declare.dataset.machine;
  const unsure = verdict === "undetermined";
  const why = verdict === "true_positive" || (["true_positive", "needs_review"].includes(machine) && !unsure);
  const note = declare.querySelector("textarea[name=note]");
  if (unsure) {
    declare.querySelector("input[name=close]").checked = false;
    note.placeholder = "What is missing?";
  }
  const target = unsure ? note : why ? reason : declare.querySelector("button[type=submit]");
  document.getElementById("decide").scrollIntoView({ block: "nearest" });
  target.focus();
  say(`${input.closest("label").querySelector("span").textContent}. ${unsure ? "Write what is missing." : why ? "Choose a reason." : "Enter saves."}`);
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
const countdown = () => {
  for (const toast of document.querySelectorAll("[data-toast]:not([data-runs])")) {
    toast.dataset.runs = "";
    let left = Number(toast.dataset.toast);
    const count = document.createElement("span");
    count.className = "count";
    toast.querySelector(".sp").before(count);
    const tick = () => {
      count.textContent = left > 0 && toast.querySelector("form") ? `${left} s` : "";
      if (left <= 0 || !toast.isConnected) { toast.hidden = true; clearInterval(timer); }
      if (!toast.matches(":hover, :focus-within")) left -= 1;
    };
    const timer = setInterval(tick, 1000);
    tick();
  }
};
countdown();
document.addEventListener("swapped", countdown);
