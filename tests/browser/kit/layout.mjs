// What must hold of the layout of any page, asked of the page as it stands.

import assert from "node:assert/strict";

/** Asserts that nothing sticks out sideways of a page. */
export const fits = async (page, name) => assert.deepEqual(await overflow(page), [], name);

/**
 * What sticks out sideways: on a phone, at 320 px, which is 400 % zoom of an ordinary window
 * (WCAG 1.4.10), on a wide screen, and there with text of twice the size (1.4.4).
 */
export async function overflow(page) {
  const found = [];
  const before = page.viewportSize();
  for (const [width, scale] of [[320, 100], [390, 100], [1280, 100], [1280, 200]]) {
    await page.setViewportSize({ width, height: 800 });
    const outside = await page.evaluate(sticksOut, { width, scale });
    found.push(...outside.map((what) => `at ${width} px, text at ${scale} %: ${what}`));
  }
  await page.setViewportSize(before);
  return found;
}

/** What reaches beyond `width`, in the page. Tables may scroll within a frame of their own. */
function sticksOut({ width, scale }) {
  const root = document.documentElement;
  root.style.fontSize = scale === 100 ? "" : `${scale}%`;
  const found = [];
  if (root.scrollWidth > width) found.push(`the page is ${root.scrollWidth} px wide`);
  for (const element of document.body.querySelectorAll("*")) {
    const { left, right, width: own } = element.getBoundingClientRect();
    if (own === 0 || (right <= width + 1 && left >= -1)) continue;
    let frame = element.parentElement;
    while (frame && !["auto", "scroll"].includes(getComputedStyle(frame).overflowX)) frame = frame.parentElement;
    if (!frame) found.push(`<${element.localName} class="${element.className}"> from ${left} to ${right}`);
  }
  root.style.fontSize = "";
  return found;
}

/**
 * Asserts that what has the focus is on the screen, not covered, and marked by an outline of 2 px
 * or more that stands out from what is around it (WCAG 2.4.7, 2.4.11, 1.4.11).
 */
export async function showsFocus(page) {
  const { what, isSeen, width, contrast } = await page.evaluate(focus);
  assert(isSeen, `the focus is on ${what}, which is covered or off the screen`);
  assert(width >= 2, `the focus on ${what} is marked by ${width} px`);
  assert(contrast >= 3, `the mark of the focus on ${what} has a contrast of ${contrast}`);
}

/** Where the focus is and how it is marked, in the page. */
function focus() {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  // Of what is tall or runs over several lines, the part that one sees first.
  const { left, right, top, bottom } = element.getClientRects()[0];
  const middle = (from, to, end) => (Math.max(from, 0) + Math.min(to, end)) / 2;
  const there = document.elementFromPoint(middle(left, right, innerWidth), middle(top, bottom, innerHeight));

  const rgb = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = rgb(colour).map((part) => {
      const value = part / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  // What lies around the element, or under it where the outline runs inside.
  let around = Number.parseFloat(style.outlineOffset) < 0 ? element : (element.parentElement ?? element);
  while (around.parentElement && rgb(getComputedStyle(around).backgroundColor)[3] === 0) around = around.parentElement;
  const two = [light(style.outlineColor), light(getComputedStyle(around).backgroundColor)].sort((a, b) => b - a);
  return {
    what: element.outerHTML.slice(0, 120),
    isSeen: element.contains(there),
    width: style.outlineStyle === "none" || rgb(style.outlineColor)[3] === 0 ? 0 : Number.parseFloat(style.outlineWidth),
    contrast: (two[0] + 0.05) / (two[1] + 0.05),
  };
}
