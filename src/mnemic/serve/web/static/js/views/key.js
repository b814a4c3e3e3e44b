/** Asks for a key where the server needs one. It stays in this tab's session storage. */
import { Trouble, get, keep, key } from '../api.js';
import { el } from '../dom.js';
import { heading, sentence } from '../parts.js';

/** @param {() => void} entered @returns {Node} */
export function keyForm(entered) {
  const refused = key() !== null;
  const field = /** @type {HTMLInputElement} */ (el('input', {
    id: 'key', type: 'password', autocomplete: 'off', spellcheck: 'false', required: true, 'data-focus': true,
    'aria-describedby': 'key-told', 'aria-invalid': refused ? 'true' : null,
  }));
  const told = el('p', { id: 'key-told', class: refused ? 'outcome wrong' : 'quiet', role: 'status' },
    refused ? 'This key is not known here, was revoked, or has run out.' : 'It is kept in this tab only, and forgotten when the tab closes.');
  keep(null);
  const form = el('form', { class: 'key-form', onsubmit: async (/** @type {Event} */ event) => {
    event.preventDefault();
    keep(field.value.trim());
    try {
      await get('/v1/scopes');
      entered();
    } catch (error) {
      keep(null);
      field.setAttribute('aria-invalid', 'true');
      field.select();
      told.className = 'outcome wrong';
      told.textContent = error instanceof Trouble && error.status === 401
        ? 'This key is not known here, was revoked, or has run out.'
        : sentence(error instanceof Error ? error.message : String(error));
    }
  } }, el('label', { for: 'key', class: 'stack' }, 'Key', field), told,
  el('div', { class: 'acts' }, el('button', { class: 'main', text: 'Open' })));
  return el('div', { class: 'narrow' }, heading('This memory needs a key'),
    el('p', { class: 'lede' }, 'Whoever runs the server makes one with ', el('code', { text: 'mnemic key create' }), '.'), form);
}
