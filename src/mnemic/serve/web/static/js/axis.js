/** A time axis: which calendar steps fit, and what they are called. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** @type {Array<{ms: number, unit: 'hour'|'day'|'month'|'year', by: number}>} */
const STEPS = [
  { ms: HOUR, unit: 'hour', by: 1 }, { ms: 6 * HOUR, unit: 'hour', by: 6 },
  { ms: DAY, unit: 'day', by: 1 }, { ms: 2 * DAY, unit: 'day', by: 2 }, { ms: 7 * DAY, unit: 'day', by: 7 },
  { ms: 30 * DAY, unit: 'month', by: 1 }, { ms: 91 * DAY, unit: 'month', by: 3 }, { ms: 182 * DAY, unit: 'month', by: 6 },
  ...[1, 2, 5, 10, 25, 50, 100, 250, 500, 1000].map((by) => ({ ms: by * 365 * DAY, unit: /** @type {const} */ ('year'), by })),
];

/**
 * @param {number} from @param {number} to in ms @param {number} width in px @param {number} [least] px between ticks
 * @returns {Array<{at: number, label: string, strong: boolean}>}
 */
export function ticks(from, to, width, least = 84) {
  const wanted = ((to - from) * least) / Math.max(1, width);
  const step = STEPS.find((one) => one.ms >= wanted) ?? STEPS[STEPS.length - 1];
  const found = [];
  const at = floor(new Date(from), step);
  for (let guard = 0; guard < 200 && at.getTime() <= to; guard += 1) {
    if (at.getTime() >= from) found.push({ at: at.getTime(), ...named(at, step.unit) });
    advance(at, step);
  }
  return found;
}

/** @param {Date} moment @param {{unit: string, by: number}} step */
function floor(moment, step) {
  const year = moment.getFullYear();
  const month = moment.getMonth();
  if (step.unit === 'year') return dateOf(Math.floor(year / step.by) * step.by, 0, 1);
  if (step.unit === 'month') return dateOf(year, Math.floor(month / step.by) * step.by, 1);
  const day = dateOf(year, month, moment.getDate());
  if (step.unit === 'hour') day.setHours(Math.floor(moment.getHours() / step.by) * step.by);
  return day;
}

/** @param {number} year @param {number} month @param {number} day */
function dateOf(year, month, day) {
  const made = new Date(2000, month, day);
  made.setFullYear(year, month, day);
  return made;
}

/** @param {Date} at @param {{unit: string, by: number}} step */
function advance(at, step) {
  if (step.unit === 'year') at.setFullYear(at.getFullYear() + step.by);
  else if (step.unit === 'month') at.setMonth(at.getMonth() + step.by);
  else if (step.unit === 'day') at.setDate(at.getDate() + step.by);
  else at.setHours(at.getHours() + step.by);
}

/** @param {Date} at @param {string} unit */
function named(at, unit) {
  const of = (/** @type {Intl.DateTimeFormatOptions} */ options) => at.toLocaleDateString('en-GB', options);
  if (unit === 'year') return { label: String(at.getFullYear()), strong: false };
  if (unit === 'month') {
    const first = at.getMonth() === 0;
    return { label: first ? String(at.getFullYear()) : of({ month: 'short' }), strong: first };
  }
  if (unit === 'day') return { label: of({ day: 'numeric', month: 'short' }), strong: at.getDate() === 1 };
  const midnight = at.getHours() === 0;
  return { label: midnight ? of({ day: 'numeric', month: 'short' }) : `${at.getHours()}:00`, strong: midnight };
}
