/** What the folders of shadow databases are called. Nothing in them is the user's. */
export const shadowPrefix = 'nest-migrate-shadow-';
