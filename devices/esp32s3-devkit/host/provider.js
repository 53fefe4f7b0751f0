// SPDX-License-Identifier: Apache-2.0
// The SDK asks every board for a provider of its io. Wattle takes pins from board.ts and imports the io
// that it uses, so that nothing else is linked.
export default Object.freeze({}, true);
