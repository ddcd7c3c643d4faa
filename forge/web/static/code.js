// Lines of a file: a click on a number marks the line, with shift all lines from the one before; the address says which,
// and the permalink goes to the same lines at the commit.

const box = document.querySelector("[data-lines]");
const link = document.getElementById("permalink");
const MARKED = /^#L(\d+)(?:-L?(\d+))?$/;

function marked() {
  const found = MARKED.exec(location.hash);
  if (!found) return null;
  const ends = [Number(found[1]), Number(found[2] || found[1])];
  return [Math.min(...ends), Math.max(...ends)];
}

function draw(scroll) {
  for (const line of box.querySelectorAll(".ln.on")) line.classList.remove("on");
  const range = marked();
  link.hash = range ? location.hash : "";
  if (!range) return;
  for (let number = range[0]; number <= Math.min(range[1], box.children.length); number += 1) {
    document.getElementById("L" + number).classList.add("on");
  }
  if (scroll) document.getElementById("L" + range[0])?.scrollIntoView({block: "center"});
}

function chosen(event) {
  const line = event.target.closest(".ln");
  // Only the number: text is there to be selected.
  if (!line || event.clientX - line.getBoundingClientRect().left > parseFloat(getComputedStyle(line).paddingLeft)) return;
  const number = Number(line.dataset.n);
  const from = event.shiftKey && marked() ? marked()[0] : number;
  const hash = from === number ? "#L" + number : "#L" + Math.min(from, number) + "-L" + Math.max(from, number);
  history.replaceState(null, "", hash);
  draw(false);
}

if (box) {
  box.addEventListener("click", chosen);
  window.addEventListener("hashchange", () => draw(true));
  draw(true);
}
