/** The prefix of the folders of shadow databases, which contain no user data. */
export const shadowPrefix = 'nest-migrate-shadow-';
