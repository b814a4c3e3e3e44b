/** One episode, word for word: the places facts rest on, its session around it, its clocks, what can be done. */
import { get, post } from '../api.js';
import { el } from '../dom.js';
import { byline, confirmed, doing, episodeLink, factLine, heading, meter, outcome, tally, when } from '../parts.js';
import { go, link } from '../route.js';
import { excerpt, marked, name, nodes } from '../verbatim.js';
import { counted, minute, signed, stretch, UNTRUSTED } from '../words.js';

/** @typedef {import('../types.js').Episode} Episode */
/** @typedef {import('../types.js').Fact} Fact */
/** @typedef {import('../types.js').Seen} Seen */
/** @typedef {import('../types.js').Visit} Visit */

/** @param {Visit} visit @returns {Promise<Node>} */
export async function episode(visit) {
  const around = await get(`/v1/episodes/${encodeURIComponent(visit.path[1] ?? '')}`, { scope: visit.scope, reach: 3 }, visit.signal);
  const one = /** @type {Seen} */ (around.episode);
  const facts = /** @type {Fact[]} */ (around.facts);
  const page = el('article', { class: `page${one.hidden ? ' suppressed' : ''}` });
  page.append(
    el('div', { class: 'reading' },
      titled(one, around.neighbours),
      one.hidden && el('p', { class: 'badge-line' }, el('span', { class: 'badge', text: 'suppressed' }), ' It comes back in no recall, and facts that rest on it alone are not shown.'),
      session(one, around.neighbours, facts)),
    el('aside', { 'aria-label': 'About this episode' }, facts.length > 0 && told(one, facts), particulars(one), acts(one, page)));
  return page;
}

/** @param {Seen} one @param {Episode[]} neighbours */
function titled(one, neighbours) {
  const head = heading(`${one.speaker ? `${one.speaker.slice(0, 60)}, ` : ''}${minute(one.said_at ?? one.ingested_at)}`);
  head.classList.add('unseen');
  const place = one.session && neighbours.length > 1 ? ['In session ', name(one.session)] : 'An episode by itself';
  return [head, el('p', { class: 'quiet session-name' }, place)];
}

/** The session around it, with the episode itself at full length. @param {Seen} one @param {Episode[]} neighbours @param {Fact[]} facts */
function session(one, neighbours, facts) {
  const beside = (/** @type {Episode} */ other) => el('li', { class: 'neighbour' }, byline(other),
    el('a', { class: 'text', href: episodeLink(other), 'data-stop': true }, excerpt(other.text, 300)));
  const own = el('li', { class: 'self', 'aria-current': 'true' }, byline(one), body(one, facts));
  const items = neighbours.map((other) => (other.id === one.id ? own : beside(other)));
  return el('ol', { class: 'session', 'data-list': true }, items.includes(own) ? items : own);
}

/** @param {Seen} one @param {Fact[]} facts */
function body(one, facts) {
  const marks = facts.flatMap((fact) => fact.quotes.filter((quote) => quote.episode === one.id).map((quote) => ({
    start: quote.start, end: quote.end, label: fact.statement.slice(0, 200), part: quote.part, of: fact.id,
  })));
  const text = marked(one.text, marks);
  if (one.text.length < 4000) return text;
  text.classList.add('long');
  const more = el('button', { type: 'button', onclick: () => { text.classList.toggle('long'); more.textContent = text.classList.contains('long') ? `Show all ${counted(one.text.length, 'character')}` : 'Show less'; }, text: `Show all ${counted(one.text.length, 'character')}` });
  return [text, el('div', { class: 'acts' }, more)];
}

/** @param {Seen} one @param {Fact[]} facts */
function told(one, facts) {
  const shine = (/** @type {string} */ id, /** @type {boolean} */ on) => document.querySelectorAll('mark').forEach((mark) => mark.classList.toggle('lit', on && (mark.dataset.of ?? '').split(' ').includes(id)));
  return el('section', {}, el('h2', { text: 'What it tells' }), [...facts].sort((a, b) => ends(a, one) - ends(b, one)).map((fact) => {
    const here = fact.quotes.filter((quote) => quote.episode === one.id);
    const others = fact.quotes.filter((quote) => quote.episode !== one.id);
    const line = el('div', { class: 'told' }, factLine(fact, { struck: fact.valid_to !== null && fact.successor !== null }),
      here.some((quote) => quote.part === 'ends') && el('p', { class: 'quiet', text: 'This episode ends it.' }),
      others.length > 0 && el('p', { class: 'quiet' }, 'Also told in ', others.slice(0, 4).map((quote, index) => [index ? ', ' : null,
        el('a', { href: link(['episode', quote.episode], { scope: fact.scope }) }, when(quote.said_at, true))])));
    for (const [event, on] of /** @type {const} */ ([['pointerenter', true], ['pointerleave', false], ['focusin', true], ['focusout', false]])) line.addEventListener(event, () => shine(fact.id, on));
    return line;
  }));
}

/** What it ends comes after what it says. @param {Fact} fact @param {Seen} one */
function ends(fact, one) {
  return Number(!fact.quotes.some((quote) => quote.episode === one.id && quote.part === 'supports'));
}

/** @param {Seen} one */
function particulars(one) {
  const happened = one.happened ?? one.happens;
  const rows = [
    ['Happened', happened ? [stretch(happened[0], happened[1]), el('span', { class: 'quiet', text: one.happened ? ' as given' : ' read from the text' })] : 'when it was said'],
    ['Said', one.said_at ? when(one.said_at) : 'not known'],
    ['Kept', when(one.ingested_at)],
    ['Strength', [el('span', { class: 'number', text: signed(one.strength, 2) }), el('span', { class: 'quiet', text: one.strength > -2 ? ' comes back easily' : one.strength > -4 ? ' fading' : ' faint' })]],
    ['Came back', one.recalled ? [`${counted(one.recalled, 'time')}, last `, when(one.recalled_at)] : 'never yet'],
    ['Surprise', one.surprise === null ? 'not replayed yet' : meter(one.surprise, 'Surprise')],
    ['Source', one.source && name(one.source)],
    ['Trusted as', one.trust && [one.trust, UNTRUSTED.has(one.trust) ? ': untrusted' : null]],
    ['Reference', one.ref && name(one.ref)],
    ['Session', one.session && [name(one.session), one.position === null || one.position === undefined ? null : `, turn ${one.position}`]],
    ['Scope', name(one.scope)],
    ...Object.entries(one.meta ?? {}).slice(0, 20).map(([label, value]) => [label, name(typeof value === 'string' ? value : JSON.stringify(value))]),
    ['Id', el('code', { text: one.id })],
  ];
  return el('section', {}, el('h2', { text: 'Clocks and keeping' }), el('dl', { class: 'particulars' }, rows.filter(([, value]) => value).map(([label, value]) => [el('dt', {}, nodes(String(label).slice(0, 60))), el('dd', {}, value)])));
}

/** @param {Seen} one @param {HTMLElement} page */
function acts(one, page) {
  const line = outcome();
  const base = `/v1/episodes/${one.id}`;
  const hide = /** @type {HTMLButtonElement} */ (el('button', { type: 'button', text: one.hidden ? 'Restore' : 'Suppress', onclick: () => doing(line, hide, async () => {
    const way = one.hidden ? 'restore' : 'suppress';
    await post(`${base}/${way}`, { scope: one.scope });
    one.hidden = !one.hidden;
    page.classList.toggle('suppressed', one.hidden);
    hide.textContent = one.hidden ? 'Restore' : 'Suppress';
    return one.hidden ? 'Suppressed: no recall gives it back. Restore undoes this.' : 'Restored: it can be recalled again.';
  }) }));
  const copy = /** @type {HTMLButtonElement} */ (el('button', { type: 'button', text: 'Copy text', onclick: () => doing(line, copy, async () => {
    await navigator.clipboard.writeText(one.text);
    return 'Copied, exactly as it was kept.';
  }) }));
  const gone = /** @type {HTMLButtonElement} */ (el('button', { type: 'button', class: 'danger', text: 'Erase …', onclick: () => erase(one, page, line, gone) }));
  return el('section', {}, el('h2', { text: 'Do' }), el('div', { class: 'acts' }, hide, copy, gone), line);
}

/** @param {Seen} one @param {HTMLElement} page @param {any} line @param {HTMLButtonElement} button */
async function erase(one, page, line, button) {
  const sure = await confirmed({
    title: 'Erase this episode for good?', act: 'Erase for good', typed: 'erase', danger: true,
    words: [el('blockquote', { dir: 'auto' }, nodes(one.text.slice(0, 200)), one.text.length > 200 && ' …'),
      el('p', { text: 'It goes from the file with every fact, summary and key that rests on it alone. No undo brings it back, and it is not taken in again.' })],
  });
  if (!sure) return;
  await doing(line, button, async () => {
    const receipt = await post('/v1/erase', { ids: [one.id], scope: one.scope });
    window.dispatchEvent(new Event('mnemic:scopes'));
    page.replaceChildren(receiptOf(receipt, one));
    page.querySelector('h1')?.focus();
    return '';
  });
}

/** What was erased: ids and counts. @param {{erased: string[], rows: Record<string, number>, erased_at: string, clean: boolean}} receipt @param {Seen} one */
function receiptOf(receipt, one) {
  return el('div', { class: 'receipt' }, heading('Erased'),
    el('p', {}, `${counted(receipt.erased.length, 'episode')} on `, when(receipt.erased_at), '.'), tally(receipt.rows),
    el('p', { class: receipt.clean ? 'quiet' : 'outcome wrong', text: receipt.clean ? 'The file and its log hold nothing of it any more.' : 'Another process still holds the file’s log. Close it, or erase again, to have the log cleaned.' }),
    el('ul', { class: 'ids' }, receipt.erased.map((id) => el('li', {}, el('code', { text: id })))),
    el('div', { class: 'acts' }, el('button', { type: 'button', class: 'main', onclick: () => go(link('search', { scope: one.scope })), text: 'Back to the search' })));
}

