import SequencerModule from '@jest/test-sequencer';

const Sequencer = SequencerModule.default ?? SequencerModule;

/** What takes longest begins first, or one of two workers has nothing to do while the other one ends it. Jest itself knows only on the second run. */
const longest = [
  'generate/placement',
  'plan/',
  'generate/command',
  'dev/draft',
  'field/',
  'cli/',
  'check/',
  'data-source/embedded',
  'generate/cases',
  'lint/',
  'rules/',
  'drift/',
  'generate/',
  'database/',
  'acceptance/',
];

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const at = longest.findIndex((name) => path.includes(`/test/${name}`));
      return at === -1 ? longest.length : at;
    };
    return [...super.sort(tests)].sort((one, other) => rank(one) - rank(other));
  }
}
