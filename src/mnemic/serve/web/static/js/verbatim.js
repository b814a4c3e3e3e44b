/**
 * Remembered text, shown as text. What a screen would obey rather than show (escapes, marks that
 * turn the direction of writing) is shown by name. Places count characters, not UTF-16 units.
 */
import { el } from './dom.js';

const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u2028-\u202e\u2066-\u2069]/u;
/** @type {Record<string, string>} */
const NAMES = {
  '\u001b': 'ESC', '\u0007': 'BEL', '\u0008': 'BS', '\u007f': 'DEL', '\u0000': 'NUL', '\u061c': 'ALM',
  '\u2028': 'LS', '\u2029': 'PS', '\u202a': 'LRE', '\u202b': 'RLE', '\u202c': 'PDF', '\u202d': 'LRO',
  '\u202e': 'RLO', '\u2066': 'LRI', '\u2067': 'RLI', '\u2068': 'FSI', '\u2069': 'PDI',
};
const CUT = 700;

/** @param {string} text @returns {Array<Node>} */
export function nodes(text) {
  const found = [];
  let run = '';
  for (const char of text.replaceAll('\r\n', '\n')) {
    if (!OBEYED.test(char)) {
      run += char;
      continue;
    }
    if (run) found.push(document.createTextNode(run));
    run = '';
    const name = NAMES[char] ?? `U+${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
    found.push(el('span', { class: 'control', title: 'a control character of the text', text: name }));
  }
  if (run) found.push(document.createTextNode(run));
  return found;
}

/** A short piece, such as a name. @param {string|null|undefined} text */
export function name(text) {
  return el('bdi', {}, nodes((text ?? '').slice(0, 200)));
}

/** A text in a list: its beginning, if it is long. @param {string} text @param {number} [most] */
export function excerpt(text, most = CUT) {
  const cut = text.length > most;
  const shown = cut ? text.slice(0, most).replace(/[\ud800-\udbff]$/, '') : text;
  return el(
    'p', { class: 'verbatim', dir: 'auto' }, nodes(shown),
    cut && el('span', { class: 'cut', text: ` … ${text.length.toLocaleString('en-GB')} characters in all` }),
  );
}

/**
 * A text with places marked. Where marks overlap, a stretch belongs to all that cover it.
 * @param {string} text
 * @param {Array<{start: number, end: number, label: string, part: string, of: string}>} marks
 */
export function marked(text, marks) {
  const chars = Array.from(text);
  const cuts = new Set([0, chars.length]);
  for (const one of marks) for (const at of [one.start, one.end]) if (at > 0 && at < chars.length) cuts.add(at);
  const edges = [...cuts].sort((one, other) => one - other);
  const pieces = edges.slice(1).map((end, index) => {
    const start = edges[index];
    const inside = nodes(chars.slice(start, end).join(''));
    const over = marks.filter((one) => one.start <= start && one.end >= end);
    if (!over.length) return inside;
    return el('mark', {
      class: over.every((one) => one.part !== 'supports') ? 'against' : null,
      title: over.map((one) => one.label).join(' · '), 'data-of': over.map((one) => one.of).join(' '),
    }, inside);
  });
  return el('div', { class: 'verbatim whole', dir: 'auto' }, pieces);
}
