/** Search: a question, how likely memory holds its answer, what is held true, and what was said. */
import { get, post } from '../api.js';
import { el } from '../dom.js';
import { empty, episodeItem, episodeLink, byline, factLine, heading, meter } from '../parts.js';
import { excerpt, name } from '../verbatim.js';
import { go, link } from '../route.js';
import { TERMS, stretch, termName } from '../words.js';

/** @typedef {import('../types.js').Hit} Hit */
/** @typedef {import('../types.js').Recall} Recall */
/** @typedef {import('../types.js').Visit} Visit */

const FILTERS = ['from', 'to', 'as_of', 'believed_at', 'place', 'abstain_below', 'any_time'];

/** @param {Visit} visit @returns {Promise<Node>} */
export async function search(visit) {
  const query = visit.query.get('q') ?? '';
  const head = heading(query ? `“${query.slice(0, 60)}”` : 'Search');
  head.classList.add('unseen');
  const inside = query
    ? answer(await post('/v1/recall', asked(visit), visit.signal), visit)
    : await lately(visit);
  return el('div', { class: 'search' }, head, form(visit, query), inside);
}

/** @param {Visit} visit */
function asked(visit) {
  const of = (/** @type {string} */ field) => visit.query.get(field) ?? undefined;
  const least = of('abstain_below');
  return {
    query: of('q'), scope: visit.scope, k: Number(of('k') ?? 10),
    from: moment(of('from')), to: moment(of('to'), 1), as_of: moment(of('as_of'), 1), believed_at: moment(of('believed_at'), 1),
    place: of('place'), any_time: of('any_time') ? true : undefined,
    abstain_below: least === undefined ? undefined : Number(least),
  };
}

/** The beginning of a day, or of the one after it, with the reader's offset. @param {string|undefined} date @param {number} [after] */
function moment(date, after = 0) {
  if (!date) return undefined;
  const at = new Date(`${date}T00:00:00`);
  if (Number.isNaN(at.getTime())) return date;
  at.setDate(at.getDate() + after);
  return at.toISOString();
}

/** @param {Visit} visit @param {string} query */
function form(visit, query) {
  const of = (/** @type {string} */ field) => visit.query.get(field) ?? '';
  const narrowed = FILTERS.some((one) => of(one));
  const date = (/** @type {string} */ field, /** @type {string} */ label) => el('label', { class: 'stack' }, label, el('input', { type: 'date', name: field, value: of(field) }));
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const said = Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (event.target)));
    go(link('search', { ...said, scope: visit.scope }));
  };
  return el('form', { class: 'ask', role: 'search', onsubmit: submit },
    el('div', { class: 'line' },
      el('input', {
        id: 'query', name: 'q', type: 'search', value: query, maxlength: 10000, autocomplete: 'off', enterkeyhint: 'search', 'data-into': true,
        'aria-label': 'A question or some words', placeholder: 'Ask in your own words, with a time if you like', 'data-focus': !query || null,
      }),
      el('button', { class: 'main', text: 'Recall' })),
    el('details', { class: 'narrow-it', open: narrowed || null },
      el('summary', { text: narrowed ? 'Narrowed' : 'Narrow it' }),
      el('div', { class: 'fields' },
        date('from', 'Said from'), date('to', 'Said up to'), date('as_of', 'Facts as of'), date('believed_at', 'As believed on'),
        el('label', { class: 'stack' }, 'Place', el('input', { name: 'place', value: of('place'), placeholder: 'Ana or Ana/r3' })),
        el('label', { class: 'stack' }, 'No hits below', el('select', { name: 'abstain_below' },
          [['', 'show all'], ['0.2', '20 % known'], ['0.5', '50 % known'], ['0.8', '80 % known']].map(([value, text]) => el('option', { value, text, selected: of('abstain_below') === value || null })))),
        el('label', { class: 'check' }, el('input', { type: 'checkbox', name: 'any_time', value: '1', checked: of('any_time') ? true : null }), 'Read no time from the words'))));
}

/** Before anything is asked: what came in last. @param {Visit} visit */
async function lately(visit) {
  const page = await get('/v1/episodes', { scope: visit.scope, limit: 8 }, visit.signal);
  if (!page.episodes.length) return nothingYet();
  return el('section', {}, el('h2', { text: 'Said last' }),
    el('ul', { class: 'episodes', 'data-list': true }, page.episodes.map((/** @type {any} */ one) => stop(episodeItem(one)))));
}

/** What a memory without episodes shows. */
export function nothingYet() {
  return empty('Nothing is remembered here yet',
    'Keep something with ', el('code', { text: 'mnemic remember "…"' }), ', bring in what there is with ',
    el('code', { text: 'mnemic import' }), ', or connect an agent with ', el('code', { text: 'mnemic mcp install' }), '.');
}

/** @param {HTMLElement} item */
function stop(item) {
  item.querySelector('a.text')?.setAttribute('data-stop', '');
  return item;
}

/** @param {Recall} found @param {Visit} visit */
function answer(found, visit) {
  const most = Math.max(1e-9, ...[...found.hits, ...found.misses].map((hit) => sum(hit)));
  const near = found.hits.length ? [] : found.misses;
  const none = !found.hits.length && !near.length && !found.facts.length;
  return el('div', { class: 'answer' },
    verdict(found),
    found.facts.length > 0 && el('section', { class: 'held' }, el('h2', { text: 'Held to be true' }),
      found.facts.map((fact) => el('div', { class: 'holding' }, factLine(fact), fact.replaced && factLine(fact.replaced, { struck: true })))),
    found.hits.length > 0 && el('section', {}, el('h2', { text: 'What was said' }),
      el('ol', { class: 'hits', 'data-list': true }, found.hits.map((hit) => hitItem(hit, most, visit)))),
    near.length > 0 && el('section', { class: 'near' }, el('h2', { text: 'The nearest there is' }),
      el('ol', { class: 'hits', 'data-list': true }, near.map((hit) => hitItem(hit, most, visit)))),
    none && el('p', { class: 'quiet', text: 'No word of it, and nothing like it, is in this scope. Try another scope, or fewer limits.' }),
    (found.hits.length > 0 || near.length > 0) && legend());
}

/** @param {Recall} found */
function verdict(found) {
  const words = found.abstained ? 'Not in memory'
    : found.known < 0.2 ? 'Most likely not in memory'
    : found.known < 0.5 ? 'Perhaps not in memory'
    : found.known < 0.8 ? 'Probably in memory' : 'In memory';
  const took = Object.values(found.ms).reduce((total, one) => total + one, 0);
  return el('div', { class: `verdict${found.known < 0.5 || found.abstained ? ' doubt' : ''}`, tabindex: '-1', 'data-focus': true },
    el('p', { class: 'known' }, el('strong', { text: words }), meter(found.known, 'Probability that memory holds an answer')),
    el('p', { class: 'byline' }, windowWords(found), el('span', { text: `${Math.max(1, Math.round(took))} ms` })),
    found.notes.length > 0 && el('ul', { class: 'notes' }, found.notes.map((note) => el('li', { text: note }))));
}

/** @param {Recall} found */
function windowWords(found) {
  const asked = found.window;
  if (!asked) return el('span', { text: 'at any time' });
  const clocks = /** @type {Record<string, string>} */ ({ happened: 'when it happened', said: 'when it was said', ingested: 'when it was kept' });
  const clock = asked.clock ? clocks[asked.clock] ?? asked.clock : 'said or happened';
  return el('span', {}, asked.phrase ? ['“', name(asked.phrase), '” is '] : null, boundless(asked.span), `, ${clock}, `,
    asked.hard ? 'nothing else' : 'first', el('span', { class: 'zone', text: ` (${asked.zone})` }));
}

/** @param {{start: string, end: string}} span */
function boundless(span) {
  const start = Number(span.start.slice(0, 4)) < 2 ? null : span.start;
  const end = Number(span.end.slice(0, 4)) > 9998 ? null : span.end;
  return stretch(start, end);
}

/** @param {Hit} hit */
function sum(hit) {
  return hit.trace.reduce((total, one) => total + Math.max(0, one.contribution), 0);
}

/** @param {Hit} hit @param {number} most @param {Visit} visit */
function hitItem(hit, most, visit) {
  return el('li', { class: 'hit' },
    byline(hit, hit.session && el('span', { class: 'of-session' }, 'session ', name(hit.session)),
      visit.scope.endsWith('/*') && el('span', { class: 'source' }, name(hit.scope)), meter(hit.relevance, 'Relevance')),
    el('a', { class: 'text', href: episodeLink(hit), 'data-stop': true }, excerpt(hit.text)),
    el('details', { class: 'why' },
      el('summary', {}, bar(hit, most), el('span', { class: 'unseen', text: `why this is number ${hit.rank}` })),
      table(hit)));
}

/** The score as a stack of its terms. @param {Hit} hit @param {number} most */
function bar(hit, most) {
  const terms = ordered(hit).filter((one) => one.contribution > 0);
  return el('span', { class: 'stack-bar', 'aria-hidden': 'true' }, terms.map((one) => {
    const piece = el('span', { class: `term t-${one.channel}`, title: `${termName(one.channel)} ${one.contribution.toFixed(2)}` });
    piece.style.width = `${(100 * one.contribution) / most}%`;
    return piece;
  }));
}

/** @param {Hit} hit */
function ordered(hit) {
  const place = (/** @type {string} */ channel) => (TERMS.includes(channel) ? TERMS.indexOf(channel) : TERMS.length);
  return [...hit.trace].sort((one, other) => place(one.channel) - place(other.channel));
}

/** @param {Hit} hit */
function table(hit) {
  return el('div', { class: 'scroll' }, el('table', { class: 'trace' },
    el('caption', { text: `Why it is number ${hit.rank}: its score is ${hit.score.toFixed(2)}` }),
    el('thead', {}, el('tr', {}, ['Term', 'Measured', 'Place', 'Adds'].map((one) => el('th', { scope: 'col', text: one })))),
    el('tbody', {}, ordered(hit).map((one) => el('tr', {},
      el('th', { scope: 'row' }, el('span', { class: `swatch t-${one.channel}`, 'aria-hidden': 'true' }), termName(one.channel)),
      el('td', { text: one.score.toFixed(2) }), el('td', { text: one.rank ?? '–' }), el('td', { text: one.contribution.toFixed(2) }))))));
}

function legend() {
  return el('ul', { class: 'legend', 'aria-label': 'Colours of the score’s terms' },
    TERMS.map((one) => el('li', {}, el('span', { class: `swatch t-${one}`, 'aria-hidden': 'true' }), termName(one))));
}

