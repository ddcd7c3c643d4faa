// The run list, a workflow's pages and the dispatch form: links to copy, lists to filter, boxes to tick, forms in dialogs.

import {bind} from "./keys.js";

const say = (text) => (document.getElementById("say").textContent = text);

async function copyLink(button) {
  const address = new URL(button.dataset.copyLink, location.href).href;
  try {
    await navigator.clipboard.writeText(address);
  } catch {
    const field = document.body.appendChild(Object.assign(document.createElement("textarea"), {value: address}));
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  button.closest("details").open = false;
  button.closest("details").querySelector("summary").focus();
  say("Copied");
}

function tickAll(button) {
  const boxes = [...document.querySelectorAll('input[name="' + button.dataset.tickAll + '"]')];
  const on = boxes.some((box) => !box.checked);
  for (const box of boxes) box.checked = on;
}

/** Hides what does not hold the words of a filter's field. */
function filter(field) {
  const words = field.value.trim().toLowerCase().split(/\s+/);
  for (const one of document.querySelectorAll(field.dataset.filter)) {
    const text = one.textContent.toLowerCase();
    const hidden = !words.every((word) => text.includes(word));
    if (one.hidden !== hidden) one.hidden = hidden;
  }
}

const filters = () => document.querySelectorAll("[data-filter]");

// Live updates bring what is hidden back.
const side = document.querySelector(".side nav");
if (side && filters().length) new MutationObserver(() => filters().forEach(filter)).observe(side, {childList: true, subtree: true});

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-filter]")) filter(event.target);
});

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-copy-link], [data-tick-all], a[data-dialog]");
  if (!target || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (target.dataset.copyLink) return copyLink(target);
  if (target.dataset.tickAll) return tickAll(target);
  event.preventDefault();
  import("./dialog.js").then((dialog) => dialog.open(target));
});

if (document.querySelector("[data-refetch]")) import("./dialog.js");

const run = document.querySelector("a.primary[data-dialog]");
if (run) bind("d", "Run this workflow", () => run.click());
