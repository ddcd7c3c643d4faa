// A step's log on paper: as many lines as make sense there, one below the other, and where all of them are.

import {make} from "./line.js";
import {PAGE} from "./log_pages.js";

const MOST = 10000; // lines of one step

/** The lines that would be printed, from 0: all, or those around what is on the screen, in whole pages. */
function wanted(viewer) {
  const middle = viewer.first - 1;
  const first = Math.max(0, Math.min(middle - MOST / 2, viewer.total - MOST));
  return [first - (first % PAGE), middle, Math.min(viewer.total, Math.ceil((first + MOST) / PAGE) * PAGE)];
}

const printed = (viewer) => viewer.box && viewer.details.open && viewer.total;

/** Fetches what will be printed. */
export async function fetchAll(viewer) {
  if (!printed(viewer)) return;
  const [first, , end] = wanted(viewer);
  for (let at = first; at < end; at += PAGE) await viewer.source.line(at);
}

/** Draws it; what has not been fetched cannot be, and the note says so. */
export function unroll(viewer) {
  if (!printed(viewer)) return;
  let [first, middle, end] = wanted(viewer);
  const there = (at) => (viewer.source.pages.get(Math.floor(at / PAGE))?.lines.length || 0) > at % PAGE;
  const gap = (from, by) => {
    let at = Math.floor(from / PAGE) * PAGE;
    while (at >= first && at < end && there(at)) at += by;
    return at;
  };
  first = Math.max(first, gap(middle, -PAGE) + PAGE);
  end = Math.min(end, gap(middle, PAGE));
  viewer.onPaper = true;
  viewer.drawAll(first, end);
  if (first === 0 && end >= viewer.total) return;
  const address = new URL(`${document.body.dataset.log}?step=${viewer.step}`, location.href);
  const number = (value) => value.toLocaleString("en");
  const text = `Lines ${number(first + 1)} to ${number(end)} of ${number(viewer.total)}. All of them: ${address}`;
  viewer.frame.before(make("p", "paper", text));
}

/** The screen again. */
export function rollUp(viewer) {
  viewer.onPaper = false;
  if (!viewer.box) return;
  for (const note of viewer.details.querySelectorAll(":scope > .paper")) note.remove();
  viewer.redraw();
}
