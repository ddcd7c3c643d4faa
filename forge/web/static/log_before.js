// What stands where the lines of a step will be until they have come: those of the server, or that they are being read.

import {make} from "./line.js";

/** Takes all but its head out of a step. What was read there, and goes over the lines' place until they are there. */
export function before(details) {
  const said = details.querySelector(":scope > .log, :scope > [data-empty]");
  for (const old of details.querySelectorAll(":scope > :not(summary)")) old.remove();
  return said || make("p", "note reading", "Reading the log…");
}

export const lineHeight = (box) => parseFloat(getComputedStyle(box).lineHeight) || 20;
