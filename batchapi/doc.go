// Package batchapi is an HTTP gateway that takes a list of calls in one
// request and makes them to other services. Notes [why-go].
//
//	                    ┌─ gateway ─┐ ── GET /1 ──► users    one after another,
//	── POST /batch ───► │ 3 calls   │ ── GET /2 ──► users    or all at once,
//	◄── 3 answers ───── │ 1 deadline│ ── GET /7 ──► orders   a goroutine each
//	                    └───────────┘
//
// One after another, the calls take the sum of their times, and a batch that
// grows runs into its deadline. In parallel they take the time of the slowest.
// That is worth it because the gateway only waits: it needs no second
// processor for it.
//
// The request is a JSON list of [Call], the response a list of [Answer] in the
// same order. POST /batch makes the calls in parallel, POST /batch/serial one
// after another. What the gateway cannot take is refused as a whole, with a
// status of 4xx and a line of text; a call that fails fails its own entry only.
//
// Clients name a service, never an address. Otherwise anyone could use the
// gateway to reach what only the gateway can reach (server-side request
// forgery).
package batchapi
