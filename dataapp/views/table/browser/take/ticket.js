// Numbers by which a page knows the answers to its own questions: several pages may share a table.

export const ticket = () => Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);
