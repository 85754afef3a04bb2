// What the tour changes to deploy something.
export const greeting = 'Hello';
