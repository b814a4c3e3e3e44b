/** Areas as rectangles that are as near to squares as the order of sizes allows. */

/** @typedef {{x: number, y: number, width: number, height: number}} Box */

/**
 * The boxes of sizes (largest first) within a box, one each, of proportional area.
 * @param {number[]} sizes @param {Box} within @returns {Box[]}
 */
export function squarify(sizes, within) {
  const total = sizes.reduce((sum, one) => sum + one, 0);
  if (!total) return sizes.map(() => ({ ...within, width: 0, height: 0 }));
  const areas = sizes.map((one) => (one / total) * within.width * within.height);
  /** @type {Box[]} */
  const boxes = [];
  let free = { ...within };
  let start = 0;
  while (start < areas.length) {
    const side = Math.min(free.width, free.height);
    let end = start + 1;
    while (end < areas.length && worst(areas, start, end + 1, side) <= worst(areas, start, end, side)) end += 1;
    free = lay(areas.slice(start, end), free, boxes);
    start = end;
  }
  return boxes;
}

/** The longest shape of a row. @param {number[]} areas @param {number} start @param {number} end @param {number} side */
function worst(areas, start, end, side) {
  let sum = 0;
  for (let at = start; at < end; at += 1) sum += areas[at];
  const thick = sum / side;
  let most = 1;
  for (const at of [start, end - 1]) {
    const long = areas[at] / thick;
    most = Math.max(most, long / thick, thick / long);
  }
  return most;
}

/** Lays a row along the shorter side; what is left free. @param {number[]} row @param {Box} free @param {Box[]} boxes @returns {Box} */
function lay(row, free, boxes) {
  const sum = row.reduce((total, one) => total + one, 0);
  const upright = free.width >= free.height;
  const thick = sum / (upright ? free.height : free.width);
  let at = upright ? free.y : free.x;
  for (const area of row) {
    const long = area / thick;
    boxes.push(upright ? { x: free.x, y: at, width: thick, height: long } : { x: at, y: free.y, width: long, height: thick });
    at += long;
  }
  return upright
    ? { ...free, x: free.x + thick, width: free.width - thick }
    : { ...free, y: free.y + thick, height: free.height - thick };
}
