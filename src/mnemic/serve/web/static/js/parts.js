/** Pieces that several views share: states, facts, meters, dialogs. */
import { el, fill, say } from './dom.js';
import { Trouble } from './api.js';
import { link } from './route.js';
import { counted, day, minute, percent, relationName, statusName, UNTRUSTED, validity } from './words.js';
import { excerpt, name, nodes } from './verbatim.js';

/** @typedef {import('./types.js').Episode} Episode */
/** @typedef {import('./types.js').Fact} Fact */

/** While something is awaited: shown only if it takes long enough to be noticed. @param {string} what */
export function loading(what) {
  return el('div', { class: 'state loading', role: 'status' }, el('span', { class: 'pulse', 'aria-hidden': 'true' }), what);
}

/** Nothing is there, and what can be done. @param {string} title @param {...any} words */
export function empty(title, ...words) {
  return el('div', { class: 'state' }, el('h2', { text: title }), el('p', {}, words));
}

/** Something went wrong: what, and a way on. @param {unknown} error @param {() => void} [again] */
export function failed(error, again) {
  const trouble = error instanceof Trouble ? error : new Trouble(-1, 'The page failed', String(error));
  const title = trouble.status === 0 ? 'The server does not answer'
    : trouble.status === 404 ? 'Not there'
    : trouble.status === 403 ? 'Not allowed'
    : trouble.status === 429 ? 'Too much at once'
    : sentence(trouble.title);
  const words = trouble.status === 0 ? 'Nothing is lost. Start it again with “mnemic serve”, then try again.' : sentence(trouble.message);
  return el(
    'div', { class: 'state wrong', role: 'alert' }, el('h2', { text: title }), el('p', {}, nodes(words)),
    trouble.status === 404 || trouble.status === 403
      ? el('p', {}, el('a', { href: link('search'), text: 'Go to the search' }))
      : again && el('button', { type: 'button', onclick: again, text: 'Try again' }),
  );
}

/** @param {string} text */
export function sentence(text) {
  const full = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…)”"'`\]]$/.test(full) ? full : `${full}.`;
}

/** A moment, exact for machines and on hover. @param {string|null|undefined} moment @param {boolean} [short] */
export function when(moment, short = false) {
  if (!moment) return null;
  return el('time', { datetime: moment, title: moment, text: short ? day(moment) : minute(moment) });
}

/** When an episode was said; where that is not known, when it was kept. @param {Episode} episode */
export function dated(episode) {
  return episode.said_at ? when(episode.said_at) : el('span', {}, 'kept ', when(episode.ingested_at));
}

/** A probability as a bar with its number. @param {number} value @param {string} label */
export function meter(value, label) {
  const bar = el('span', { class: 'meter-bar', 'aria-hidden': 'true' }, el('span'));
  /** @type {HTMLElement} */ (bar.firstChild).style.width = `${Math.max(2, Math.min(100, value * 100))}%`;
  return el('span', { class: 'meter', title: label }, bar, el('span', { class: 'unseen', text: `${label}: ` }), el('span', { class: 'share', text: percent(value) }));
}

/** Who, when, from where. @param {Episode} episode @param {...any} more */
export function byline(episode, ...more) {
  return el(
    'p', { class: 'byline' },
    episode.speaker && el('b', {}, name(episode.speaker)), dated(episode),
    episode.source && el('span', { class: 'source' }, name(episode.source)),
    UNTRUSTED.has(episode.trust ?? '') && el('span', { class: 'untrusted', text: 'untrusted' }), more,
  );
}

/** @param {Episode} episode @returns {string} */
export function episodeLink(episode) {
  return link(['episode', episode.id], { scope: episode.scope });
}

/** An episode in a list; the whole text leads to it. @param {Episode} episode @param {Record<string, any>} [attributes] @param {...any} more */
export function episodeItem(episode, attributes = {}, ...more) {
  return el(
    'li', { class: 'episode', ...attributes }, byline(episode),
    el('a', { class: 'text', href: episodeLink(episode) }, excerpt(episode.text)), more,
  );
}

/** A fact in one line. @param {Fact} fact @param {{struck?: boolean, by?: string}} [how] */
export function factLine(fact, how = {}) {
  const past = how.struck || Boolean(fact.valid_to && Date.parse(fact.valid_to) <= Date.now());
  return el(
    'div', { class: `fact${how.struck ? ' struck' : ''}${past ? ' past' : ''}${fact.denied ? ' denied' : ''}` },
    el('a', { class: 'statement', href: link(['fact', fact.id], { scope: fact.scope }) },
      how.struck ? el('s', {}, name(fact.statement)) : name(fact.statement)),
    el('p', { class: 'byline' }, el('span', { text: validity(fact) }),
      how.struck ? el('span', { text: 'replaced' }) : meter(fact.confidence, 'Confidence'),
      !how.struck && el('span', { text: statusName(fact.status) })),
  );
}

/** Facts of one subject as a table of relations. @param {Fact[]} facts */
export function factTable(facts) {
  const groups = Map.groupBy ? Map.groupBy(facts, (one) => one.relation) : grouped(facts, (one) => one.relation);
  return el('dl', { class: 'relations' }, [...groups].map(([relation, ones]) => [
    el('dt', { text: relationName(relation) }),
    el('dd', {}, ones.map((one) => factLine(one))),
  ]));
}

/** @template T @param {T[]} values @param {(one: T) => string} of @returns {Map<string, T[]>} */
export function grouped(values, of) {
  const found = new Map();
  for (const one of values) {
    const at = of(one);
    if (!found.has(at)) found.set(at, []);
    found.get(at).push(one);
  }
  return found;
}

/** The words a fact rests on, each leading to its episode. @param {Fact} fact */
export function quotes(fact) {
  if (!fact.quotes.length) return el('p', { class: 'quiet', text: 'No words are left that it rests on.' });
  return el('ul', { class: 'quotes' }, fact.quotes.map((quote) => el(
    'li', { class: quote.part === 'supports' ? null : 'against' },
    el('a', { href: link(['episode', quote.episode], { scope: fact.scope, fact: fact.id }) },
      el('q', { dir: 'auto' }, nodes(quote.text.slice(0, 600)))),
    el('p', { class: 'byline' }, quote.speaker && el('b', {}, name(quote.speaker)), when(quote.said_at),
      el('span', { text: partName(quote.part) })),
  )));
}

/** @param {string} part */
function partName(part) {
  /** @type {Record<string, string>} */
  const known = { supports: 'supports it', contradicts: 'speaks against it', ends: 'ends it', corrects: 'corrects it' };
  return known[part] ?? part;
}

/** Names of counts, with their numbers. @param {Record<string, number>} counts */
export function tally(counts) {
  const told = Object.entries(counts).filter(([, value]) => value);
  if (!told.length) return el('p', { class: 'quiet', text: 'Nothing.' });
  return el('ul', { class: 'tally' }, told.map(([label, value]) => el('li', {}, el('b', { text: value.toLocaleString('en-GB') }), ` ${label.replaceAll('_', ' ')}`)));
}

/**
 * Asks before something is done. With `typed`, the word has to be typed. Esc closes it; focus goes back.
 * @param {{title: string, words: any, act: string, typed?: string, danger?: boolean}} how
 * @returns {Promise<boolean>}
 */
export function confirmed(how) {
  return new Promise((resolve) => {
    const act = /** @type {HTMLButtonElement} */ (el('button', { type: 'submit', value: 'yes', class: how.danger ? 'danger' : 'main', text: how.act }));
    const field = how.typed ? /** @type {HTMLInputElement} */ (el('input', { id: 'typed', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false' })) : null;
    if (field) {
      act.disabled = true;
      field.addEventListener('input', () => { act.disabled = field.value.trim().toLowerCase() !== how.typed; });
    }
    const box = /** @type {HTMLDialogElement} */ (el(
      'dialog', { 'aria-labelledby': 'asked' },
      el('form', { method: 'dialog' }, el('h2', { id: 'asked', text: how.title }), el('div', { class: 'prose' }, how.words),
        field && el('label', { for: 'typed', class: 'stack' }, `Type “${how.typed}” to go on`, field),
        el('div', { class: 'acts' }, act, el('button', { type: 'submit', value: 'no', formnovalidate: true, text: 'Leave it' }))),
    ));
    const before = document.activeElement;
    box.addEventListener('close', () => {
      const yes = box.returnValue === 'yes' && !act.disabled;
      box.remove();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
      resolve(yes);
    });
    document.body.append(box);
    box.showModal();
    if (!field) /** @type {HTMLElement} */ (box.querySelector('button[value=no]')).focus();
  });
}

/** A line that tells how an act went. @returns {HTMLElement & {tell: (words: any, wrong?: boolean) => void}} */
export function outcome() {
  const line = /** @type {any} */ (el('div', { class: 'outcome', role: 'status' }));
  line.tell = (/** @type {any} */ words, wrong = false) => {
    line.classList.toggle('wrong', wrong);
    fill(line, words);
  };
  return line;
}

/** Does an act and tells how it went. @param {any} line @param {HTMLButtonElement} button @param {() => Promise<any>} act */
export async function doing(line, button, act) {
  button.disabled = true;
  line.tell('Working …');
  try {
    line.tell(await act());
  } catch (error) {
    line.tell(error instanceof Error ? nodes(sentence(error.message)) : String(error), true);
  } finally {
    button.disabled = false;
  }
}

/** @param {string} title @param {...any} more */
export function heading(title, ...more) {
  document.title = `${title} · Mnemic`;
  say(title);
  return el('header', { class: 'heading' }, el('h1', { tabindex: '-1', text: title }), more);
}

/** @param {number} count @param {string} what */
export function tooMany(count, what) {
  return el('p', { class: 'quiet', text: `and ${counted(count, what)} more` });
}
