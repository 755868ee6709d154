// Selecting rows of the queue: x, Shift x for a range, * a for the same behaviour. What is selected is known by its
// row, so that it stays selected when rows are fetched again. The bar comes and goes by the stylesheet alone.
const picked = new Map();
let last;
let star = 0;

const boxes = () => [...document.querySelectorAll(".q .pick input")];
const row = (box) => box.closest("tr").dataset.row;
const say = (text) => { document.getElementById("say").textContent = text; };

const tell = (aloud) => {
  const on = boxes().filter((box) => box.checked);
  const more = on.some((box) => /\+/.test(box.dataset.cases));
  const count = on.reduce((sum, box) => sum + (Number.parseInt(box.dataset.cases, 10) || 1), 0);
  const text = `${count}${more ? "+" : ""} selected`;
  const label = document.getElementById("picked");
  if (label) label.textContent = text;
  // What stands for many cases can't be named one by one.
  const merge = document.getElementById("merge");
  if (merge) merge.hidden = on.length < 2 || on.some((box) => box.name !== "numbers");
  if (aloud) say(text);
};

const pick = (all, on) => {
  for (const box of all) {
    box.checked = on;
    if (on) picked.set(row(box), box.name + box.value);
    else picked.delete(row(box));
  }
  tell(true);
};

const current = () => {
  const all = boxes();
  const at = (css) => all.find((box) => box.closest("tr").matches(css));
  return at(":focus-within") || at(".cur") || all[0];
};

const range = (to) => {
  const all = boxes();
  const from = all.findIndex((box) => row(box) === last);
  const at = all.indexOf(to);
  pick(all.slice(Math.min(from < 0 ? at : from, at), Math.max(from, at) + 1), true);
};

document.addEventListener("shortcut", (event) => {
  const box = current();
  const key = event.detail.key;
  if (!box || !["x", "X", "*"].includes(key)) return;
  event.preventDefault();
  if (key === "*") { star = Date.now(); return; }
  if (key === "X") range(box);
  else pick([box], !box.checked);
  last = row(box);
});
// Before what else a stands for.
document.addEventListener("keydown", (event) => {
  const starred = event.key === "a" && Date.now() - star < 900;
  if (event.key !== "Shift") star = 0;
  const box = starred && current();
  if (!box) return;
  event.preventDefault();
  event.stopPropagation();
  pick(boxes().filter((one) => one.dataset.like === box.dataset.like), true);
}, true);

document.addEventListener("click", (event) => {
  if (event.target.closest("#clear")) {
    event.preventDefault();
    pick(boxes(), false);
  } else if (event.target.matches(".pick input")) {
    if (event.shiftKey && event.target.checked) range(event.target);
    pick([event.target], event.target.checked);
    last = row(event.target);
  }
});

// Rows that came anew; one that stands for more cases than it did was not selected.
const again = () => {
  for (const box of boxes()) if (picked.get(row(box)) === box.name + box.value) box.checked = true;
  tell(false);
};
for (const event of ["swapped", "fresh"]) document.addEventListener(event, again);
tell(false);
