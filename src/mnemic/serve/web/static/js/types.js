/**
 * What the routes answer, as the table of operations states it (replies.py).
 *
 * @typedef {{type: string, title: string, status: number, detail: string}} Problem
 * @typedef {{
 *   id: string, text: string, scope: string, speaker?: string|null, session?: string|null,
 *   position?: number|null, source?: string|null, ref?: string|null, said_at?: string|null,
 *   happened?: string[]|null, meta?: Record<string, unknown>|null, ingested_at: string,
 *   trust?: string
 * }} Episode
 * @typedef {Episode & {
 *   strength: number, recalled: number, recalled_at: string|null, surprise: number|null,
 *   hidden: boolean, happens?: string[]|null
 * }} Seen
 * @typedef {{channel: string, score: number, rank: number|null, contribution: number}} Evidence
 * @typedef {Episode & {rank: number, score: number, relevance: number, trace: Evidence[]}} Hit
 * @typedef {{
 *   episode: string, start: number, end: number, text: string, said_at: string,
 *   speaker: string|null, part: string
 * }} Quote
 * @typedef {{
 *   id: string, scope: string, subject: string, relation: string, object: string,
 *   statement: string, denied: boolean, valid_from: string|null, valid_to: string|null,
 *   believed_from: string, believed_to: string|null, confidence: number, status: string,
 *   witnesses: number, reason: string, successor: string|null, quotes: Quote[]
 * }} Fact
 * @typedef {Fact & {score: number, replaced: Fact|null}} FactHit
 * @typedef {{
 *   span: {start: string, end: string}, clock: string|null, hard: boolean, phrase: string,
 *   zone: string
 * }} Window
 * @typedef {{
 *   query: string, scope: string, window: Window|null, channels: string[], notes: string[],
 *   known: number, abstained: boolean, facts: FactHit[], ms: Record<string, number>,
 *   hits: Hit[], misses: Hit[]
 * }} Recall
 * @typedef {{
 *   start: string|null, end: string|null, text: string, fact: string|null, episode: string|null,
 *   replaced_by: string|null, relation: string|null, confidence: number|null,
 *   status: string|null, speaker: string|null
 * }} Moment
 * @typedef {{room: string, name: string, size: number, summary: string, was: string[]}} Room
 * @typedef {{
 *   run: number, reach: string, phases: string, state: string, started_at: string,
 *   ended_at: string|null, counts: Record<string, number>
 * }} Run
 * @typedef {{
 *   table: string, kind: string, about: string, before: Record<string, unknown>,
 *   after: Record<string, unknown>
 * }} Change
 * @typedef {{
 *   path: string[], query: URLSearchParams, scope: string, signal: AbortSignal
 * }} Visit
 */
export {};
