/** Times, numbers and names in words. Times are the reader's own. */

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const MINUTE = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit',
});
const NUMBER = new Intl.NumberFormat('en-GB');
const DAY_MS = 86_400_000;

/** @param {string|null|undefined} moment */
export function day(moment) {
  return moment ? DAY.format(new Date(moment)) : '';
}

/** @param {string|null|undefined} moment */
export function minute(moment) {
  return moment ? MINUTE.format(new Date(moment)) : '';
}

/** @param {number} value */
export function number(value) {
  return NUMBER.format(value);
}

/** With a true minus sign. @param {number} value @param {number} digits */
export function signed(value, digits) {
  return value.toFixed(digits).replace('-', '−');
}

/** @param {number} count @param {string} one @param {string} [many] */
export function counted(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** @param {number} value a probability */
export function percent(value) {
  if (value > 0 && value < 0.01) return '< 1 %';
  if (value < 1 && value > 0.99) return '> 99 %';
  return `${Math.round(value * 100)} %`;
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

/**
 * A stretch of time: one day, “from … to …”, or an instant. Ends are exclusive.
 * @param {string|null|undefined} start @param {string|null|undefined} end
 */
export function stretch(start, end) {
  if (!start && !end) return 'at any time';
  if (!end) return `since ${day(start)}`;
  if (!start) return `until ${day(end)}`;
  const from = Date.parse(start);
  const last = Date.parse(end) - 1;
  if (last - from < 60_000) return minute(start);
  if (last - from <= DAY_MS) return utcDay(start, last);
  return `${utcDay(start, from)} – ${utcDay(start, last)}`;
}

/** Days that begin at midnight UTC are calendar days, whatever the reader's zone. @param {string} start @param {number} moment */
function utcDay(start, moment) {
  const whole = Date.parse(start) % DAY_MS === 0;
  return (whole ? UTC_DAY : DAY).format(new Date(moment));
}
const UTC_DAY = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC',
});

/** When a fact holds. @param {{valid_from: string|null, valid_to: string|null}} fact */
export function validity(fact) {
  if (!fact.valid_from && !fact.valid_to) return 'holds, since when is not known';
  return stretch(fact.valid_from, fact.valid_to);
}

/** @param {string} relation such as lives_in or relative:sister */
export function relationName(relation) {
  const [kind, which] = relation.split(':', 2);
  return (which ?? kind).replaceAll('_', ' ');
}

/** Why a fact ended or changed. @param {string} reason */
export function reasonName(reason) {
  /** @type {Record<string, string>} */
  const known = {
    later: 'something later replaced it', ended: 'it was an event, and is over',
    corrected: 'someone corrected it', rejected: 'someone said it never was true',
    confirmed: 'someone confirmed it',
  };
  return known[reason] ?? reason;
}

/** @param {string} status */
export function statusName(status) {
  /** @type {Record<string, string>} */
  const known = {
    verified: 'verified', experimental: 'not settled', unverified: 'not yet confirmed',
  };
  return known[status] ?? status;
}

/** Classes of sources whose word is to be doubted. */
export const UNTRUSTED = new Set(['web', 'untrusted']);

/** The terms of a score, in the order they are drawn. */
export const TERMS = ['lexical', 'dense', 'neighbours', 'session', 'speaker', 'graph', 'feedback', 'recent'];

/** @param {string} channel */
export function termName(channel) {
  /** @type {Record<string, string>} */
  const known = {
    lexical: 'its words', dense: 'its meaning', neighbours: 'turns beside it', session: 'its session',
    speaker: 'who spoke', graph: 'what it mentions', feedback: 'second look', recent: 'how recent',
  };
  return known[channel] ?? channel;
}

/** A table of the store in words. @param {string} table */
export function tableName(table) {
  /** @type {Record<string, string>} */
  const known = {
    facts: 'Facts', claims: 'Claims', evidence: 'Evidence', groups: 'Groups of facts',
    mentions: 'Mentions', replays: 'Episodes replayed', places: 'Places of episodes',
    rooms: 'Rooms', summaries: 'Summaries', lessons: 'Lessons', stages: 'Working marks',
    gists: 'Gist', acts: 'Acts of people',
  };
  return known[table] ?? table;
}
