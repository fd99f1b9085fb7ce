export { isCancel, select } from '@clack/prompts';
