// What a page looks like, without its letters: of the first element of each kind its colours, and where it stands.
async () => {
  const kind = (element) => [element.localName, ...[...element.classList].sort()].join(".");
  const hex = (colour) => {
    const parts = colour.match(/[\d.]+/g).map(Number);
    return parts[3] === 0 ? "none" : "#" + parts.slice(0, 3).map((part) => part.toString(16).padStart(2, "0")).join("");
  };
  // The chip of live updates comes when their stream is open.
  const shown = (element) => element.getClientRects().length > 0 && !element.closest(".vh, svg > *, script, #live-state");
  const firsts = new Map();
  for (const element of document.querySelectorAll("body, body *")) {
    const name = kind(element.parentElement) + " > " + kind(element);
    if (shown(element) && !firsts.has(name)) firsts.set(name, element);
  }
  const colours = {};
  for (const [name, element] of firsts) {
    const style = getComputedStyle(element);
    const border = style.borderTopWidth === "0px" ? "none" : hex(style.borderTopColor);
    const font = `${style.fontWeight} ${style.fontSize}/${style.lineHeight}`;
    colours[name] = `${hex(style.color)} on ${hex(style.backgroundColor)} in ${border}, ${font}`;
  }
  // Letters of no size: their lines are as high as ever, and nothing depends on the fonts of a machine.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("* { font-size: 0 !important; transition: none !important; animation: none !important } #live-state { display: none !important }");
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  window.scrollTo(0, 0);
  for (let frame = 0; frame < 4; frame += 1) await new Promise((done) => requestAnimationFrame(done));
  const boxes = {};
  for (const [name, element] of firsts) {
    if (!element.isConnected) continue;
    const box = element.getBoundingClientRect();
    boxes[name] = [box.x, box.y, box.width, box.height].map(Math.round);
  }
  return {colours, boxes};
}
